#!/bin/sh
# agent-sandbox starts without libjq, and loads it where there is JSON.
. "${0%/*}/lib.sh"

need_sandbox

# what a program loads that should find nothing there but this
lib=$(LC_ALL=C grep -ao 'libjq\.so[.0-9]*' "$T_BUILD/cmd/agent-sandbox" |
	head -n 1)
[ "$lib" ] || skip_all 'the name of libjq was not known'
mkdir broken
echo 'no library' >"broken/$lib"

without() {
	run env LD_LIBRARY_PATH="$PWD/broken" agent-sandbox "$@"
}

it 'runs a command without it'
without sh -c 'echo out; exit 3'
expect_status 3
expect_out out

it 'says that it cannot be had where it is needed'
without --explain
expect_status 125
expect_err_has "agent-sandbox: cannot load 'libjq.so"
without --report 1 true
expect_status 125

it 'finds it where it is'
run agent-sandbox --explain
expect_status 0
expect_json '.[0].net == "none"'

done_testing
