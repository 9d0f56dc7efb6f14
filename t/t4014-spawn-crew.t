#!/bin/sh
# agent-spawn -j: a stream of tasks, many agents at once.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n- id: ops\n' >agents.yaml

it 'runs a stream of tasks, each with its agent and model'
{
	calls '(.messages | length) == 2' shell '{"command":"echo hi"}'
	answer '(.messages | length) == 4' finished
} >rec
i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	echo "{\"id\":\"t$i\",\"prompt\":\"task $i\",\"agent\":\"dev\"}"
done >tasks
run agent-spawn -j 5 <tasks
expect_status 0
expect_err ''
expect_json '[.[] | select(.type == "result")] | length == 12 and
	(map(.task) | sort) == ([range(1; 13) | "t\(.)"] | sort) and
	all(.data.text == "finished" and .source == "/agent/dev")'

cp "$T_DIR/out" out

it 'loses and mixes no record'
run cat out
expect_json 'group_by(.task) | length == 12 and
	all(map(.type) == ["agent.start", "model.message", "model.usage",
	"tool.call", "checkpoint", "tool.result", "model.message",
	"model.usage", "result"] or
	map(.type) == ["agent.start", "model.message", "model.usage",
	"tool.call", "tool.result", "model.message", "model.usage",
	"result"])'
expect_ok [ "$(sort out | cksum)" = "$(sort .agent/journal.ndjson | cksum)" ]

it 'takes what agent-route says'
echo '{"id":7,"prompt":"x","route":{"agent":"dev","model":"replay:other"}}' \
	>tasks
answer '.messages[1].content == "x"' routed >other
run agent-spawn -j 1 -a ops <tasks
expect_status 0
expect_json 'last | .data.text == "routed" and .task == "7" and
	.source == "/agent/dev"'

it 'takes records of type task'
echo '{"specversion":"1.0","id":"A","source":"/user/u","type":"task",
	"data":{"prompt":"x","agent":"dev"}}' | tr -d '\n' >tasks
run agent-spawn -j 1 -m replay:other <tasks
expect_status 0
expect_json 'last | .data.text == "routed" and .task == "A"'

it 'goes on after a line that is no task'
printf '%s\n' 'rubbish' '{"id":"n"}' \
	'{"id":"y","prompt":"x","model":"replay:other"}' >tasks
run agent-spawn -j 2 -a dev <tasks
expect_status 65
expect_err_has 'line 1: not JSON' 'line 2: no "prompt", skipping it'
expect_json 'last | .task == "y" and .data.status == 0'

it 'goes on after a task that fails, and says so'
answer '.messages[1].content == "good"' fine >rec
printf '{"id":"a","prompt":"bad"}\n{"id":"b","prompt":"good"}\n' >tasks
run agent-spawn -j 1 -a dev <tasks
expect_status 1
expect_json 'map(select(.type == "result") | .data.status) == [76, 0]'

it 'ends all of them in order on a signal'
calls '' shell '{"command":"exec sleep 1004"}' >rec
printf '{"id":"a","prompt":"x"}\n{"id":"b","prompt":"y"}\n' >tasks
agent-spawn -j 2 -a dev <tasks >"$T_DIR/first" 2>"$T_DIR/ignored" &
pid=$!
expect_ok await 20 jq -es '[.[] | select(.type == "tool.call")] | length == 2' \
	"$T_DIR/first" >"$T_DIR/ignored"
kill -TERM $pid
wait $pid
status=$?
expect_status 143
run cat "$T_DIR/first"
expect_json '[.[] | select(.type == "result")] | length == 2 and
	all(.data.reason == "interrupted")'

it 'says what a killed one cannot'
agent-spawn -j 1 -a dev <tasks >"$T_DIR/first" 2>"$T_DIR/ignored" &
pid=$!
expect_ok await 20 grep -q '"tool.call"' "$T_DIR/first"
child=$(cat /proc/$pid/task/$pid/children)
kill -9 "${child% }"
expect_ok await 20 grep -q 'killed by signal 9' "$T_DIR/first"
kill -TERM $pid
wait $pid

done_testing
