#!/bin/sh
# agent-work: a command for each task, whatever happens to either.

# shellcheck disable=SC2016,SC2317
. "${0%/*}/lib.sh"

mkdir .agent
upper='jq -r .data.prompt | tr a-z A-Z'

it 'runs a command for each task and prints the results'
for i in a b c; do
	agent-send -q q "task $i"
done >ids
run agent-work -q q -j 2 --drain sh -c "$upper"
expect_status 0
expect_json 'length == 3 and all(.type == "result" and .data.status == 0)
	and (map(.data.output) | sort) == ["TASK A", "TASK B", "TASK C"]'
jq -r .corr "$T_DIR/out" | sort | cmp -s - ids || fail 'not their ids'
run agent-recv -q q --list
expect_out ''

it 'sends the result to who waits for it'
background agent-work -q r sh -c "$upper" >/dev/null
run agent-send --wait 50 -q r shout
expect_status 0
expect_out SHOUT

it 'puts what failed among the dead and says so to who waits'
background agent-work -q s sh -c 'echo no; exit 3' >/dev/null
run agent-send --wait 50 -q s x
expect_status 1
expect_out no
run agent-recv --dead -q s
expect_json '.[0].error == "exit status 3"'

it 'tries again what asks for it, or crashed'
agent-send -q t x >/dev/null
run agent-work -q t --drain sh -c \
	'cat >/dev/null; echo x >>n; [ "$(wc -l <n)" -gt 1 ] || kill -9 $$'
expect_status 0
expect_json '.[0].data.delivery == 2'

it 'gives up after some tries'
agent-send --tries 1 -q u x >/dev/null
run agent-work -q u --drain sh -c 'exit 75'
expect_status 1
expect_json '.[0].data.status == 75'

it 'ends a task that takes too long'
agent-send --tries 1 -q v x >/dev/null
run agent-work -q v --drain --timeout 0.1 sh -c 'sleep 1000'
expect_status 1
expect_json '.[0].data.status == 124'

it 'says what it cannot run and gives the task back'
agent-send -q w x >/dev/null
run agent-work -q w ./nonexistent
expect_status 127
run agent-recv --list -q w
expect_json '.[0].state == "ready" and .[0].tries == 0'

it 'keeps the lease while the task runs'
agent-send -q x x >/dev/null
background agent-work -q x --lease 0.3 sh -c ': >started; sleep 1.5; : >ended' \
	>/dev/null
await 20 test -e started || fail 'it was not started'
run agent-recv -1 -q x --wait 0.8
expect_status 1
await 20 test -e ended || fail 'it did not end'

it 'killed, it leaves the task to the next one, when its command is gone'
agent-send -q y x >/dev/null
cat >job <<'END'
echo "start $1" >>log
trap 'echo "end $1" >>log; exit 0' TERM HUP
read -r line <gate
echo "end $1" >>log
END
mkfifo gate
setsid agent-work -q y sh -c 'trap "" TERM; sh job "$0"' one \
	>/dev/null 2>&1 &
worker=$!
await 20 grep -q 'start one' log || fail 'it was not started'
kill -9 "$worker"
background agent-work -q y sh job two >/dev/null
printf 'go\n' >gate
await 20 grep -q 'start two' log || fail 'the task was not started again'
printf 'go\n' >gate
run head -n 1 log
expect_out 'start one'

it 'is listed as long as it lives'
AGENT_ID=builder
export AGENT_ID
background agent-work -q z true
worker=$!
unset AGENT_ID
listed() {
	sqlite3 .agent/hub.db "select type, state from registry
		where id = 'builder'" | grep -q 'worker|idle'
}
if command -v sqlite3 >/dev/null; then
	await 20 listed || fail 'not listed'
fi
kill "$worker"
wait "$worker"
if command -v sqlite3 >/dev/null; then
	expect_not listed
fi

it 'ends when asked to, and gives back what it was at'
agent-send -q aa x >/dev/null
background agent-work -q aa sh -c ': >here; exec sleep 1000'
worker=$!
await 20 test -e here || fail 'it was not started'
kill "$worker"
wait "$worker"
run agent-recv --list -q aa
expect_json '.[0].state == "ready" and .[0].tries == 0'

done_testing
