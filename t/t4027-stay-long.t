#!/bin/sh
# agent-spawn --stay: a conversation that never ends does not grow for ever.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n  limits: {context: 120}\n' \
	>agents.yaml
mkdir -m 700 .agent
{
	answer '.messages[-1].content | test("Write a brief")' 'the brief'
	answer '.messages[-1].content | test("xxxx")' 'long'
	answer '[.messages[] | select(.role == "user")] |
		length == 2 and (.[0].content | test("the brief")) and
		(.[1].content | test("second"))' 'second'
	answer '.messages[-1].content | test("third")' 'third'
} >rec
head -c 5000000 /dev/zero | tr '\0' x >long
stay() {
	run agent-spawn --stay dev --idle-exit 0 --format ndjson
	expect_status 0
}

it 'hands over between two messages'
agent-send dev - <long >/dev/null || fail 'not sent'
stay
first=$(cat .agent/stay/dev)
agent-send dev second >/dev/null
stay
expect_json 'map(.type) | index("agent.handover") != null'
expect_json '.[-2].data.text == "second"'

it 'and goes on in a run with what was said since'
second=$(cat .agent/stay/dev)
[ "$second" != "$first" ] || fail 'the same run'
[ "$(wc -c <".agent/runs/$second/conversation.ndjson")" -lt 100000 ] ||
	fail 'all of it is still there'
agent-send dev third >/dev/null
stay
expect_json '.[-2].data.text == "third"'
[ "$(cat .agent/stay/dev)" = "$second" ] || fail 'yet another run'

done_testing
