#!/bin/sh
# agent-spawn: what agent-route chose, and whom it chose when that fails.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - {id: dev, description: mends programs}
  - {id: ops, description: runs machines}
END
model_server -e '{"match":"\"model\":\"limited\"","status":429,"body":"slow"}' \
	-e '{"match":"\"model\":\"down\"","status":503,"body":"down"}' \
	-e '{"match":"\"model\":\"weak\"","tools":[{"id":"a","name":"done",
		"arguments":"{\"summary\":\"cannot\",\"success\":false}"}]}' \
	-e '{"match":"\"model\":\"strong\"","text":"done well"}'
step() { echo "{\"agent\":\"$1\",\"model\":\"test/$2\",\"on\":[$3]}"; }
task() {
	echo "{\"id\":\"$1\",\"prompt\":\"x\",\"route\":{\"agent\":\"dev\",
		\"model\":\"test/$2\",\"fallback\":[$3]${4:-}}}" | tr -d '\n\t'
}

it 'asks the next model after the failures that it is meant for'
task a limited "$(step dev down '"budget"'),$(step dev strong '"rate_limit"')" \
	>tasks
run agent-spawn -j 2 <tasks
expect_status 0
expect_json 'last | .data.text == "done well" and .task == "a"'
expect_json 'any(.type == "model.retry" and .data.next == "test/strong")'
expect_json '[.[] | select(.type == "agent.start")] | length == 1'

it 'gives what one could not do to the next, and says so'
task b weak "$(step ops strong '"failed"')" >tasks
run agent-spawn -j 2 <tasks
expect_status 0
expect_json 'map(select(.type == "result")) | length == 1 and
	.[0].data.text == "done well" and .[0].source == "/agent/ops"'
expect_json 'any(.type == "route" and .task == "b" and
	.data == {agent: "ops", model: "test/strong", after: "failed"})'
run cat .agent/journal.ndjson
expect_json '[.[] | select(.type == "result" and .task == "b").data.status] ==
	[1, 0]'

it 'takes another agent when no model of the first can be reached'
task c down "$(step ops strong '"unavailable"')" >tasks
run agent-spawn -j 1 <tasks
expect_status 0
expect_json 'last | .source == "/agent/ops" and .data.status == 0'

it 'gives up when nobody is left'
task d weak "$(step ops weak '"failed"'),$(step dev strong '"refused"')" >tasks
run agent-spawn -j 1 <tasks
expect_status 1
expect_json 'last | .type == "result" and .data.text == "cannot" and
	.source == "/agent/ops"'

it 'asks a person first where the route says so'
task e strong '' ',"gate":true' >tasks
run agent-spawn -j 1 --park <tasks
expect_status 1
expect_json 'last.data | .status == 75 and .reason == "parked" and .turns == 0'
run agent-gate answer "$(agent-gate list --json | jq -r .id)" approve
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "done well"'
run agent-spawn -j 1 --park <tasks
run agent-gate answer -m 'not now' "$(agent-gate list --json | jq -r .id)" deny
run agent-spawn -c
expect_status 77
expect_json 'last.data | .reason == "denied" and
	.message == "not to be done: not now"'

it 'goes together with agent-route'
cat >route.yaml <<'END'
models:
  test/limited: {quality: 0.9}
  test/strong: {quality: 0.8}
END
seq 6 | sed 's/.*/{"id":&,"prompt":"mend the program"}/' >tasks
agent-route <tasks | agent-spawn -j 3 >out
run cat out
expect_json '[.[] | select(.type == "result" and .data.status == 0).task] |
	sort == ["1", "2", "3", "4", "5", "6"]'

it 'takes a route alone'
run agent-spawn -a ops --route "$(task f strong '' | jq -c .route)" go
expect_status 0
expect_json 'last.source == "/agent/dev"'
run agent-spawn --route nonsense go
expect_status 2

done_testing
