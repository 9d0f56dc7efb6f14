#!/bin/sh
# agent-ask: what is sent, and what is written of the answer.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"think","reasoning":"hm","text":"so"}' \
	-e '{"match":"lines","text":"one\ntwo\n"}' \
	-e '{"match":"escape","text":"a\u001b[31mb\u0007"}' \
	-e '{"match":"tool","tools":[{"id":"c","name":"f","arguments":"{}"}]}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

# sent FILTER: that jq gives true for the last request.
sent() {
	tail -n 1 "$MODEL_LOG" | jq -e "$1" >/dev/null ||
		fail "sent otherwise than: $1
$(tail -n 1 "$MODEL_LOG")"
}

it 'sends the operands, joined by spaces'
run agent-ask say this
expect_status 0
expect_out 'say this'
expect_err ''
sent '.path == "/v1/chat/completions" and .body.model == "x"'
sent '.body.messages == [{role:"user",content:"say this"}]'
sent '.body.stream == true and .body.stream_options.include_usage'

it 'adds nothing to what it is given'
sent '(.body | keys) == ["messages","model","stream","stream_options"]'

it 'reads standard input without an operand'
echo 'from a file' >in
run agent-ask <in
expect_status 0
expect_out 'from a file'

it 'puts operands, files and a pipe together'
echo f1 >f1
run sh -c 'echo piped | agent-ask -f f1 words'
expect_status 0
sent '.body.messages[0].content | test("^words\n\nf1\n+piped\n*$")'

it 'sends a system message and parameters'
run agent-ask -s 'be brief' -o temperature 0.5 -o user me -o stop '["x"]' hi
expect_status 0
sent '.body.messages[0] == {role:"system",content:"be brief"}'
sent '.body.temperature == 0.5 and .body.user == "me" and
	.body.stop == ["x"]'

it 'takes the system message from a file'
echo 'be kind' >rules
run agent-ask --system-file rules hi
expect_status 0
sent '.body.messages[0].content == "be kind\n"'

it 'asks for the answer in one piece'
run agent-ask --no-stream hi
expect_out hi
sent '.body | has("stream") | not'

it 'ends the answer with one newline'
run agent-ask lines
printf 'one\ntwo\n' >want
expect_ok cmp want "$T_DIR/out"

it 'writes bytes as they are where there is no terminal'
run agent-ask escape
printf 'a\033[31mb\007\n' >want
expect_ok cmp want "$T_DIR/out"

it 'gives records'
run agent-ask --format ndjson think
expect_status 0
expect_json '[.[] | .type] == ["model.delta","model.delta","result"]'
expect_json '.[0].data.reasoning == "hm" and .[1].data.text == "so"'
expect_json '.[2].data | .status == 0 and .text == "so" and
	.finish == "stop" and .model == "test/x" and
	.served == "test-model" and .usage.input_tokens == 7 and
	.usage.output_tokens == 5 and .attempts == 1 and
	(.request_id | test("req-"))'
expect_json 'all(.[]; .specversion == "1.0" and .source ==
	"/command/agent-ask")'

it 'gives the calls of tools'
run agent-ask --json -o tools '[]' tool
expect_json '.[-1].data | .finish == "tool_calls" and
	.message.tool_calls[0].function == {name:"f",arguments:"{}"}'

it 'reports usage when asked'
run agent-ask -u hi
expect_err_has 'agent-ask: test/x: 7 tokens in, 5 out; '

it 'shows the request without sending it'
before=$(wc -l <"$MODEL_LOG")
OPENAI_API_KEY=sk-secret run agent-ask --dry-run -m openai/gpt-5 \
	-o max_tokens 9 hi
expect_status 0
expect_out_lacks sk-secret
expect_json '.[0] | .key_from == "OPENAI_API_KEY" and
	.url == "https://api.openai.com/v1/chat/completions" and
	.body.max_completion_tokens == 9'
[ "$(wc -l <"$MODEL_LOG")" -eq "$before" ] || fail 'it sent something'

it 'says which model to name when there is none'
run env -u AGENT_MODEL agent-ask hi
expect_status 78
expect_err_has 'set AGENT_MODEL'

it 'knows a provider by nearly its name'
run agent-ask -m opnai/x hi
expect_status 78
expect_err_has "did you mean 'openai'?"

it 'says which key is missing'
run agent-ask -m groq/x hi
expect_status 77
expect_err_has 'GROQ_API_KEY'

it 'follows aliases, lists and default models'
model_provider chat "$MODEL_URL/v1" 'model: usual' 'key_cmd: echo k3y'
echo 'aliases: { fast: test/quick, both: [test/a, fast] }' \
	>>"$HOME/.config/agent/config.yaml"
run agent-ask -m fast hi
sent '.body.model == "quick" and .headers.authorization == "Bearer k3y"'
run agent-ask -m both hi
sent '.body.model == "a"'
run agent-ask -m test hi
sent '.body.model == "usual"'
run agent-ask -m other hi
sent '.body.model == "other"'

done_testing
