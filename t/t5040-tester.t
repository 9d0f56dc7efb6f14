#!/bin/sh
# The agent of templates/agents/tester does what it says.
. "${0%/*}/lib.sh"

mkdir .agent
# shellcheck disable=SC2016
echo 'echo "3 tests"; exit $(cat verdict)' >suite
agent=$T_SRC/templates/agents/tester

it 'runs the tests when told, and reports back'
echo 0 >verdict
background "$agent" sh suite
tester=$!
run agent-send --wait 50 tester 'run the suite'
expect_status 0
expect_out 'all well
3 tests'

it 'and when they fail'
echo 7 >verdict
run agent-send --wait 50 tester 'once more'
expect_out 'failed with status 7
3 tests'

it 'killed, it leaves the message to the next one'
kill -9 "$tester"
cat >slow <<'END'
: >here
exec sleep 1000
END
background "$agent" sh slow
slow=$!
agent-send tester 'and again' >id
await 20 test -e here || fail 'it was not told'
kill -9 -"$slow" 2>/dev/null || kill -9 "$slow"
echo 0 >verdict
background "$agent" sh suite
run agent-recv --wait 50 --auto --format text --corr "$(cat id)"
expect_out 'all well
3 tests'

done_testing
