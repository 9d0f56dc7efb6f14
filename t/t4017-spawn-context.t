#!/bin/sh
# agent-spawn: a conversation that grows too long is handed over.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n  limits: {context: 120}\n' \
	>agents.yaml

it 'goes on with the task and a brief'
{
	calls '(.messages | length) == 2 and
		.messages[1].content == "go"' shell '{"command":"echo once >>n"}'
	answer '.messages[-1].content |
		startswith("The conversation has become too long")' 'We are at 3.'
	answer '(.messages | length) == 2 and (.messages[1].content |
		startswith("go\n\n") and endswith("We are at 3."))' finished
} >rec
run agent-spawn go
expect_status 0
expect_json 'last.data | .text == "finished" and .turns == 2 and
	.usage.input_tokens == 300'
expect_json '[.[] | select(.type == "agent.handover").data] |
	length == 1 and .[0].brief == "We are at 3." and .[0].context == 110'

it 'goes on from there when it is broken off later'
sed -i '$d' .agent/runs/*/conversation.ndjson
sed -i '$d' .agent/runs/*/conversation.ndjson
rm .agent/runs/*/result.json
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "finished"'
expect_ok [ "$(cat n)" = once ]

it 'ends when there is no brief'
rm -rf .agent
calls '(.messages | length) == 2' shell '{"command":"true"}' >rec
answer '' '' >>rec
run agent-spawn go
expect_status 4
expect_json 'last.data.reason == "context"'

it 'hands over when the server says that it is too long'
rm -rf .agent
model_server -e '{"match":"has become too long","text":"At 4."}' \
	-e '{"match":"hands over to you","text":"finished"}' \
	-e '{"status":400,"body":{"error":{"message":"This model'\''s maximum context length is 100 tokens","code":"context_length_exceeded"}}}'
run agent-spawn -m test/x go
expect_status 0
expect_json 'last.data.text == "finished"'

it 'does so once, not for ever'
rm -rf .agent
model_server -e '{"match":"has become too long","text":"At 4."}' \
	-e '{"status":400,"body":{"error":{"message":"maximum context length",
		"code":"context_length_exceeded"}}}'
run agent-spawn -m test/x go
expect_not [ "$status" -eq 0 ]
expect_not [ "$status" -eq 137 ]

done_testing
