#!/bin/sh
# agent-spawn: limits, mistakes, signals, and what the tools cannot see.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml

# A time to sleep that nobody else on this host sleeps.
long=1000.$$

# sleeps TIME: whether somebody sleeps so long.
sleeps() {
	grep -aqsz "^$1\$" /proc/[0-9]*/cmdline
}

it 'ends after so many turns'
calls '' shell '{"command":"true"}' >rec
run agent-spawn --max-turns 3 go
expect_status 4
expect_err 'agent-spawn: not done after 3 turns'
expect_json 'last | .type == "result" and .data.status == 4 and
	.data.reason == "turns" and .data.turns == 3'

it 'ends after so many tokens'
run agent-spawn --max-tokens 200 go
expect_status 4
expect_json 'last.data | .reason == "tokens" and .turns == 2'

it 'counts the tokens where the server does not, and says so'
calls '' shell '{"command":"true"}' | jq -c 'del(.sse[-1])' >rec
run agent-spawn --max-tokens 1500 --max-turns 9 go
expect_status 4
expect_json 'last.data | .reason == "tokens" and .usage.estimated'
expect_json 'map(select(.type == "model.usage").data) |
	all(.estimated) and (map(.input_tokens + .output_tokens) |
	add >= 1500 and (.[:-1] | add) < 1500)'
used=$(jq -s 'last.data.usage.input_tokens' "$T_DIR/out")
run agent-spawn -c --max-turns 1 'go on'
expect_status 4
expect_json "last.data.usage | .input_tokens > $used and .estimated"

it 'adds up what the server says it cost'
calls '' shell '{"command":"true"}' |
	jq -c '.sse[-1].usage += {cost: 0.25}' >rec
run agent-spawn --max-turns 2 go
expect_json 'last.data.usage.cost_usd == 0.5'

it 'takes limits from the agent'
printf 'agents:\n- id: dev\n  model: replay:rec\n  limits: {turns: 1}\n' \
	>limited.yaml
run agent-spawn --agents limited.yaml go
expect_status 4
expect_json 'last.data.turns == 1'

it 'ends in time in the middle of a tool, which dies'
calls '' shell '{"command":"echo $$ >pid; exec sleep '$long'"}' >rec
run agent-spawn --timeout 2s go
expect_status 124
expect_json 'last.data | .status == 124 and .reason == "time"'
expect_not sleeps "$long"

it 'tells the model that a call ran out of time'
{
	calls '(.messages | length) == 2' \
		shell '{"command":"sleep 1000","timeout":1}'
	answer '.messages[3].content | contains("killed: still running")' ok
} >rec
run agent-spawn go
expect_status 0

it 'ends in order on SIGTERM, with everything that it started'
calls '' shell '{"command":"touch started; exec sleep '$long'"}' >rec
agent-spawn go >out.ndjson 2>err &
pid=$!
expect_ok await 20 test -e started
kill -TERM $pid
wait $pid
status=$?
expect_status 143
expect_ok jq -es 'last.data | .status == 143 and .reason == "interrupted"' \
	out.ndjson
expect_not sleeps "$long"

it 'ends when nobody reads any more'
{
	calls '(.messages | length) == 2' shell '{"command":"true"}'
	calls '(.messages | length) == 4' shell '{"command":"touch later"}'
	answer '' end
} >rec
rm -rf .agent
agent-spawn go 2>err | head -1 >/dev/null
expect_ok [ ! -s err ]
expect_ok jq -es 'last.type == "result"' .agent/journal.ndjson

it 'cuts an endless output'
{
	calls '(.messages | length) == 2' shell '{"command":"yes"}'
	answer '.messages[3].content | (contains("bytes left out") and
		contains("limit on output")) and length < 60000' cut
} >rec
run agent-spawn go
expect_status 0
rm -rf .agent

it 'hides .agent, protects agents.yaml, gives no secrets and no network'
{
	calls '(.messages | length) == 2' shell '{"command":
		"ls -A .agent; echo x >>agents.yaml; env; ls /root /home"}'
	answer '.messages[3].content | (contains("journal") or
		contains("sk-secret")) | not' safe
} >rec
before=$(cat agents.yaml)
OPENAI_API_KEY=sk-secret
export OPENAI_API_KEY
run agent-spawn go
unset OPENAI_API_KEY
expect_status 0
expect_json 'last.data.text == "safe"'
expect_ok [ "$(cat agents.yaml)" = "$before" ]

it 'passes a refusal on'
answer '' 'I will not.' content_filter >rec
run agent-spawn go
expect_status 3

it 'does not take an empty answer for one'
answer '' '' >rec
run agent-spawn go
expect_status 1
expect_err 'agent-spawn: the model answered nothing'

it 'tells a model that answers nothing to go on, once'
{
	answer '(.messages | length) == 2' ''
	answer '.messages[-1].content | contains("You answered nothing")' now
} >rec
run agent-spawn go
expect_status 0
expect_json 'last.data.text == "now"'

done_testing
