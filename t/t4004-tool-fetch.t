#!/bin/sh
# agent-tool: fetch, what a URL names, as text.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need curl

model_server -e '{"match":"GET /page","status":200,"headers":{"content-type":"text/html"},
	"body":"<html><title>A &amp; B</title><script>var x = \"<p>no\";</script><body>\n<h1>Head</h1><p>One  <b>two</b>\nthree <a href=\"http://x/y\">link</a>.<!-- <p>no --><ul><li>a<li>b</ul>&lt;end&gt;"}' \
	-e '{"match":"GET /plain","status":200,"headers":{"content-type":"text/plain"},
	"body":"as <it> is\n"}' \
	-e '{"match":"GET /gone","status":404,
	"headers":{"content-type":"text/plain"},"body":"not here"}'

it 'gives the text of HTML, with its links'
run agent-tool call fetch "{\"url\":\"$MODEL_URL/page\"}"
expect_status 0
expect_out 'A & B

Head

One two three <http://x/y> link.

a
b

<end>'

it 'gives what else is text as it is, and HTML when that is wanted'
run agent-tool call fetch "{\"url\":\"$MODEL_URL/plain\"}"
expect_out 'as <it> is'
run agent-tool call fetch "{\"url\":\"$MODEL_URL/page\",\"raw\":true}"
expect_out_has '<h1>Head</h1>'

it 'fails with what the server says'
run agent-tool call fetch "{\"url\":\"$MODEL_URL/gone\"}"
expect_status 1
expect_err_has 'HTTP status 404: not here'

it 'takes no other scheme, and no option for a URL'
run agent-tool call fetch '{"url":"file:///etc/passwd"}'
expect_status 1
expect_err_has 'only http and https'
run agent-tool call fetch '{"url":"-o/tmp/x"}'
expect_status 1

it 'has no network where the sandbox has none'
if why=$(no_sandbox); then
	skip "$why"
else
	tool=$(command -v agent-tool)
	run agent-sandbox --ro "$tool" -- "$tool" call fetch \
		"{\"url\":\"$MODEL_URL/plain\"}"
	expect_status 1
	expect_err_has 'perhaps the sandbox has no network there'
fi

done_testing
