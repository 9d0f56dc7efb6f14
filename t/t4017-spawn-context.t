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

it 'goes on with what is on record when there is no brief'
rm -rf .agent
{
	calls '(.messages | length) == 2 and .messages[1].content == "go"' \
		shell '{"command":"echo 1 2 3"}'
	calls '.messages[-1].content | contains("has become too long")' \
		shell '{"command":"echo never"}'
	answer '(.messages | length) == 2 and (.messages[1].content |
		startswith("go\n\n") and contains("You called shell") and
		contains("echo 1 2 3") and contains("It returned: 1 2 3"))' on
} >rec
run agent-spawn go
expect_status 0
expect_json 'last.data.text == "on"'
expect_json '[.[] | select(.type == "agent.handover").data.own] == [true]'

it 'hands over when the server says that it is too long'
rm -rf .agent
model_server -e '{"match":"has become too long","text":"At 4."}' \
	-e '{"match":"hands over to you","text":"finished"}' \
	-e '{"status":400,"body":{"error":{"message":"This model'\''s maximum context length is 100 tokens","code":"context_length_exceeded"}}}'
run agent-spawn -m test/x go
expect_status 0
expect_json 'last.data.text == "finished"'

it 'hands over also what is too long for a brief'
rm -rf .agent
model_server -e '{"match":"hands over to you","text":"finished"}' \
	-e '{"match":"ZZZ","status":400,"body":{"error":{"message":"no",
		"code":"context_length_exceeded"}}}' \
	-e '{"tools":[{"id":"a","name":"shell","arguments":
		"{\"command\":\"echo Z\\\"\\\"ZZ; seq 2000\"}"}]}'
run agent-spawn -m test/x go
expect_status 0
expect_json 'last.data.text == "finished"'

it 'gives the model no more of a result than there is room for'
run jq -c 'select(.type == "tool.result").data' .agent/runs/*/conversation.ndjson
expect_json '.[0] | .truncated and (.output | length) < 1100 and
	(.output | contains("bytes left out") and endswith("\n2000\n"))'
expect_ok [ "$(wc -l <"$(echo .agent/runs/*/output/*.txt)")" -eq 2001 ]

# one that does not count tokens
work='{"usage":false,"tools":[{"id":"a","name":"shell","arguments":
	"{\"command\":\"true\"}"}]}'

it 'hands over when the model will not write a brief'
rm -rf .agent
model_server -e '{"match":"hands over to you","text":"finished"}' \
	-e '{"match":"has become too long","status":400,"body":{"error":
		{"message":"no","code":"content_filter"}}}' -e "$work"
run agent-spawn -m test/x go
expect_status 0
expect_json 'last.data.text == "finished"'

it 'waits for a server that fails when a brief is due'
rm -rf .agent
sed -i 's/^- id: dev/&\n  retries: 2/' agents.yaml
model_server -e '{"match":"hands over to you","text":"finished"}' \
	-e '{"match":"has become too long","times":5,"status":503}' \
	-e '{"match":"has become too long","text":"At 4."}' -e "$work"
run agent-spawn -m test/x go
expect_status 0
expect_json 'last.data.text == "finished"'
expect_json 'any(.type == "model.retry")'

it 'does so once, not for ever'
rm -rf .agent
model_server -e '{"match":"has become too long","text":"At 4."}' \
	-e '{"status":400,"body":{"error":{"message":"maximum context length",
		"code":"context_length_exceeded"}}}'
run agent-spawn -m test/x go
expect_not [ "$status" -eq 0 ]
expect_not [ "$status" -eq 137 ]

done_testing
