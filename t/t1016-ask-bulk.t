#!/bin/sh
# agent-ask --batch-api: a stream of tasks by a vendor's batch endpoint; none
# is handed in twice, whenever we are killed.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
AGENT_MODEL=test/x
export AGENT_MODEL

serve() {
	[ -z "${MODEL_PID:-}" ] || kill "$MODEL_PID"
	model_server "$@" -e '{"match":"say 3","status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"bad thing"}}}' \
		-e '{"match":"person","text":"{\"name\":\"Eve\"}"}' \
		-e '{"match":"long","text":"x","finish":"length"}' \
		-e '{"echo":true}'
	rm -f state
}

# posts PATTERN: so many requests that make something.
posts() {
	jq -c 'select(.method == "POST") | .path' "$MODEL_LOG" | grep -c "$1"
}

check_vendor() {
	it "$1: hands in one batch, answers in order"
	serve
	model_provider "$1" "$MODEL_URL/v1" 'model: x'
	for i in 1 2 3 4; do
		echo "{\"id\":\"t$i\",\"prompt\":\"say $i\",\"x\":[$i]}"
	done >in
	run agent-ask --batch-api --resume state -s rules -o max_tokens 9 <in
	expect_status 1
	expect_err ''
	expect_json 'length == 4 and [.[].task] == ["t1","t2","t3","t4"] and
		[.[].type] == ["result","result","error","result"] and
		.[1].data.text == "say 2" and .[1].data.task.x == [2] and
		.[1].data.status == 0 and .[1].data.usage.output_tokens == 5'
	expect_json '.[2].data.kind == "request" and
		(.[2].data.message | test("bad thing"))'
	[ "$(posts batches)" -eq 1 ] || fail "$(posts batches) batches"

	it "$1: goes on with the same tasks, pays nothing twice"
	run agent-ask --batch-api --resume state -s rules -o max_tokens 9 <in
	expect_status 1
	expect_json 'length == 4 and .[0].data.text == "say 1"'
	[ "$(posts batches)" -eq 1 ] || fail "$(posts batches) batches"
	n=$(agent-budget --json calls | wc -l)
	[ "$n" -eq 1 ] || fail "booked $n times"

	it "$1: does not take other tasks for the same"
	sed 's/say 2/say two/' in >other
	run agent-ask --batch-api --resume state -s rules -o max_tokens 9 <other
	expect_status 65
	expect_err_has 'belongs to another batch'

	it "$1: comes back when the time is over"
	rm state
	run agent-ask --batch-api --resume state --timeout 1ms <in
	expect_status 75
	expect_err_has 'come again'
	run agent-ask --batch-api --resume state <in
	expect_status 1
	expect_json 'length == 4'

	it "$1: finds the batch whose number it never heard"
	serve -e "{\"match\":\"POST /v1/$2\",\"times\":1,\"mute\":true}"
	model_provider "$1" "$MODEL_URL/v1"
	background sh -c 'exec agent-ask --batch-api --resume state <in >out'
	pid=$!
	await 20 grep -q "/v1/$2" "$MODEL_LOG"
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	expect_ok grep -q mark state
	expect_not grep -q '"batch"' state
	run agent-ask --batch-api --resume state <in
	expect_status 1
	expect_json 'length == 4 and .[3].data.text == "say 4"'
	[ "$(posts "/v1/$2")" -eq 1 ] || fail "$(posts "/v1/$2") batches"

	it "$1: hands it in when that was not done"
	serve -e "{\"match\":\"POST /v1/$2\",\"times\":1,\"status\":500,\"body\":{}}"
	model_provider "$1" "$MODEL_URL/v1"
	run agent-ask --batch-api --resume state <in
	expect_status 69
	run agent-ask --batch-api --resume state <in
	expect_status 1
	expect_json 'length == 4'

	it "$1: is killed anywhere"
	serve
	model_provider "$1" "$MODEL_URL/v1"
	for ms in 0 5 10 15 20 30 40 60 100 300; do
		timeout -s KILL "$(awk "BEGIN { print $ms / 1000 + 0.001 }")" \
			agent-ask --batch-api --resume state <in >out 2>err
	done
	run agent-ask --batch-api --resume state <in
	expect_status 1
	expect_json 'length == 4'
	[ "$(posts "/v1/$2")" -eq 1 ] || fail "$(posts "/v1/$2") batches"

	it "$1: says what has no result, and what is no task"
	printf '%s\n' '{"prompt":"forgotten"}' '{"no":1}' garbage \
		'{"prompt":"long"}' '{"prompt":"b","model":"other/y"}' >odd
	rm -f state
	run agent-ask --batch-api --resume state <odd
	expect_status 65
	expect_json '[.[].data.status] == [69,65,4,65]'
	expect_err_has 'line 3: not JSON'
}

check_vendor chat batches
rm -rf "$HOME/.local"
check_vendor messages messages/batches

it 'checks the schema, and fills templates'
serve
echo 'prompt: person $input' >t.yaml
printf 'a\nb\n' >in
run agent-ask --batch-api --resume state --lines --schema name -t ./t.yaml <in
expect_status 0
expect_json '.[1].data.value == {name:"Eve"}'
run agent-ask --batch-api --resume state2 --lines --schema age -t ./t.yaml <in
expect_status 1
expect_json '.[0].data.status == 65'

it 'is leased before, and costs half the price'
printf 'a\nb\n' >in
run agent-budget set '2000 tokens/day'
run agent-ask --batch-api --resume s4 --lines <in
expect_status 5
run agent-ask --batch-api --resume s4 --lines -o max_tokens 500 <in
expect_status 0
run agent-budget unset tokens/day
printf 'prices:\n- { model: test/y, input: 1000000, output: 1000000 }\n' \
	>"$HOME/.config/agent/prices.yaml"
run agent-ask --batch-api --resume s5 --lines -m test/y <in
expect_status 0
run agent-budget --json calls
expect_json '.[0] | .model == "test/y" and .input_tokens == 14 and
	.output_tokens == 10 and .usd == 12'

it 'refuses what does not go with it'
run agent-ask --batch-api <in
expect_status 2
run agent-ask --batch-api --resume s -j 3 <in
expect_status 2
run flock state agent-ask --batch-api --resume state --lines <in
expect_status 75
model_provider ollama "$MODEL_URL"
run agent-ask --batch-api --resume s3 --lines <in
expect_status 78

done_testing
