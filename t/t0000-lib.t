#!/bin/sh
# The test library itself: what should fail, fails.
. "${0%/*}/lib.sh"

# inner TEXT: runs it as a test of its own.
inner() {
	mkdir -p t
	cp "$T_SRC/t/lib.sh" t
	echo ". ./t/lib.sh
$1" >t/inner.t
	run env AGENT_BUILD="$T_BUILD" TMPDIR="$PWD" sh t/inner.t
}

# refused TITLE TEXT: a test point with that in it fails, the next does not.
refused() {
	it "$1"
	inner "it one
$2
it two
run true
expect_status 0
done_testing"
	expect_status 1
	expect_out 'not ok 1 - one
ok 2 - two
1..2'
}

it 'passes what is right'
inner 'it one
run sh -c "echo a; echo b >&2; exit 3"
expect_status 3
expect_out a
expect_err b
expect_out_has a
expect_err_lacks a
run echo "{\"a\":1}"
expect_json ".[0].a == 1"
expect_ok test -d .
expect_not test -f .
done_testing'
expect_status 0
expect_out 'ok 1 - one
1..1'

refused 'another status' 'run false; expect_status 0'
refused 'a death by signal' 'run sh -c "kill \$\$"; expect_status 1'
refused 'other output' 'run echo a; expect_out b'
refused 'output where none is wanted' 'run echo a; expect_out ""'
refused 'a missing text' 'run echo a; expect_out_has a b'
refused 'an unwanted text' 'run echo ab; expect_out_lacks b'
refused 'a missing error' 'run true; expect_err_has a'
refused 'JSON that is false' 'run echo "{}"; expect_json ".[0].a"'
refused 'what is no JSON' 'run echo "{"; expect_json true'
refused 'a failure called success' 'expect_ok false'
refused 'a success called failure' 'expect_not true'
refused 'a failure before a skip' 'expect_ok false; skip reason'
refused 'a hang' 'T_WAIT=0.1; run tail -f /dev/null; expect_status 124'

it 'a test that ends in the middle has no plan'
inner 'it one
exit 0'
expect_out_lacks '1..'

it 'skips a point, or all, with the reason'
inner 'it one
skip "no reason"
done_testing'
expect_out 'ok 1 - one # SKIP no reason
1..1'
inner 'need sh agentutils-no-such-program'
expect_status 0
expect_out '1..0 # SKIP agentutils-no-such-program is not installed'

it 'lets no keys, settings or proxies in'
AGENT_MODEL=x OPENAI_API_KEY=k http_proxy=p XDG_STATE_HOME=/x GIT_DIR=/x \
	inner 'it one
run env
expect_out_lacks AGENT_MODEL _API_KEY _proxy XDG_ GIT_DIR
done_testing'
expect_status 0

it 'ends what was started in the background, with its children'
inner 'background sh -c "tail -f /dev/null & echo \$! >../../pid; wait"
await 10 test -s ../../pid
done_testing'
expect_status 0
expect_ok await 10 gone "$(cat pid)"

it 'what runs in the background can be interrupted'
inner 'it one
background tail -f /dev/null
await 10 grep -q "^SigIgn.*00$" "/proc/$!/status"
kill -INT "$!"
wait "$!"
run test $? = 130
expect_status 0
done_testing'
expect_status 0

it 'leaves no directory behind'
inner 'it one
mkdir d && touch d/f && chmod 0 d
done_testing'
run ls -d agent-test.*
expect_status 2

done_testing
