#!/bin/sh
# agent-ask --resume: a batch that was killed goes on, and what was answered is
# not paid for again.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
AGENT_MODEL=test/x
export AGENT_MODEL

# tasks N: that many, with ids and something unknown.
tasks() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"id\":\"t%d\",\"prompt\":\"say %d\",\"x\":[%d]}\n", i, i, i }'
}

it 'asks nothing again that a file of results has'
model_server -e '{"match":"say 7\"","status":500,"body":{}}' \
	-e '{"echo":true}'
tasks 20 >in
run agent-ask -j 3 --retries 0 --resume results <in
expect_status 1
before=$(wc -l <"$MODEL_LOG")
printf '{"torn' >>results
run agent-ask -j 3 --retries 0 --resume results <in
expect_status 1
[ "$(wc -l <"$MODEL_LOG")" -eq $((before + 1)) ] || fail 'it asked more'
expect_json 'length == 20 and .[0].data.text == "say 1"'
run jq -es 'length == 19' results
expect_status 0

it 'pays nothing twice when it is killed'
model_server -e '{"match":"hang","stall":-1}' -e '{"echo":true,"delay":0.005}'
tasks 400 >in
agent-ask -j 8 --resume killed <in >out &
pid=$!
await 20 test -s killed
kill -9 "$pid"
wait "$pid" 2>/dev/null
have=$(grep -c '}$' killed)
before=$(wc -l <"$MODEL_LOG")
run agent-ask -j 8 --resume killed <in
expect_status 0
expect_json 'length == 400'
[ $(($(wc -l <"$MODEL_LOG") - before)) -le $((400 - have)) ] ||
	fail 'it asked again what it had'

it 'keeps what waits for its turn when it is killed'
model_server -e '{"match":"say 1\"","times":1,"stall":-1}' -e '{"echo":true}'
tasks 8 >in
agent-ask -j 4 --resume turn <in >out &
pid=$!
# shellcheck disable=SC2016
await 20 sh -c '[ "$(wc -l <turn)" -eq 7 ]'
kill -9 "$pid"
wait "$pid" 2>/dev/null
[ ! -s out ] || fail 'out of order'
run agent-ask -j 4 --resume turn <in
expect_json '[.[].task] == [range(1;9) | "t\(.)"]'
[ "$(wc -l <"$MODEL_LOG")" -eq 9 ] || fail 'it asked again what it had'

it 'has each answer once after many deaths'
model_server -e '{"echo":true,"delay":0.003}'
tasks 200 >in
for ms in 11 23 37 14 52 19 61 33 17 41; do
	timeout -s KILL "0.0$ms" agent-ask -j 4 --resume often <in >out 2>&1
done
run agent-ask -j 4 --resume often <in
expect_status 0
expect_json 'length == 200 and ([.[].task] | unique | length) == 200'
[ "$(wc -l <often)" -eq 200 ] || fail 'the file has some twice'
[ "$(wc -l <"$MODEL_LOG")" -le 244 ] || fail 'it asked again what it had'

it 'says when the file cannot be written'
run sh -c 'trap "" XFSZ; ulimit -f 2; exec agent-ask --resume full <in'
expect_status 74
run agent-ask -j 2 --resume /dev/full <in
expect_status 73

it 'shares no file of results'
run flock often agent-ask -j 1 --resume often <in
expect_status 75

done_testing
