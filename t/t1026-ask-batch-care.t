#!/bin/sh
# agent-ask with a stream of tasks: what it holds back, what it leases and what
# it says at the end.
# shellcheck disable=SC2317
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
AGENT_MODEL=test/x
export AGENT_MODEL

requests() {
	wc -l <"$MODEL_LOG"
}

# more N: whether there were more than so many requests.
more() {
	[ "$(requests)" -gt "$1" ]
}

it 'asks no further ahead than it can put in order'
model_server -e '{"match":"hang","stall":-1}' -e '{"echo":true}'
{ echo hang; seq 100; } >in
background sh -c 'exec agent-ask --lines -j 2 <in >out'
pid=$!
await 20 more 7 || fail 'it did not go on'
! await 1 more 8 || fail "$(requests) requests"
kill "$pid"
wait "$pid" 2>/dev/null

it 'starts nothing while the server wants to be left alone'
model_server -e '{"match":"limited","times":1,"status":429,"headers":{"retry-after":"1"},"body":{}}' \
	-e '{"echo":true,"delay":0.01}'
{ echo limited; seq 60; } >in
run agent-ask --lines -j 2 --unordered <in
expect_status 0
jq -c '.body.messages[-1].content' "$MODEL_LOG" | grep -n limited |
	tail -n 1 | cut -d : -f 1 >again
[ "$(cat again)" -le 20 ] || fail "asked again as number $(cat again)"

it 'says in its status that an answer was cut by a limit'
model_server -e '{"match":"long","text":"too long","finish":"length"}' \
	-e '{"echo":true}'
printf 'a\nlong\n' >in
run agent-ask --lines <in
expect_status 1
expect_json '.[1].type == "result" and .[1].data.status == 4'

it 'prefers the system message of a task to its own'
printf '%s\n' '{"prompt":"a","system":"mine"}' '{"prompt":"b"}' >in
run agent-ask -j 1 -s ours <in
jq -r '.body.messages[0].content' "$MODEL_LOG" | tail -n 2 >rules
expect_file rules 'mine
ours'

it 'takes from a file of results none that has failed'
printf 'a\nb\n' >in
run agent-ask --lines -j 1 --resume results <in
sed 's/"status":0/"status":4/' results >worse
before=$(requests)
run agent-ask --lines -j 1 --resume worse <in
[ "$(requests)" -eq $((before + 2)) ] || fail 'it took what had failed'

it 'asks for no more tokens than are left'
rm -rf "$HOME/.local"
agent-budget set '700 tokens/day'
run agent-ask -o max_tokens 1000 hi
expect_status 0
tail -n 1 "$MODEL_LOG" | jq .body.max_tokens >most
[ "$(cat most)" -lt 700 ] || fail "asked for $(cat most)"
agent-budget unset tokens/day

it 'gives back what was leased while others take long'
model_server -e '{"match":"hang","stall":-1}' -e '{"echo":true}'
rm -rf "$HOME/.local"
agent-budget set '800 tokens/day'
printf 'quick\nhang\n' >in
background sh -c 'exec agent-ask --lines -j 2 --unordered \
	-o max_tokens 300 <in >out'
pid=$!
await 20 grep -q quick out
run agent-ask --timeout 10s -o max_tokens 300 hi
expect_status 0
kill "$pid"

done_testing
