#!/bin/sh
# agent-ask against servers that fail: each way has its status, in time.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -k good
TEST_KEY=good AGENT_MODEL=test/x
export TEST_KEY AGENT_MODEL

# answers JSON [LINE...]: the server says this; more lines for the provider.
answers() {
	kill "$MODEL_PID"
	model_server -e "$1"
	shift
	model_provider chat "$MODEL_URL/v1" "$@"
}

requests() {
	wc -l <"$MODEL_LOG"
}

it 'is refused without the key'
run agent-ask hi
expect_status 77
expect_err 'agent-ask: test/x: HTTP 401: no such key'

it 'takes the key from the environment'
model_provider chat "$MODEL_URL/v1" 'key_env: TEST_KEY'
run agent-ask hi
expect_status 0

it 'keeps what came of an answer that is cut'
answers '{"text":"hello there","cut":330,"close":true}'
run agent-ask hi
expect_status 76
expect_out_has 'hello'
expect_err 'agent-ask: test/x: the answer was cut before its end'

it 'says so as a record'
run agent-ask --json hi
expect_status 76
expect_json '.[-1] | .type == "error" and .data.kind == "cut" and
	.data.status == 76 and .data.partial and .data.text == "hello "'

it 'tells a reset, also in the middle of a chunk'
answers '{"text":"hello there","cut":300,"reset":true}'
run agent-ask hi
expect_status 76

it 'tries again when nothing was written, and says so'
answers '{"times":1,"status":500,"body":{"error":{"message":"oops"}}}'
run agent-ask --json hi
expect_status 0
expect_json '.[0].type == "model.retry" and .[0].data.http_status == 500
	and .[-1].type == "result" and .[-1].data.attempts == 2'

it 'is silent about it in text'
answers '{"times":1,"status":503,"body":{}}'
run agent-ask hi
expect_status 0
expect_err ''

it 'gives up after the retries'
answers '{"status":529,"body":{"error":{"type":"overloaded_error"}}}'
run agent-ask --retries 1 hi
expect_status 69
[ "$(requests)" -eq 2 ] || fail "$(requests) requests"

it 'does not try again what is wrong'
answers '{"status":400,"body":{"error":{"message":"bad thing"}}}'
run agent-ask hi
expect_status 65
expect_err 'agent-ask: test/x: HTTP 400: bad thing'
[ "$(requests)" -eq 1 ] || fail "$(requests) requests"

it 'knows a prompt that is too long, and a model that is not there'
answers '{"status":400,"body":{"error":{"code":"context_length_exceeded"}}}'
run agent-ask --json hi
expect_status 65
expect_json '.[-1].data.kind == "context"'
answers '{"status":404,"body":{"error":"no such model"}}'
run agent-ask hi
expect_status 66

it 'leaves out what the server does not know'
answers '{"match":"stream_options","status":400,"body":{"error":{"message":
	"Unrecognized request argument: stream_options"}}}'
run agent-ask hi
expect_status 0
[ "$(requests)" -eq 2 ] || fail "$(requests) requests"

it 'passes an error in the middle of the stream on'
answers '{"text":"hello","error":{"error":{"code":502,"message":"gone"}}}'
run agent-ask hi
expect_status 69
expect_out_has 'hello'
expect_err 'agent-ask: test/x: HTTP 502: gone'

it 'takes no page for an answer'
answers '{"status":200,"headers":{"content-type":"text/html"},"body":"<p>"}'
run agent-ask hi
expect_status 76
expect_err_has "type 'text/html'"

it 'takes nothing for no answer'
answers '{"status":200,"headers":{"content-type":"text/event-stream"},"body":""}'
run agent-ask --retries 0 hi
expect_status 76

it 'takes garbage for garbage'
answers '{"headers":{"content-type":"text/event-stream"},"body":"data: {x\n\ndata: {}\n\n"}'
run agent-ask hi
expect_status 76

it 'ends when its time is over'
answers '{"stall":-1}'
run agent-ask --timeout 300ms hi
expect_status 124

it 'does not wait for bytes that do not come'
answers '{"stall":200}' 'timeouts: { idle: 200ms }'
run agent-ask --retries 0 hi
expect_status 124

it 'does not take keep-alives for progress'
comments=$(awk 'BEGIN { for (i = 0; i < 2000; i++) printf ": a\\n\\n" }')
answers '{"headers":{"content-type":"text/event-stream"},"split":1,
	"body":"'"$comments"'"}' 'timeouts: { progress: 100ms }'
run agent-ask --retries 0 hi
expect_status 124
expect_err_has 'in 100 ms'

it 'falls back to another model'
answers '{"match":"\"model\":\"a\"","status":429,"body":{"error":
	{"code":"insufficient_quota"}}}'
run agent-ask --json -m test/a,test/b hi
expect_status 0
expect_json '.[0].data.next == "test/b" and .[-1].data.model == "test/b"'

it 'asks another when one refuses, if told to'
answers '{"match":"\"model\":\"a\"","text":"no","finish":"content_filter"}'
run agent-ask -m test/a,test/b hi
expect_status 3
expect_out no
run agent-ask --fallback-refused -m test/a,test/b hi
expect_status 0
expect_out 'Hello from the model server.'
run agent-ask --json --fallback-refused -m test/a,test/b hi
expect_json '.[0].type == "model.retry" and .[0].data.kind == "refused" and
	.[0].data.next == "test/b" and .[-1].data.model == "test/b"'
echo hi >in
run agent-ask --lines --fallback-refused -m test/a,test/b <in
expect_status 0
run agent-ask --fallback-refused -m test/b,test/a hi
expect_status 0
answers '{"text":"no","finish":"content_filter"}'
run agent-ask --fallback-refused -m test/a,test/b hi
expect_status 3

it 'cannot reach what is not there'
kill "$MODEL_PID"
wait "$MODEL_PID" 2>/dev/null
run agent-ask --retries 0 hi
expect_status 69
expect_err_has 'Connection refused'

done_testing
