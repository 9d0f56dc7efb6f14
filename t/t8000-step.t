#!/bin/sh
# agent-flow step: done once, redone when what decides it has changed.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
. "$T_SRC/t/step.sh"

it 'runs a step and prints what it printed'
run agent-flow step a count 1
expect_status 0
expect_out 'out 1'
expect_err 'err 1'
expect_runs 1

it 'does not run it again, and prints the same'
run agent-flow step a count 1
expect_status 0
expect_out 'out 1'
expect_err 'err 1'
expect_runs 0

it 'is quiet when asked to'
run agent-flow step -q a count 1
expect_out ''
expect_err ''

it 'runs it again when its arguments have changed'
run agent-flow step a count 2
expect_out 'out 2'
expect_runs 1
run agent-flow step a count 1
expect_runs 1

it 'runs it again when an input has changed'
echo one >in
run agent-flow step -i in a count
run agent-flow step -i in a count
expect_runs 1
echo two >in
run agent-flow step -i in a count
expect_runs 1
touch -d '1 day ago' in
run agent-flow step -i in a count
expect_runs 0

it 'wants its inputs'
run agent-flow step -i none a count
expect_status 125
expect_err "agent-flow: cannot open 'none': No such file or directory"
expect_runs 0

it 'runs it again when what it reads has changed'
echo one | run agent-flow step --stdin - s cat
echo one | run agent-flow step --stdin - s cat
expect_out one
echo two >in
run agent-flow step --stdin in s cat
expect_out two

it 'runs it again when its environment has changed'
run agent-flow step -e V=1 e sh -c 'echo $V'
run agent-flow step -e V=2 e sh -c 'echo $V'
expect_out 2
run env V=3 agent-flow step -e V e sh -c 'echo $V'
expect_out 3

it 'runs it again when a file that it made has changed'
run agent-flow step -o made o sh -c 'echo x | tee -a n >made'
run agent-flow step -o made o sh -c 'echo x | tee -a n >made'
expect_ok [ "$(wc -l <n)" -eq 1 ]
echo y >made
run agent-flow step -o made o sh -c 'echo x | tee -a n >made'
rm made
run agent-flow step -o made o sh -c 'echo x | tee -a n >made'
expect_ok [ "$(wc -l <n)" -eq 3 ]

it 'fails when it has not made that'
run agent-flow step -o never p true
expect_status 1
expect_err "agent-flow: 'p' failed: it left no 'never'"

done_testing
