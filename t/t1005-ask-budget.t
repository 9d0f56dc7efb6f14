#!/bin/sh
# agent-ask and the ledger: what is asked is leased before, settled after, and
# no number of processes passes a cap.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
# 7 tokens in, 100 out
model_server -e '{"match":"limited","status":429,"headers":
	{"retry-after":"3600"},"body":{}}' -e '{"match":"slow","delay":0.2}' \
	-e '{"match":"cut","tokens":50,"cut":2000}' \
	-e '{"match":"bad","status":400,"body":{}}' -e '{"tokens":100}'
AGENT_MODEL=test/x
export AGENT_MODEL

calls() {
	agent-budget --json calls | jq -es "$1" >/dev/null ||
		fail "the ledger has otherwise than: $1
$(agent-budget --json calls)"
}

it 'books what was asked'
run agent-ask hi
expect_status 0
calls 'length == 1 and .[0].model == "test/x" and .[0].status == "ok" and
	.[0].input_tokens == 7 and .[0].output_tokens == 100'

it 'books a failure as such'
run agent-ask bad
calls 'length == 2 and .[0].status == "request"'

it 'books what came of an answer that was cut'
run agent-ask --retries 0 cut
expect_status 76
calls '.[0].status == "cut" and .[0].input_tokens > 7 and
	.[0].output_tokens > 0'

it 'books for the pool and the run of the environment'
AGENT_POOL=night AGENT_RUN=R1 run agent-ask hi
calls '.[0].pool == "night" and .[0].run == "R1"'

it 'is stopped by a cap, and says by which'
run agent-budget set '3 requests/day'
expect_status 0
run agent-ask --json hi
expect_status 5
expect_json '.[-1].data.kind == "budget" and .[-1].data.status == 5'
expect_err_has 'test/x: '
run agent-budget unset requests/day

it 'falls back to a model that has something left'
run agent-budget set '1 requests/day' 'model=test/x'
run agent-ask --json -m test/x,test/y hi
expect_status 0
expect_json '.[-1].data.model == "test/y"'
run agent-budget unset requests/day 'model=test/x'

it 'asks for no more tokens than there is budget for'
run agent-budget set '3000 tokens' model=test/z
run agent-ask -m test/z hi
expect_status 0
tail -n 1 "$MODEL_LOG" | jq -e '.body.max_tokens < 3000' >/dev/null ||
	fail 'no limit was sent'

it 'never passes a cap, however many ask, killed ones counted'
run agent-budget set '10 requests' model=test/many
before=$(wc -l <"$MODEL_LOG")
i=0
while [ "$i" -lt 64 ]; do
	agent-ask --no-stdin --retries 0 -m test/many "slow $i" \
		>/dev/null 2>&1 &
	asking="${asking-} $!"
	[ $((i % 4)) -ne 0 ] || victims="${victims-} $!"
	i=$((i + 1))
done
for pid in $victims; do
	kill -9 "$pid" 2>/dev/null
done
for pid in $asking; do
	wait "$pid" 2>/dev/null
done
sent=$(($(wc -l <"$MODEL_LOG") - before))
[ "$sent" -le 10 ] || fail "$sent requests came through"
run agent-ask -m test/many hi
expect_status 5

it 'shares a rate limit with other processes'
run agent-ask --retries 0 -m test/r limited
expect_status 75
before=$(wc -l <"$MODEL_LOG")
run agent-ask --timeout 2s -m test/r hi
expect_status 75
[ "$(wc -l <"$MODEL_LOG")" -eq "$before" ] || fail 'it asked all the same'

it 'stops a stream of tasks'
run agent-budget set '5 requests' model=test/b
awk 'BEGIN { for (i = 0; i < 50; i++) print i }' >in
run agent-ask --lines -j 2 -m test/b <in
expect_status 5
expect_json '[.[] | select(.type == "result")] | length == 5'

it 'says what it cost by the price list'
mkdir -p "$HOME/.config/agent"
printf 'prices:\n- { model: test/priced, input: 1000000, output: 10000 }\n' \
	>"$HOME/.config/agent/prices.yaml"
run agent-ask -u --json -m test/priced hi
expect_json '.[-1].data.usage.cost_usd == 8'
expect_err_has ', $8.000000; '
run agent-ask -u -m test/unpriced hi
expect_err_lacks '$'

it 'does not book recordings'
echo '{"body":{"choices":[{"message":{"content":"hi"}}]}}' >r
agent-budget --json calls -n 1000 | wc -l >before
run agent-ask -m replay:r hi
expect_status 0
agent-budget --json calls -n 1000 | wc -l >after
expect_ok cmp before after

done_testing
