#!/bin/sh
# agent-ask with a stream of tasks: every task has one answer, in order, and
# none is asked twice.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"slow","delay":0.3,"echo":true}' \
	-e '{"match":"bad","status":400,"body":{"error":{"message":"bad"}}}' \
	-e '{"match":"once","times":1,"status":500,"body":{}}' \
	-e '{"match":"hang","stall":-1}' -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

# tasks N: that many, with ids and something unknown.
tasks() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"id\":\"t%d\",\"prompt\":\"say %d\",\"x\":[%d]}\n", i, i, i }'
}

it 'answers each, in order, with what came along'
tasks 300 >in
run agent-ask -j 20 <in
expect_status 0
expect_err ''
expect_json 'length == 300 and [.[].task] == [range(1;301) | "t\(.)"]'
expect_json 'all(.[]; .type == "result" and .data.status == 0 and
	.data.text == "say \(.data.task.x[0])")'

it 'is what --format ndjson means without a prompt'
run agent-ask --format ndjson <in
expect_status 0
expect_json 'length == 300'

it 'asks over few connections'
curl -s "$MODEL_URL/-/stats" >stats
jq -e '.requests >= 600 and .connections < 60' stats >/dev/null ||
	fail "$(cat stats)"

it 'gives answers as they come, when asked'
{
	echo '{"id":"a","prompt":"slow"}'
	tasks 3
} >in
run agent-ask -j 4 --unordered <in
expect_json '.[-1].task == "a" and length == 4'
run agent-ask -j 4 <in
expect_json '.[0].task == "a" and length == 4'

it 'takes plain lines'
printf 'one\n\ntwo "2"\n' >in
run agent-ask --lines <in
expect_json '[.[].data.text] == ["one","two \"2\""]'

it 'takes records, and keeps their attributes'
echo '{"specversion":"1.0","id":"r1","source":"/u","type":"task","run":"R",
	"data":{"prompt":"hi","label":7}}' | tr -d '\n' >in
run agent-ask -j 1 <in
expect_json '.[0] | .corr == "r1" and .run == "R" and
	.data.task == {label:7} and .data.text == "hi"'

it 'asks the model that a task or its route names'
{
	echo '{"prompt":"hi","model":"test/a"}'
	echo '{"prompt":"hi","route":{"model":"test/b"}}'
	echo '{"messages":[{"role":"user","content":"m"}],"options":{"seed":4}}'
} | agent-ask -j 1 -o top_p 1 -s rules >out
tail -n 3 "$MODEL_LOG" >last
run jq -es '[.[].body.model] == ["a","b","x"] and
	.[0].body.messages[0] == {role:"system",content:"rules"} and
	.[2].body.seed == 4 and .[2].body.top_p == 1 and
	.[2].body.messages == [{role:"user",content:"m"}]' last
expect_status 0

it 'goes on after a task that fails, and says so'
{
	echo '{"id":"b","prompt":"bad"}'
	echo '{"id":"o","prompt":"once"}'
	echo '{"id":"g","prompt":"good"}'
} >in
run agent-ask -j 1 <in
expect_status 1
expect_json '[.[] | select(.type != "model.retry") | .type] ==
	["error","result","result"] and .[0].data.message ==
	"test/x: HTTP 400: bad"'

it 'goes on after a line that is no task'
printf 'garbage\n{"x":1}\n{"prompt":"good"}\n' >in
run agent-ask -j 1 <in
expect_status 65
expect_err_has 'line 1: not JSON'
expect_json '.[0].type == "error" and .[-1].data.text == "good"'

it 'gives up at what every task would meet'
kill "$MODEL_PID"
model_server -k other
tasks 500 >in
run agent-ask -j 2 <in
expect_status 77
[ "$(wc -l <"$MODEL_LOG")" -le 4 ] || fail 'it went on asking'
expect_json '.[-1].type == "error"'

kill "$MODEL_PID"
model_server -e '{"match":"hang","stall":-1}' \
	-e '{"match":"big","tokens":3000,"delay":0.2}'
it 'fails nothing because of a reader that takes long'
yes big | head -n 60 >in
run sh -c 'agent-ask --lines -j 20 --timeout 1s <in |
	perl -e "select undef, undef, undef, 2; print <STDIN>"'
expect_json 'length == 60 and all(.[]; .type == "result")'

it 'ends by a signal'
echo '{"prompt":"hang"}' >in
asked=$(wc -l <"$MODEL_LOG")
background sh -c 'exec agent-ask -j 1 <in >out'
pid=$!
await 20 sh -c "[ \$(wc -l <'$MODEL_LOG') -gt $asked ]"
kill -TERM "$pid"
wait "$pid"
status=$?
expect_status 143

it 'refuses prompts beside a stream'
run agent-ask -j 2 hello
expect_status 2

done_testing
