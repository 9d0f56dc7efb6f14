#!/bin/sh
# agent-spawn: sub-agents whose parent is killed, or who are killed themselves.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec', tools: [shell, spawn, ask, done]}
agents:
  - {id: boss, direct_communication: [dev], limits: {tokens: 10000}}
  - {id: dev}
END
runs=.agent/runs
id=01JD0000000000000000000001

# task TEXT N: a condition for a request of who has TEXT to do, N messages long
task() {
	printf '(.messages[1].content | rtrimstr("\\n")) == "%s" and ' "$1"
	printf '(.messages | length) == %s' "$2"
}

# The run of the sub-agent that has it to do.
doing() {
	grep -l "\"depth\":1.*\"task\":\"$1" $runs/*/conversation.ndjson |
		sed 's,.*/\(.*\)/.*,\1,'
}

{
	calls "$(task go 2)" spawn '{"agent":"dev","task":"do it"}' \
		spawn '{"agent":"dev","task":"be quick"}'
	answer "$(task 'be quick' 2)" quick
	calls "$(task 'do it' 2)" shell '{"command":"echo one >>effects"}'
	calls "$(task 'do it' 4)" shell '{"command":"echo >>hangs; sleep 100"}'
	answer "$(task 'do it' 6) and (.messages[-1].content |
		startswith(\"error: interrupted\"))" 'went on'
	answer "$(task go 5) and (.messages[3].content |
		startswith(\"error: interrupted\"))" 'not mine'
	answer "$(task go 5) and [.messages[3:][].content] ==
		[\"went on\", \"quick\"]" 'all done'
} >rec

it 'goes on with a sub-agent where it was when all were killed'
background agent-spawn -a boss --run $id go >"$T_DIR/first" 2>&1
pid=$!
expect_ok await 30 test -e hangs
expect_ok await 30 grep -q '"tool.result"' $runs/$id/conversation.ndjson
child=$(doing 'do it')
kill -9 $pid
expect_ok await 20 gone $pid
run agent-spawn -c --fork-session
expect_json 'last.data.text == "not mine"'
run agent-spawn -r $id
expect_status 0
expect_json 'last.data.text == "all done"'
expect_ok [ "$(cat effects)" = one ]
expect_ok [ "$(find $runs -name conversation.ndjson | wc -l)" -eq 4 ]
expect_ok [ "$(doing 'do it')" = "$child" ]

it 'has its run and its share on record before it begins'
run cat $runs/$id/conversation.ndjson
expect_json '[.[] | select(.type == "tool.call").data.child] | length == 2 and
	(map(.run) | unique | length) == 2 and all(.tokens == 3296)'

it 'tells each result once, in the journal too'
run cat .agent/journal.ndjson
expect_json '(group_by(.id) | all(length == 1)) and
	([.[] | select(.type == "result").run] | length) == 4'

it 'says the result of a run again when the same is said again'
run agent-spawn -a boss --run $id go
expect_status 0
expect_json 'length == 1 and .[0].data.text == "all done"'

it 'begins a sub-agent again that was killed alone'
rm -rf .agent effects hangs
background agent-spawn -a boss go >"$T_DIR/first" 2>&1
pid=$!
expect_ok await 30 test -e hangs
kill -9 "$(cat "$runs/$(doing 'do it')/owner")"
expect_ok wait $pid
run cat "$T_DIR/first"
expect_json 'last.data.text == "all done"'
expect_ok [ "$(cat effects)" = one ]

it 'does not begin one again for ever'
rm -rf .agent hangs
{
	calls "$(task go 2)" spawn '{"agent":"dev","task":"do it"}'
	calls '.messages[1].content | startswith("do it")' \
		shell '{"command":"echo >>hangs; sleep 100"}'
	answer '.messages[3].content == "error: it ended without a word"' lost
} >rec
background agent-spawn -a boss go >"$T_DIR/first" 2>&1
pid=$!
hung() {
	[ "$(wc -l <hangs)" -eq "$1" ]
}
for n in 1 2 3 4; do
	expect_ok await 30 hung $n
	kill -9 "$(cat "$runs/$(doing 'do it')/owner")"
done
expect_ok wait $pid
run cat "$T_DIR/first"
expect_json 'last.data.text == "lost"'

it 'parks with a sub-agent that asks, and goes on with both'
rm -rf .agent
{
	calls "$(task go 2)" spawn '{"agent":"dev","task":"do it"}'
	calls "$(task 'do it' 2)" ask '{"question":"Which?"}'
	answer "$(task 'do it' 4) and .messages[3].content == \"blue\"" 'blue it is'
	answer "$(task go 4) and .messages[3].content == \"blue it is\"" thanks
	answer '.messages[-1].content == "more"' more
} >rec
run agent-spawn -a boss --park go
expect_status 75
expect_json 'last.data.reason == "parked"'
run agent-gate answer "$(agent-gate list --json | jq -r .id)" blue
run agent-spawn -c --park
expect_status 0
expect_json 'last.data.text == "thanks"'

it 'is no deeper when it is gone on with by hand'
child=$(doing 'do it')
run agent-spawn -r "$child" more
expect_status 0
run cat "$runs/$child/conversation.ndjson"
expect_json '[.[] | select(.type == "agent.start").data.depth] == [1, 1, 1]'

it 'refuses ids that are none, and two ways to name a run'
run agent-spawn --run x go
expect_status 2
run agent-spawn --run $id -c go
expect_status 2

it 'says of a run without a word that it never began'
mkdir .agent/runs/01JD0000000000000000000000
: >.agent/runs/01JD0000000000000000000000/conversation.ndjson
run agent-spawn -r 0000
expect_status 66
expect_err_has 'broken off before its first word'

done_testing
