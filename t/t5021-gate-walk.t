#!/bin/sh
# agent-gate alone on a terminal walks through what is open.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need script
mkdir .agent
echo 'create table t (x);' >schema.sql
# walk LINE...: what is typed
walk() {
	printf '%s\n' "$@" >typed
	run env TERM=dumb script -qec agent-gate /dev/null <typed
}
# put ARG...: a question that nobody waits for
put() {
	agent-gate ask --wait 0 "$@" >/dev/null 2>&1
}
# answers: of all, in order
answers() {
	agent-gate list --all --json |
		jq -r '[.state, .answer, .message] | join("|")'
}

it 'says that there is nothing'
walk q
expect_out_has 'no open questions'

it 'takes words with an answer, and free text as a whole'
put 'Approve the schema?' -o approve -o modify --show schema.sql
put --kind user_input 'Which server?'
walk 'maybe' 'modify: but rename it' 'http://localhost:8080/x'
expect_out_has 'create table t (x);'
expect_out_has "'maybe' is not one of"
run answers
expect_out 'answered|modify|but rename it
answered|http://localhost:8080/x|'

it 'skips, goes on after one that cannot be answered, and ends'
put 'One?'
put 'Two?' --show schema.sql
put 'Three?'
put 'Four?'
echo 'drop table t;' >schema.sql
walk s approve deny q
run answers
expect_out 'answered|modify|but rename it
answered|http://localhost:8080/x|
open||
open||
answered|deny|
open||'

it 'shows nothing that steers a terminal'
put "$(printf 'Red\033[31m?\033]0;title\007')"
walk s s s s
expect_not grep -q 'title\|31m' "$T_DIR/out"

done_testing
