#!/bin/sh
# agent-ask and what servers really send: odd chunks, odd ends, odd errors,
# and every way to say when to come again.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server
AGENT_MODEL=test/x
export AGENT_MODEL

# answers SCENARIO...: the server does this, one after the other.
answers() {
	kill "$MODEL_PID"
	for s; do
		set -- "$@" -e "$s"
		shift
	done
	model_server "$@"
}

# streams LINE...: the server sends these as the data of events.
streams() {
	body=$(for line; do
		case $line in
		:*)	printf '%s\n\n' "$line" ;;
		*)	printf 'data: %s\n\n' "$line" ;;
		esac
	done | jq -Rs .)
	answers '{"headers":{"content-type":"text/event-stream"},"body":'"$body}"
}

hello='{"choices":[{"index":0,"delta":{"content":"hello"}}]}'
stop='{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
usage='{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}'
calls='{"choices":[{"delta":{"tool_calls":[{"id":"c","function":'

it 'takes chunks without choices, first and last'
streams '{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}' \
	"$hello" "$stop" "$usage" '[DONE]'
run agent-ask --json hi
expect_status 0
expect_json '.[-1].data | .text == "hello" and .usage.input_tokens == 3'

it 'takes usage without [DONE], on every chunk, with the end, or none'
streams "$hello" "$stop" "$usage"
run agent-ask --json hi
expect_status 0
expect_json '.[-1].data.usage.output_tokens == 2'
streams '{"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":1}}' \
	'{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":9}}'
run agent-ask --json hi
expect_json '.[-1].data.usage.output_tokens == 9'
streams "$hello" '[DONE]'
run agent-ask hi
expect_status 0
expect_out hello

it 'wants one of the two ends'
streams "$hello" "$usage"
run agent-ask hi
expect_status 76
streams "$hello" ': OPENROUTER PROCESSING'
run agent-ask hi
expect_status 76

it 'skips comments, unknown fields and unknown finishes'
streams ': keep-alive' '{"choices":[{"delta":{"content":"a","x":1},"y":[]}],"z":{}}' \
	': keep-alive' '{"choices":[{"delta":{},"finish_reason":"eos"}]}'
run agent-ask hi
expect_status 0
expect_out a

it 'takes reasoning under each of its names'
for name in reasoning_content reasoning; do
	streams '{"choices":[{"delta":{"'$name'":"hm"}}]}' "$hello" "$stop"
	run agent-ask --json hi
	expect_json '.[-1].data.message.reasoning == "hm"'
done

it 'takes calls whole, without index, with the name again, as an object'
streams "$calls"'{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}'
run agent-ask --json hi
expect_json '.[-1].data.message.tool_calls[0].function ==
	{name:"f",arguments:"{\"a\":1}"}'
streams "$calls"'{"name":"f","arguments":""}}]}}]}' "$calls"'{"name":"f","arguments":{"a":1}}}]}}]}' \
	'{"choices":[{"delta":{},"finish_reason":"stop"}]}'
run agent-ask --json hi
expect_json '.[-1].data | .finish == "tool_calls" and
	(.message.tool_calls[-1].function.arguments | fromjson) == {a:1}'

it 'gives no call of an answer that was cut'
streams "$calls"'{"name":"rm","arguments":"{\"all\":true}"}}]}}]}'
run agent-ask --json hi
expect_status 76
expect_out_lacks '"rm"'

it 'knows errors in the middle in all their shapes'
for error in '{"error":{"message":"oops","code":502}}' \
	'{"error":{"message":"oops","type":"overloaded_error"}}' \
	'{"object":"error","message":"oops","code":500}' '{"error":"oops"}'; do
	streams "$hello" "$error"
	run agent-ask hi
	expect_status 69
	expect_out hello
	expect_err_has oops
done

it 'takes blank lines before an answer in one piece'
answers '{"headers":{"content-type":"application/json"},"body":"\n\n\n{\"choices\":[{\"message\":{\"content\":\"late\"}}]}"}'
run agent-ask --no-stream hi
expect_status 0
expect_out late

# waits HEADERS BODY: the first is refused so, the second answered.
waits() {
	answers '{"times":1,"status":429,"headers":'"$1"',"body":'"$2"'}'
	run agent-ask --json hi
	expect_status 0
}
error='{"error":{"message":"slow down"}}'

it 'comes again when told to: seconds, milliseconds, a date, in the body'
waits '{"retry-after":"0.2"}' "$error"
expect_json '.[0].data | .delay == 0.2 and .kind == "rate_limit"'
waits '{"retry-after-ms":"150","retry-after":"60"}' "$error"
expect_json '.[0].data.delay == 0.15'
waits '{"date":"Sat, 21 Nov 2026 10:00:00 GMT","retry-after":"Sat, 21 Nov 2026 10:00:01 GMT"}' "$error"
expect_json '.[0].data.delay == 1'
waits '{}' '{"error":{"message":"slow","retry_after":0.3}}'
expect_json '.[0].data.delay == 0.3'
waits '{"x-ratelimit-remaining-tokens":"0","x-ratelimit-reset-tokens":"120ms"}' "$error"
expect_json '.[0].data.delay == 0.12'

it 'waits a while of its own when not told'
waits '{}' "$error"
expect_json '.[0].data.delay > 0.3 and .[0].data.delay <= 0.5'

it 'does not wait for an hour, but says when'
answers '{"status":429,"headers":{"retry-after":"3600"},"body":{}}'
run agent-ask --json -m test/hour hi
expect_status 75
expect_json 'length == 1 and .[0].data.retry_after == 3600 and
	(.[0].data.reset | test("^20..-..-..T"))'
[ "$(wc -l <"$MODEL_LOG")" -eq 1 ] || fail 'asked again'

it 'tells a used-up quota from a rate limit'
answers '{"status":429,"headers":{"retry-after":"1"},"body":{"error":{"code":"insufficient_quota","message":"pay"}}}'
run agent-ask -m test/quota hi
expect_status 5
[ "$(wc -l <"$MODEL_LOG")" -eq 1 ] || fail 'asked again'

done_testing
