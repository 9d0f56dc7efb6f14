#!/bin/sh
# agent-ask --batch-api: what a batch did not answer is handed in again, and no
# more than that.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
AGENT_MODEL=test/x
export AGENT_MODEL

serve() {
	[ -z "${MODEL_PID:-}" ] || kill "$MODEL_PID"
	model_server -e '{"match":"say 3","times":1,"status":500,"body":{"type":"error","error":{"type":"api_error","message":"passes"}}}' \
		-e '{"match":"say 4","status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"bad thing"}}}' \
		-e '{"match":"does not fit","text":"{\"name\":\"Eve\"}"}' \
		-e '{"match":"mend","text":"{\"nom\":\"Eve\"}"}' \
		-e '{"match":"person","text":"{\"name\":\"Bob\"}"}' \
		-e '{"echo":true}'
	rm -f state
}

# posts PATTERN: so many requests that make something.
posts() {
	jq -c 'select(.method == "POST") | .path' "$MODEL_LOG" | grep -c "$1"
}

check_vendor() {
	it "$1: asks again what failed for a while, alone"
	serve
	model_provider "$1" "$MODEL_URL/v1"
	for i in 1 2 3 4; do
		echo "{\"id\":\"t$i\",\"prompt\":\"say $i\"}"
	done >in
	run agent-ask --batch-api --resume state <in
	expect_status 1
	expect_json '[.[].task] == ["t1","t2","t3","t4"] and
		[.[].type] == ["result","result","result","error"] and
		.[2].data.text == "say 3"'
	[ "$(posts "/v1/$2")" -eq 2 ] || fail "$(posts "/v1/$2") batches"
	[ "$(grep -c '"mark"' state)" -eq 2 ] || fail 'no second round'
	run agent-ask --batch-api --resume state <in
	expect_json '.[2].data.text == "say 3" and .[3].type == "error"'
	[ "$(posts "/v1/$2")" -eq 2 ] || fail "$(posts "/v1/$2") batches"
	n=$(agent-budget --json calls | wc -l)
	[ "$n" -eq 2 ] || fail "booked $n times"

	it "$1: does not, when told"
	serve
	model_provider "$1" "$MODEL_URL/v1"
	run agent-ask --batch-api --resume state --retries 0 <in
	expect_json '.[2].type == "error" and .[2].data.kind == "server"'
	[ "$(posts "/v1/$2")" -eq 1 ] || fail "$(posts "/v1/$2") batches"

	it "$1: gives up in the end"
	rm state
	echo '{"prompt":"forgotten"}' >lost
	run agent-ask --batch-api --resume state --retries 1 <lost
	expect_json '.[0].data.status == 69'
	[ "$(grep -c '"mark"' state)" -eq 2 ] || fail 'not two rounds'

	it "$1: sends back what does not fit"
	rm state
	printf 'mend\nperson\n' >fits
	run agent-ask --batch-api --resume state --schema name --lines <fits
	expect_status 0
	expect_json '[.[].data.value.name] == ["Eve","Bob"]'
	run agent-ask --batch-api --resume state2 --schema name --lines \
		--schema-retries 0 <fits
	expect_status 1
	expect_json '.[0].data.status == 65 and .[1].data.value.name == "Bob"'
	rm state2

	it "$1: is killed in any round"
	serve
	model_provider "$1" "$MODEL_URL/v1"
	for ms in 5 20 60 100 300 1100 1200; do
		timeout -s KILL "$(awk "BEGIN { print $ms / 1000 }")" \
			agent-ask --batch-api --resume state <in >out 2>err
	done
	run agent-ask --batch-api --resume state <in
	expect_json 'length == 4 and .[2].data.text == "say 3"'
	[ "$(posts "/v1/$2")" -eq 2 ] || fail "$(posts "/v1/$2") batches"
	rm -rf "$HOME/.local"
}

check_vendor chat batches
check_vendor messages messages/batches

it 'sends a file again that did not get through'
serve
kill "$MODEL_PID"
model_server -e '{"match":"POST /v1/files","times":1,"status":500,"body":{}}' \
	-e '{"echo":true}'
MODEL_PID=
rm -f state
run agent-ask --batch-api --resume state <in
expect_status 0
expect_json 'length == 4 and .[3].data.text == "say 4"'
[ "$(posts files)" -eq 2 ] || fail "$(posts files) files"

it 'leaves nothing beside the file of state'
run ls -A
expect_out_lacks spool

done_testing
