#!/bin/sh
# agent-ask --cache: what was answered is not asked again; nothing but the
# same request is the same, and only whole answers are kept.
#
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"tool","tools":[{"id":"c","name":"f","arguments":"{\"a\":1}"}]}' \
	-e '{"match":"think","reasoning":"hm","text":"so"}' \
	-e '{"match":"long","text":"too long","finish":"length"}' \
	-e '{"match":"cutme","text":"hello there","cut":330,"close":true}' \
	-e '{"match":"does not fit","text":"{\"name\":\"Eve\"}"}' \
	-e '{"match":"mend","text":"{\"nom\":\"Eve\"}"}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

it 'asks once'
asked 1 agent-ask --cache -u hello
expect_err_has '7 tokens in, 5 out; '
asked 0 agent-ask --cache -u hello
expect_status 0
expect_out hello
expect_err_has 'from the cache' '$0.000000'

it 'says so in the record, and that it cost nothing'
asked 0 agent-ask --cache --json hello
expect_json '.[-1].data | .cached and .text == "hello" and .attempts == 0 and
	.usage.cost_usd == 0 and .usage.input_tokens == 7'
expect_json '.[0].type == "model.delta"'

it 'asks as ever without --cache'
asked 1 agent-ask hello

it 'does not care whether the answer streams'
asked 0 agent-ask --cache --no-stream hello

it 'tells apart model, options, system message, files and schema'
echo one >f
printf '\211PNG\r\n\032\n1' >p.png
asked 1 agent-ask --cache -f f -a p.png hello
asked 0 agent-ask --cache -f f -a p.png hello
echo two >f
asked 1 agent-ask --cache -f f -a p.png hello
printf '\211PNG\r\n\032\n2' >p.png
asked 1 agent-ask --cache -f f -a p.png hello
asked 1 agent-ask --cache -m test/y hello
asked 1 agent-ask --cache -o seed 1 hello
asked 1 agent-ask --cache -s rules hello
asked 1 agent-ask --cache --schema-retries 0 --schema 'a' hello

it 'keeps calls of tools and reasoning as they were'
asked 1 agent-ask --cache --json tool
jq -c 'select(.type == "result").data.message' "$T_DIR/out" >first
asked 0 agent-ask --cache --json tool
jq -c 'select(.type == "result").data.message' "$T_DIR/out" >again
expect_ok cmp first again
asked 1 agent-ask --cache think
asked 0 agent-ask --cache --json think
expect_json '.[0].data.reasoning == "hm"'

it 'keeps no answer that is not whole'
asked 1 agent-ask --cache long
expect_status 4
asked 1 agent-ask --cache long
asked 1 agent-ask --cache --retries 0 cutme
expect_status 76
asked 1 agent-ask --cache --retries 0 cutme

it 'keeps the answer that fits the schema in the end, and no other'
asked 1 agent-ask --cache --schema-retries 0 --schema name mend
expect_status 65
asked 2 agent-ask --cache --schema name mend
asked 0 agent-ask --cache --schema name mend
expect_out '{"name":"Eve"}'

it 'works for a stream of tasks'
printf 'a1\na2\na3\na1\n' >in
asked 3 agent-ask --cache -j 1 --lines <in
asked 0 agent-ask --cache --lines <in
expect_json '[.[].data.text] == ["a1","a2","a3","a1"] and
	all(.[]; .data.cached and .data.usage.cost_usd == 0)'

it 'asks nothing with --cache=only'
asked 0 agent-ask --cache=only hello
expect_status 0
asked 0 agent-ask --cache=only never
expect_status 66
expect_err_has 'the cache has no answer'

it 'asks anew with --cache=renew, and for what is too old'
asked 1 agent-ask --cache=renew hello
find "$HOME/.cache/agent/answers" -type f -exec touch -d '2 hours ago' {} +
asked 1 agent-ask --cache=1h hello
asked 0 agent-ask --cache=1h hello

it 'takes what is damaged for nothing'
find "$HOME/.cache/agent/answers" -type f -exec truncate -s 20 {} +
asked 1 agent-ask --cache hello
expect_status 0

it 'is what AGENT_CACHE says'
AGENT_CACHE=yes asked 0 agent-ask hello
AGENT_CACHE=no asked 1 agent-ask hello

it 'refuses what is no way to use it'
run agent-ask --cache=sometimes hi
expect_status 2

done_testing
