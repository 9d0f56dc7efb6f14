#!/bin/sh
# agent-ask with a program in the place of a server: agent-provider(5).
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need jq
# shellcheck source=t/exec.sh
. "$T_SRC/t/exec.sh"

it 'gives the program the request, and writes what it says'
program 'cat >asked' \
	'echo "{\"type\":\"model.delta\",\"data\":{\"reasoning\":\"hm\"}}"' \
	'echo "{\"type\":\"model.delta\",\"data\":{\"text\":\"one \"}}"' \
	'echo "{\"type\":\"unheard.of\"}"' \
	'echo "{\"type\":\"model.delta\",\"data\":{\"text\":\"two\"}}"' \
	'echo "{\"type\":\"result\",\"data\":{\"text\":\"one two\",\"usage\":{\"input_tokens\":3,\"output_tokens\":2,\"cost_usd\":0.5}}}"'
run agent-ask -s rules -o max_tokens 5 hi
expect_status 0
expect_out 'one two'
run jq -e '. == {messages:[{role:"system",content:"rules"},
	{role:"user",content:"hi"}],options:{max_tokens:5},stream:true}' asked
expect_status 0
run agent-ask --json -m prog/small hi
expect_json '.[0].data.reasoning == "hm" and .[-1].data.text == "one two" and
	.[-1].data.usage.cost_usd == 0.5 and .[-1].data.model == "prog/small"'
run jq -e '.model == "small"' asked
expect_status 0

it 'calls tools, tells a limit and a refusal'
program 'echo "{\"type\":\"result\",\"data\":{\"message\":{\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\\\"a\\\\\":1}\"}}]}}}"'
run agent-ask --json hi
expect_json '.[-1].data | .finish == "tool_calls" and
	.message.tool_calls[0].function == {name:"f",arguments:"{\"a\":1}"}'
program 'echo "{\"type\":\"result\",\"data\":{\"text\":\"x\",\"finish\":\"length\"}}"'
run agent-ask hi
expect_status 4
program 'echo "{\"type\":\"result\",\"data\":{\"finish\":\"refused\"}}"'
run agent-ask hi
expect_status 3

it 'takes no answer without its end for one'
program 'echo "{\"type\":\"model.delta\",\"data\":{\"text\":\"part\"}}"'
run agent-ask hi
expect_status 76
expect_out part
program 'exit 0'
run agent-ask --retries 0 hi
expect_status 76
program 'echo hello'
run agent-ask --retries 0 hi
expect_status 76
program 'printf "{\"type\":\"result\",\"data\":{\"text\":\"cut"'
run agent-ask --retries 0 hi
expect_status 76

it 'takes a whole answer, whatever the program does then'
program 'echo "{\"type\":\"result\",\"data\":{\"text\":\"all\"}}"' 'exit 9'
run agent-ask hi
expect_status 0
program 'sleep 1000 & echo $! >left' \
	'echo "{\"type\":\"result\",\"data\":{\"text\":\"all\"}}"' \
	'exec sleep 1000'
run agent-ask hi
expect_status 0
expect_out all
expect_ok await 10 gone "$(cat left)"

it 'runs one that fails again'
program 'echo x >>tries; exit 3'
run agent-ask --retries 1 hi
expect_status 69
expect_err 'agent-ask: prog/prog: the program ended with status 3'
[ "$(wc -l <tries)" -eq 2 ] || fail "$(wc -l <tries) tries"
program 'kill -9 $$'
run agent-ask --retries 0 hi
expect_err_has 'killed by signal 9'

it 'knows the errors that it tells'
program 'echo "{\"type\":\"error\",\"data\":{\"kind\":\"rate_limit\",\"status\":75,\"message\":\"later\",\"retry_after\":600}}"'
run agent-ask --json hi
expect_status 75
expect_json '.[-1].data | .kind == "rate_limit" and .retry_after == 600 and
	.message == "prog/prog: later"'
program 'echo "{\"type\":\"error\",\"data\":{\"status\":77,\"message\":\"no\"}}"'
run agent-ask hi
expect_status 77

it 'kills it, and what it started, when the time is over'
program 'trap "" TERM; (trap "" TERM; echo $$ >p1; exec sleep 1000) &' \
	'echo $! >p2; sleep 1000'
run agent-ask --timeout 300ms hi
expect_status 124
expect_ok await 10 gone "$(cat p1)"
expect_ok await 10 gone "$(cat p2)"
MORE='timeouts: { first_byte: 200ms }' program 'exec sleep 1000'
run agent-ask --retries 0 hi
expect_status 124
expect_err_has silent

it 'dies with who asked'
program 'echo $$ >pid; exec sleep 1000'
rm -f pid
background agent-ask hi
pid=$!
await 10 test -s pid
kill -TERM "$pid"
wait "$pid"
status=$?
expect_status 143
expect_ok await 10 gone "$(cat pid)"

it 'answers a stream of tasks, many at once'
program 'exec jq -c "{type:\"result\",data:{text:.messages[0].content}}"'
awk 'BEGIN { for (i = 0; i < 60; i++) print "say " i }' >in
run agent-ask --lines -j 8 <in
expect_status 0
expect_json '[.[].data.text] == [range(60) | "say \(.)"]'

done_testing
