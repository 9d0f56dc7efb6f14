#!/bin/sh
# agent-ask --embed: a vector for each text, in order, many to a request.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"toolong","status":400,"body":{"error":{"code":"context_length_exceeded","message":"too long"}}}' \
	-e '{"match":"once","times":1,"status":500,"body":{}}' \
	-e '{"match":"denied","status":401,"body":{}}' \
	-e '{"match":"fewer","headers":{"content-type":"application/json"},"status":200,"body":{"data":[{"index":0,"embedding":[1]}]}}' \
	-e '{"match":"strange","status":200,"body":{"data":[{"index":0,"embedding":"AAAA"}]}}' \
	-e '{"match":"turned","status":200,"body":{"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":[0.5]}]}}'

requests() {
	wc -l <"$MODEL_LOG"
}

it 'gives a vector for each text, with all that came along'
printf '%s\n' '{"id":12345678901234567890,"text":"four","x":[1, 2]}' '' \
	'{ "text": "sixsix", "embedding": "old" }' >in
run agent-ask --embed -m test/e <in
expect_status 0
expect_out '{"id":12345678901234567890,"text":"four","x":[1, 2],"embedding":[4,0,1],"model":"test/e"}
{ "text": "sixsix","embedding":[6,1,1],"model":"test/e"}'
tail -n 1 "$MODEL_LOG" >sent
run jq -e '.path == "/v1/embeddings" and
	.body == {model:"e",input:["four","sixsix"]}' sent
expect_status 0

it 'takes plain lines, and parameters'
printf 'one\n"two\n' | agent-ask --embed --lines -m test/e -o dimensions 3 >out
jq -es '.[1] == {text:"\"two",embedding:[4,1,1],model:"test/e"}' out \
	>/dev/null || fail "$(cat out)"
tail -n 1 "$MODEL_LOG" | jq -e '.body.dimensions == 3' >/dev/null ||
	fail 'no dimensions'

it 'takes records'
echo '{"specversion":"1.0","id":"1","source":"/a","type":"x","data":{"text":"abc","k":1}}' |
	agent-ask --embed -m test/e >out
jq -e '.id == "1" and .data == {text:"abc",k:1,embedding:[3,0,1],model:"test/e"}' \
	out >/dev/null || fail "$(cat out)"

it 'asks for many at once, in order'
awk 'BEGIN { for (i = 0; i < 1000; i++) { s = s "x"; print s } }' >in
before=$(requests)
run agent-ask --embed --lines -j 3 --json -m test/e <in
expect_status 0
expect_json 'length == 1001 and ([.[:1000][].embedding[0]] ==
	[range(1; 1001)]) and .[-1].type == "result" and
	.[-1].data.count == 1000 and .[-1].data.usage.input_tokens == 1000'
[ $(($(requests) - before)) -lt 40 ] || fail "$(requests) requests"

it 'tries again'
echo once | agent-ask --embed --lines -m test/e >out
status=$?
expect_status 0

it 'puts vectors in order that come in another'
printf 'turned\nb\n' | agent-ask --embed --lines -m test/e >out
jq -es '[.[].embedding[0]] == [0.5,1]' out >/dev/null || fail "$(cat out)"

it 'finds the one text that is too long'
awk 'BEGIN { for (i = 0; i < 50; i++) print i == 17 ? "toolong" : "ok" }' >in
run agent-ask --embed --lines -m test/e <in
expect_status 1
expect_json 'length == 50 and .[17].error.kind == "context" and
	([.[] | select(.embedding)] | length) == 49 and .[16].embedding'

it 'goes on after a line without a text'
printf '{"text":"a"}\n{"no":1}\ngarbage\n{"text":"b"}\n' >in
run agent-ask --embed -m test/e <in
expect_status 65
expect_json 'length == 2'
expect_err_has "line 2: no 'text'" 'line 3: not JSON'

it 'gives up where nothing helps, and when vectors are none'
echo denied >in
run agent-ask --embed --lines -m test/e <in
expect_status 77
printf 'fewer\nb\n' >in
run agent-ask --embed --lines -m test/e <in
expect_status 76
expect_out ''
echo strange >in
run agent-ask --embed --lines -m test/e <in
expect_status 76
run agent-ask --embed --lines -m test/e,test/f <in
expect_status 78

it 'is booked'
export XDG_STATE_HOME="$PWD/state"
echo x | agent-ask --embed --lines -m test/e >out
run agent-budget --json
expect_out_has '"calls":1' '"model":"test/e"'
unset XDG_STATE_HOME

it 'takes from the cache what was asked'
printf 'kept\n' >in
agent-ask --embed --lines --cache -m test/e <in >out
before=$(requests)
run agent-ask --embed --lines --cache -m test/e <in
expect_ok cmp out "$T_DIR/out"
[ "$(requests)" -eq "$before" ] || fail 'asked again'

it 'speaks to ollama, and not to what has no vectors'
model_provider ollama "$MODEL_URL"
run agent-ask --embed --lines -m test/e <in
expect_status 0
expect_json '.[0].embedding == [4,0,1]'
model_provider messages "$MODEL_URL/v1"
run agent-ask --embed --lines -m test/e <in
expect_status 78
run agent-ask --embed --lines <in
expect_status 2

it 'is an embedder for agent-mem'
model_provider chat "$MODEL_URL/v1"
export AGENT_MEMORY="$PWD/m.db"
agent-mem add 'alpha beta gamma' >id
agent-mem add 'x' >id2
run agent-mem embed --embedder 'agent-ask --embed -m test/e'
expect_status 0
run agent-mem search --embedder 'agent-ask --embed -m test/e' --format ndjson \
	'omega omicron pi'
expect_status 0
expect_err ''
expect_out_has "$(cat id)"

done_testing
