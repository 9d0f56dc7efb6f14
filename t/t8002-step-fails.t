#!/bin/sh
# agent-flow step: failures, retries, what steps need, odd arguments.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
. "$T_SRC/t/step.sh"

result=.agent/flows/steps/steps/a/result.json
agent-flow step -q a count 1
: >"$COUNT"

it 'runs what failed again, with another key'
run env STATUS=3 agent-flow step f count
expect_status 3
run agent-flow step f count
expect_status 0
expect_runs 2
expect_ok [ "$(sort -u "$T_DIR/last" | wc -l)" -eq 2 ]

it 'keeps what failed with --keep-failed'
run env STATUS=3 agent-flow step g count
run agent-flow step --keep-failed g count
expect_status 3
expect_runs 1

it 'retries what was killed, under one key, and then says so'
run agent-flow step -r 2 --delay 0 k sh -c 'count; kill -9 $$'
expect_status 137
expect_runs 3
expect_ok [ "$(sort -u "$T_DIR/last" | wc -l)" -eq 1 ]
run agent-flow step -r 2 --delay 0 k sh -c 'count; kill -9 $$'
expect_runs 3

it 'comes again after 75'
run agent-flow step c sh -c 'count; [ -e there ] || exit 75'
expect_status 75
: >there
run agent-flow step c sh -c 'count; [ -e there ] || exit 75'
expect_status 0
expect_runs 2
expect_ok [ "$(sort -u "$T_DIR/last" | wc -l)" -eq 1 ]

it 'redoes it with --force, and what needs it'
run agent-flow step -n a b count b
run agent-flow step -n a b count b
expect_runs 1
run agent-flow step --force a count 1
run agent-flow step -n a b count b
expect_runs 2

it 'omits what needs a step that failed, wants one that is there'
run agent-flow step x false
run agent-flow step -n x y count
expect_status 1
expect_err "agent-flow: 'y' omitted: 'x' is failed"
run agent-flow step -n nothing y count
expect_status 125
expect_err_has "there is no result of 'nothing' yet"
expect_runs 0

it 'ends it in time'
run agent-flow step -t 50ms t sleep 60
expect_status 124
expect_err "agent-flow: 't' errored: out of time"

it 'tells a program that is not there'
run agent-flow step u /no/such
expect_status 127

it 'refuses a bad id'
run agent-flow step 'a b' true
expect_status 125
run agent-flow step ../a true
expect_status 125
run agent-flow step a
expect_status 125
expect_err_has 'an id and a command are needed'

it 'passes an argument on as it is'
# shellcheck disable=SC1003 # it is no attempt to escape
odd='$(touch evil) "`x`'"'"' %n
 \'
run agent-flow step odd printf '%s' "$odd"
expect_ok [ "$(cat "$T_DIR/out")" = "$odd" ]
expect_not [ -e evil ]

it 'tells a result that is none'
echo '{"result":"ok"}' >$result
run agent-flow step a count 1
expect_status 125
expect_err_has 'is no result of a step'

it 'writes down what happens'
run jq -c 'select(.task == "t") | [.type, .data.reason, .data.status]' \
	.agent/journal.ndjson
expect_out '["progress",null,null]
["result","errored",124]'

it 'does not retry what has failed, but what has errored'
run agent-flow step --retries 2 --delay 1ms no false
expect_status 1
run agent-flow step --retries 2 --delay 1ms err sh -c 'exit 74'
expect_status 74
expect_ok jq -es 'map(.attempt) == [1, 3]' .agent/flows/steps/steps/no/result.json \
	.agent/flows/steps/steps/err/result.json

it 'keeps what the last ten attempts have printed'
for i in 1 2 3 4 5 6 7 8 9 10 11; do
	agent-flow step --force -q ten echo $i
done
expect_not [ -e .agent/flows/steps/steps/ten/1 ]
expect_ok [ -e .agent/flows/steps/steps/ten/2/stdout ]

it 'does again what was cancelled, when it is asked for'
: >.agent/flows/steps/steps/ten/cancel
run agent-flow step ten echo other
expect_status 0
expect_out other

done_testing
