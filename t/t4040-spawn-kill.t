#!/bin/sh
# agent-spawn: killed at any instant, and at any system call.
. "${0%/*}/lib.sh"
need_sandbox
# shellcheck disable=SC2034
T_WAIT=300

it 'comes to the right end after kills at random instants'
run "$T_SRC/bench/spawn-kill" 6
expect_status 0
expect_out_has '6 kills'

it 'comes to the right end after a kill at a system call'
if strace -o /dev/null true 2>"$T_DIR/ignored"; then
	run "$T_SRC/bench/spawn-kill" -s 191
	expect_status 0
	expect_out_has 'kills at system calls'
else
	skip 'strace does not work here'
fi

it 'gives a call a key that lasts'
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
{
	# shellcheck disable=SC2016
	calls '(.messages | length) == 2' \
		shell 'x' shell '{"command":"echo $AGENT_STEP_KEY"}'
	answer '.messages[-1].content | endswith("/1.2\n")' ok
} >rec
run agent-spawn -m replay:rec go
expect_status 0
expect_ok grep -q "$(ls .agent/runs)/1.2" .agent/runs/*/output/*.txt

done_testing
