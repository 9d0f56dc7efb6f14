#!/bin/sh
# agent-spawn: what a foreign agent spends is on the books, and has its limits,
# at each of its requests, whatever it tells.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need jq curl
need_sandbox
cat >"$HOME/.config/agent/prices.yaml" <<-'EOF'
	prices: [{ model: "*/m", input: 1, output: 10 }]
EOF
model_server -e '{"match":"big","status":200,"body":{"id":"r",
"usage":{"input_tokens":9000,"output_tokens":900}}}' \
	-e '{"match":"generateContent","status":200,"body":[{"candidates":[]},
{"usageMetadata":{"promptTokenCount":50,"candidatesTokenCount":3,
"thoughtsTokenCount":4}}]}' \
	-e '{"match":"slow","delay":1,"text":"Hello"}' \
	-e '{"match":"short","cut":150,"text":"Hello"}' -e '{"text":"Hello"}'
cat >"$HOME/.config/agent/config.yaml" <<EOT
providers:
  chat: { base_url: '$MODEL_URL/v1' }
  messages: { protocol: messages, base_url: '$MODEL_URL/v1' }
EOT

# asks TYPE SCRIPT [LINE...]: does that before it says its text fixture; there
# `ask PATH BODY` asks the model, and `big` is an answer of 9900 tokens.
asks() {
	t_asks=$2
	fake "$1" "$1-text" '' "${3-}"
	cat >fake <<-EOF
		#!/bin/sh
		ask() { curl -sS -d "\$2" "\$AGENT_MODEL_URL/\$1"; }
		big() { ask responses '{"input":"big"}'; }
		cat >in
		$t_asks
		cat said
	EOF
}

# booked [FILTER]: what is on the books, last first, as "IN OUT".
booked() {
	run agent-budget --json calls
	t_booked=$(jq -sr "map(select(${1-true}) |
		\"\\(.input_tokens) \\(.output_tokens)\") | join(\", \")" \
		"$T_DIR/out")
}

it 'books each request by its answer, for its run and its pool'
asks codex "ask responses '{\"stream\":true,\"input\":\"hi\"}'; big
ask responses/input_tokens '{\"input\":\"hi\"}'
curl -sS \"\$AGENT_MODEL_URL/models\"" 'pool: night'
run agent-spawn -a codex go
expect_status 0
expect_json 'last.data.usage.input_tokens == 1000'
id=$(jq -r .run <"$T_DIR/out" | head -n 1)
booked ".pool == \"night\" and .run == \"$id\" and .model == \"chat/m\""
expect_ok test "$t_booked" = '9000 900, 7 5'

it 'in each protocol, streamed or not; one that was cut counts, too'
asks codex "ask chat/completions '{\"stream\":true,\"messages\":[],
\"stream_options\":{\"include_usage\":true}}'
ask messages '{\"stream\":true,\"messages\":[]}'
ask messages '{\"messages\":[]}'; ask models/m:generateContent '{}'
ask messages '{\"stream\":true,\"messages\":[{\"content\":\"short\"}]}'"
run agent-spawn -a codex go
expect_status 0
id=$(jq -r .run <"$T_DIR/out" | head -n 1)
booked ".run == \"$id\""
expect_ok test "${t_booked#* 0, }" = '50 7, 7 5, 7 5, 7 5'

it 'leaves no cap and no lease behind'
run agent-budget --json
expect_json '.[0].caps == []'

it 'refuses the request that nothing is left for, as its server would'
asks codex 'big >1; big >2; big >3; big >4; big >5' 'limits: {cost: 0.055}'
: >"$MODEL_LOG"
run agent-spawn -a codex go
expect_status 5
expect_json 'last.data | .status == 5 and .reason == "budget"'
expect_err_has "for 'the run'"
expect_ok jq -se 'length == 2 and all(.error.code == "insufficient_quota")' 4 5
expect_ok test "$(wc -l <"$MODEL_LOG")" = 3

it 'so for Messages; and has it go when it does not'
run agent-budget set '20k tokens/day' model='messages/*'
asks claude 'big >1; big >2; big >3; sleep 1000'
run agent-spawn -a claude go
expect_status 5
expect_json 'last.data | .reason == "budget" and .usage.input_tokens == 18000'
expect_ok jq -e '.error.type == "billing_error"' 3

it 'is not started when nothing is left'
: >"$MODEL_LOG"
rm -f in
run agent-spawn -a claude go
expect_status 5
expect_json 'last.data | .status == 5 and .reason == "budget"'
expect_not test -e in

it 'waits while others hold what is left'
run agent-budget set '5000 tokens/day' model=chat/m2
asks codex "ask responses '{\"input\":\"slow\"}' &
ask responses '{\"input\":\"slow\"}'; wait"
sed -i 's,chat/m,chat/m2,' agents.yaml
: >"$MODEL_LOG"
run agent-spawn -a codex go
expect_status 0
expect_ok jq -se 'length == 2 and .[1].t - .[0].t > 900000000' "$MODEL_LOG"

it 'tokens are counted on the way'
asks codex 'big; sleep 1000'
run agent-spawn -a codex --max-tokens 9000 go
expect_status 4
expect_json 'last.data | .reason == "tokens" and .usage.input_tokens == 9000'

it 'a limit on its cost needs a price'
asks codex '' 'limits: {cost: 1}'
sed -i 's,chat/m,chat/other,' agents.yaml
run agent-spawn -a codex go
expect_status 78
expect_err_has 'is not known'

done_testing
