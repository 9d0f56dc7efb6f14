#!/bin/sh
# A workspace of more files than are looked at: told once, not at each command.
. "${0%/*}/lib.sh"
need_sandbox
mkdir ws
(cd ws && seq 1 20100 | xargs touch)

it 'says in the report that not all was looked at'
run agent-sandbox -C ws --report report true
expect_status 0
expect_err ''
expect_ok jq -se 'map(select(.type == "sandbox.taint").data.whole) == [false]' \
	report

it 'says so aloud to whoever asks for more than a warning'
run agent-sandbox -C ws --taint fail true
expect_err_has 'too many files to look at'

it 'says nothing of it where all was looked at'
mkdir small
rm report
run agent-sandbox -C small --report report sh -c 'echo >.envrc'
expect_ok jq -se 'map(select(.type == "sandbox.taint").data.whole) == [true]' \
	report

done_testing
