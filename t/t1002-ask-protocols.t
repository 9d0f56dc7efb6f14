#!/bin/sh
# agent-ask in each of the four protocols: the same question, the same answer.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -k sesame \
	-e '{"match":"think","reasoning":"hm","text":"so it is"}' \
	-e '{"match":"tags","text":"<think>hm hm </think>\n\nso <think> it is"}' \
	-e '{"match":"call","tools":[{"id":"c1","name":"f","arguments":"{\"a\":1}"}]}' \
	-e '{"match":"long","text":"too long","finish":"length"}' \
	-e '{"match":"refuse","text":"no","finish":"content_filter"}' \
	-e '{"match":"broken","text":"be","error":{"type":"error","error":{"type":"overloaded_error","message":"busy"}}}' \
	-e '{"match":"hang","text":"done","end":true,"stall":100000}'
AGENT_MODEL=test/x TEST_KEY=sesame
export AGENT_MODEL TEST_KEY

check_protocol() {
	it "$1 answers"
	run agent-ask --json think
	expect_status 0
	expect_json '.[-1].data | .text == "so it is" and .finish == "stop"
		and .usage.input_tokens == 7 and .usage.output_tokens == 5
		and .served == "test-model" and .message.reasoning == "hm"'

	it "$1 answers in one piece"
	run agent-ask --no-stream hi
	expect_status 0
	expect_out 'Hello from the model server.'

	it "$1 calls tools"
	run agent-ask --json call
	expect_status 0
	expect_json '.[-1].data | .finish == "tool_calls" and
		.message.tool_calls[0].function ==
		{name:"f",arguments:"{\"a\":1}"}'

	it "$1 tells a limit from an end"
	run agent-ask long
	expect_status 4
	expect_out 'too long'

	it "$1 tells an error in the middle of a stream"
	run agent-ask --json broken
	expect_status 69
	expect_json '.[-1].data.kind == "overloaded" and .[-1].data.partial'

	it "$1 is refused with a bad key"
	TEST_KEY=wrong run agent-ask --retries 0 hi
	expect_status 77
	expect_err_lacks wrong

	it "$1 lists models"
	run agent-ask --models
	expect_status 0
	expect_out_has test-model
}

# check_tags: reasoning that stands in the text, however it is cut.
check_tags() {
	it "$1 tells reasoning in the text from the text"
	run agent-ask tags
	expect_status 0
	expect_out 'so <think> it is'
	run agent-ask --json tags
	expect_json '[.[] | select(.data.reasoning) | .data.reasoning] | add ==
		"hm hm "'
	expect_json '.[-1].data.text == "so <think> it is" and
		.[-1].data.message.reasoning == "hm hm "'
}

model_provider chat "$MODEL_URL/v1" 'key_env: TEST_KEY'
check_protocol chat
check_tags chat
it 'chat knows a refusal'
run agent-ask refuse
expect_status 3

model_provider responses "$MODEL_URL/v1" 'key_env: TEST_KEY'
check_protocol responses

model_provider messages "$MODEL_URL/v1" 'key_env: TEST_KEY'
check_protocol messages
it 'messages knows a refusal'
run agent-ask refuse
expect_status 3
it 'messages keeps the signature of its thinking'
run agent-ask --json think
expect_json '.[-1].data.message.native.content[0] ==
	{type:"thinking",thinking:"hm",signature:"c2lnbmF0dXJl"}'

it 'messages keeps the marks of what is to be cached'
echo '{"messages":[{"role":"system","content":[{"type":"text","text":"rules",
	"cache_control":{"type":"ephemeral"}}]},{"role":"user","content":
	[{"type":"text","text":"a","cache_control":{"type":"ephemeral",
	"ttl":"1h"}},{"type":"text","text":"b"}]}]}' | tr -d '\n' >in
run agent-ask -j 1 -o cache_control '{"type":"ephemeral"}' <in
expect_status 0
tail -n 1 "$MODEL_LOG" | jq -e '.body | .cache_control.type == "ephemeral" and
	.system == [{type:"text",text:"rules",cache_control:{type:"ephemeral"}}]
	and .messages[0].content[0].cache_control.ttl == "1h" and
	(.messages[0].content[1] | has("cache_control") | not)' >/dev/null ||
	fail "$(tail -n 1 "$MODEL_LOG")"

model_provider ollama "$MODEL_URL" 'key_env: TEST_KEY'
check_protocol ollama
check_tags ollama

done_testing
