#!/bin/sh
# agent-ask --cache: what is asked several times at once is sent once.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"slow","echo":true,"delay":0.3}' \
	-e '{"match":"never","times":1,"stall":-1}' \
	-e '{"match":"long","text":"too long","finish":"length"}' \
	-e '{"match":"fails","status":400,"body":{"error":{"message":"no"}}}' \
	-e '{"match":"does not fit","text":"{\"name\":\"Eve\"}"}' \
	-e '{"match":"mend","text":"{\"nom\":\"Eve\"}"}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

# same N TEXT: so many tasks.
same() {
	yes "$2" | head -n "$1"
}

it 'asks once for a batch of the same'
same 200 'slow one' >in
asked 1 agent-ask --cache --lines -j 50 <in
expect_status 0
expect_json 'length == 200 and all(.[]; .data.text == "slow one") and
	([.[] | select(.data.cached | not)] | length) == 1'

it 'tells different ones apart'
{ same 20 a; same 20 b; same 20 a; } >in
asked 2 agent-ask --cache --lines -j 60 <in
expect_json 'length == 60 and .[0].data.text == "a" and .[20].data.text == "b"'

it 'asks anew once with --cache=renew'
same 20 'slow one' >in
asked 1 agent-ask --cache=renew --lines -j 20 <in
expect_status 0

it 'waits for the answer that fits in the end'
same 10 mend >in
asked 2 agent-ask --cache --schema name --lines -j 10 <in
expect_status 0
expect_json 'length == 10 and all(.[]; .data.value == {name:"Eve"})'

it 'asks for each what has no answer to keep'
same 6 fails >in
asked 6 agent-ask --cache --lines -j 6 <in
expect_status 1
same 6 'long' >in
asked 6 agent-ask --cache --lines -j 6 <in
expect_json 'length == 6 and all(.[]; .data.status == 4)'

it 'goes on when it has waited for nothing'
model_provider chat "$MODEL_URL/v1" 'timeouts: { first_byte: 500ms }'
same 4 'never' >in
asked 4 agent-ask --cache --lines -j 4 --retries 0 <in
expect_status 1
expect_json '[.[].type] | sort == ["error","result","result","result"]'

it 'asks once for many processes'
before=$(wc -l <"$MODEL_LOG")
pids=
for i in 1 2 3 4 5 6 7 8; do
	agent-ask --cache 'slow for many' >"o$i" &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
for i in 1 2 3 4 5 6 7 8; do
	expect_file "o$i" 'slow for many'
done
[ $(($(wc -l <"$MODEL_LOG") - before)) -eq 1 ] || fail 'asked more than once'

it 'does not wait for what another has asked in vain'
model_server -e '{"match":"fails","status":400,"body":{"error":{"message":"no"}}}' \
	-e '{"match":"hang","stall":-1}' -e '{"echo":true}'
printf 'fails\nhang\nlast\n' >in
background sh -c 'exec agent-ask --cache --lines -j 3 --unordered <in >out'
pid=$!
await 20 grep -q last out
run agent-ask --cache --timeout 10s fails
expect_status 65
kill "$pid"

it 'takes the place of a process that was killed'
model_server -e '{"match":"hang","times":1,"stall":-1}' -e '{"echo":true}'
background agent-ask --cache hang
pid=$!
await 20 grep -q hang "$MODEL_LOG"
agent-ask --cache hang >second &
other=$!
kill -9 "$pid"
wait "$other" || fail "status $?"
expect_file second hang

done_testing
