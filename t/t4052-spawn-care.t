#!/bin/sh
# agent-spawn: what a run holds to in odd corners.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox
need git

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec', retries: 0}
agents:
  - {id: dev}
  - {id: below, sandbox_path: sub, check: 'false'}
  - {id: patient, model: test/x, retries: 2, escalate: true}
END

it 'tries again what failed, and not what waits for a person'
model_server -e '{"times":5,"status":503,"body":"busy",
	"headers":{"retry-after":"0"}}' \
	-e '{"match":"tool_call_id","text":"thanks"}' \
	-e '{"tools":[{"id":"a","name":"ask",
	"arguments":"{\"question\":\"Which?\"}"}]}'
retries='[.[] | select(.type == "model.retry" and .data.delay >= 1)] | length'
run agent-spawn -a patient --park go
expect_status 75
expect_json 'last.data.reason == "parked"'
expect_json "$retries == 1 and all(.type != \"escalation\")"
run agent-spawn -c --park
expect_status 75
expect_json "$retries == 0"
run agent-gate answer "$(agent-gate list --json | jq -r .id)" this
run agent-spawn -c --park
expect_status 0
expect_json 'last.data.text == "thanks"'

it 'tells calls apart that the model gave one id, or none'
{
	calls '(.messages | length) == 2' shell '{"command":"echo one"}' \
		shell '{"command":"echo two"}' shell '{"command":"echo three"}' |
		sed 's/"call1"/"call0"/; s/"call2"/""/'
	answer '([.messages[3:][].content] == ["one\n", "two\n", "three\n"]) and
		([.messages[2].tool_calls[].id] | unique | length) == 3 and
		[.messages[3:][].tool_call_id] ==
		[.messages[2].tool_calls[].id]' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'warns a model that goes in circles, before it is stopped'
{
	answer 'any(.messages[]; .role == "user" and (.content |
		contains("the same calls over and over")))' stopped
	calls '' shell '{"command":"true"}'
} >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'last.data | .text == "stopped" and .turns == 5'

it 'kills what prints without end, and says so'
{
	calls '(.messages | length) == 2' shell '{"command":"yes"}'
	answer '.messages[3].content | contains("the limit on output was")' ok
} >rec
run agent-spawn -a dev go
expect_status 0
expect_ok [ "$(cat .agent/runs/*/output/*.txt | wc -c)" -lt 60000000 ]

it "rolls back no files but those of the agent's own place"
echo mine >theirs
mkdir -p sub
echo old >sub/f
{
	calls '.messages[-1].content | contains("again what they were")' \
		'done' '{"summary":"gave up"}'
	calls '.messages[-1].role == "tool"' 'done' '{"summary":"did it"}'
	calls '' shell '{"command":"echo new >f; touch begun; while [ ! -e changed ]; do sleep 0.1; done"}'
} >rec
agent-spawn -a below go >"$T_DIR/first" 2>&1 &
pid=$!
expect_ok await 30 test -e sub/begun
echo 'theirs, changed meanwhile' >theirs
touch sub/changed
wait $pid
expect_file sub/f old
expect_not [ -e sub/begun ]
expect_file theirs 'theirs, changed meanwhile'

it 'keeps the lower of two limits on cost'
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
model_server -e '{"text":"x"}'
echo 'prices: [{model: "test/*", input: 1000000, output: 1000000}]' \
	>"$HOME/.config/agent/prices.yaml"
printf 'agents: [{id: dev, model: test/x, limits: {cost: 1}}]\n' >agents.yaml
run agent-spawn --max-cost 1000000 go
expect_status 5

done_testing
