#!/bin/sh
# shellcheck disable=SC2016,SC2317 # scripts for another shell, functions run
# Killed at any instant, nothing of a sandbox is left: no process, no control
# group, no mount, no socket.
# shellcheck disable=SC2034 # status is for lib.sh
. "${0%/*}/lib.sh"

need perl
need_sandbox
mkdir ws
chmod 755 "$T_DIR" "$T_DIR/work"
# in the arguments of all that belongs to a sandbox of ours
time=1000.$$

# killed_at MICROSECONDS [OPTION...]: kills agent-sandbox that long after its
# start; its pid is then in the file `pid`.
killed_at() {
	perl -e 'my $us = shift; my $pid = fork;
		if (!$pid) { setpgrp; exec @ARGV or exit 1 }
		open my $f, ">", "pid"; print $f $pid; close $f;
		select undef, undef, undef, $us / 1e6;
		kill 9, $pid; waitpid $pid, 0' "$@"
}

# Whether a process of it is left, or a group with its name.
nothing_left() {
	! grep -zqsF -- "$time" /proc/[0-9]*/cmdline || return 1
	for t_group in /sys/fs/cgroup/*/agent-sandbox-"$(cat pid)" \
		/sys/fs/cgroup/*/*/agent-sandbox-"$(cat pid)" \
		/sys/fs/cgroup/*/*/*/agent-sandbox-"$(cat pid)"; do
		[ ! -e "$t_group" ] || return 1
	done
}

whoever_is_left() {
	for t_process in /proc/[0-9]*/cmdline; do
		! grep -zqsF -- "$time" "$t_process" ||
			cat "${t_process%cmdline}status" \
				"${t_process%cmdline}stack"
	done
}

it 'leaves nothing when agent-sandbox is killed at its start'
for us in 100 500 1000 1500 2000 2500 3000 3500 4000 5000 6000 7000 8000 \
	10000 12000 15000 20000 30000; do
	run killed_at "$us" agent-sandbox -C ws sleep "$time"
	await 20 nothing_left || fail "after $us us: $(whoever_is_left)"
done

it 'ends at once when the time is over at its start'
for ms in 0.5 1 2 3 4 5 6 8 10 15; do
	run agent-sandbox -C ws --timeout "${ms}ms" sleep "$time"
	expect_status 124
done
cp "$T_DIR/err" said
await 20 nothing_left || fail 'something is left'

# pids of what runs in the sandbox, from outside: bwrap's, and the init's
started() {
	mkfifo "$1"
	agent-sandbox -C ws sh -c "echo; exec sleep $time" >"$1" 2>said &
	box=$!
	echo "$box" >pid
	read -r _ <"$1"
	bwrap=$(pgrep -P "$box" -x bwrap)
	inner=$(pgrep -P "$bwrap")
}

it 'ends, and says so, when bwrap is killed'
started one
kill -9 "$bwrap"
wait "$box"
status=$?
expect_status 137
await 20 nothing_left || fail 'something is left'

it 'ends when its process 1 is killed'
started two
kill -9 "$inner"
wait "$box"
status=$?
expect_status 137
await 20 nothing_left || fail 'something is left'

it 'leaves nothing when agent-sandbox is killed as the command runs'
started three
kill -9 "$box"
wait "$box" 2>/dev/null
await 20 nothing_left || fail 'something is left'

it 'does without its janitor'
started four
for janitor in $(pgrep -P "$box" | grep -vx "$bwrap"); do
	kill -9 "$janitor"
done
kill -TERM "$box"
wait "$box"
status=$?
expect_status 143
await 20 nothing_left || fail 'something is left'

it 'leaves no socket of its proxy'
mkfifo five
agent-sandbox -C ws --allow ok.test sh -c "echo; exec sleep $time" >five 2>said &
box=$!
echo "$box" >pid
read -r _ <five
kill -9 "$box"
wait "$box" 2>/dev/null
await 20 nothing_left || fail 'something is left'
expect_not grep -qF agent-sandbox /proc/net/unix

it 'leaves no mount of an overlay'
mkfifo six
agent-sandbox -C ws --overlay sh -c "echo; exec sleep $time" >six 2>said &
box=$!
echo "$box" >pid
read -r _ <six
kill -9 "$box"
wait "$box" 2>/dev/null
await 20 nothing_left || fail 'something is left'
expect_not grep -qF "$HOME" /proc/self/mountinfo

it 'removes what sandboxes left that were killed with their janitors'
parent=/sys/fs/cgroup/pids$(sed -n 's/^[0-9]*:pids://p' /proc/self/cgroup)
[ -d "$parent" ] || parent=/sys/fs/cgroup/pids
dead=$(sh -c 'echo $$')
if mkdir "$parent/agent-sandbox-$dead" "$parent/agent-sandbox-$dead-new" \
	"$parent/agent-sandbox-$$" 2>/dev/null; then
	touch -d '1 hour ago' "$parent/agent-sandbox-$dead" \
		"$parent/agent-sandbox-$$"
	run agent-sandbox -C ws true
	expect_not [ -e "$parent/agent-sandbox-$dead" ]
	# young, and of a process that lives
	expect_ok rmdir "$parent/agent-sandbox-$dead-new" \
		"$parent/agent-sandbox-$$"
else
	skip 'no control group can be made here'
fi

done_testing
