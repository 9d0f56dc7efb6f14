#!/bin/sh
# agent-mem: killed at any instant, and at any write.
. "${0%/*}/lib.sh"

need jq sqlite3
# shellcheck disable=SC2034
T_WAIT=300

it 'loses nothing when it is killed at any instant'
run "$T_SRC/bench/mem-crash" 4
expect_status 0
expect_out_has 'kills'

it 'loses nothing when it is killed at a write'
if strace -o /dev/null true 2>"$T_DIR/ignored"; then
	run "$T_SRC/bench/mem-crash" -s 150
	expect_status 0
	expect_out_has 'kills at system calls'
else
	skip 'strace does not work here'
fi

done_testing
