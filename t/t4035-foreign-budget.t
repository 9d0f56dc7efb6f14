#!/bin/sh
# agent-spawn: what a foreign agent spends is on the books, and has its limits.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need jq
need_sandbox
cat >"$HOME/.config/agent/prices.yaml" <<-'EOF'
	prices: [{ model: "*/m", input: 1, output: 10 }]
EOF

it 'books what it tells, for its run and its pool'
fake codex codex-text '' 'pool: night'
run agent-spawn -a codex go
expect_status 0
id=$(jq -r .run <"$T_DIR/out" | head -n 1)
run agent-budget --json calls
expect_json "length == 1 and (.[0] | .pool == \"night\" and
	.run == \"$id\" and .model == \"chat/m\" and .input_tokens == 1000 and
	.output_tokens == 7)"

it 'books each message once, and the rest at the end'
fake claude claude-tools
run agent-spawn -a claude go
expect_status 0
run agent-budget --json calls
expect_json 'map(select(.model == "messages/m")) |
	(map(.input_tokens) | add) == 4000 and (map(.output_tokens) | add) == 42 and
	(map(.usd) | add * 1000 | round) == 500'

it 'leaves no cap and no lease behind'
run agent-budget --json
expect_json '.[0].caps == []'

it 'is not started when nothing is left'
run agent-budget set '10k tokens/day' model='chat/*'
expect_status 0
fake codex codex-text
rm -f args
run agent-spawn -a codex go
expect_status 5
expect_json 'last.data.status == 5 and last.data.reason == "budget"'
expect_not test -e args

it 'stops when a message leaves nothing for another'
run agent-budget set '21800 tokens/day' model='messages/*'
fake claude claude-tools 'exec sleep 1000'
head -7 "$T_SRC/t/fixtures/foreign/claude-tools.jsonl" >said
run agent-spawn -a claude go
expect_status 5
expect_json 'last.data.reason == "budget" and
	last.data.usage.input_tokens == 2100'
expect_err_has 'is used up'

it 'a limit on its cost, by the price list'
run agent-budget unset 'tokens/day' model='chat/*'
fake codex codex-text '' 'limits: {cost: 0.01}'
run agent-spawn -a codex go
expect_status 5
expect_err_has "for 'the run'"
sed -i 's/cost: 0.01/cost: 1/' agents.yaml
run agent-spawn -a codex go
expect_status 0

it 'a limit on its cost needs a price'
sed -i 's,chat/m,chat/other,' agents.yaml
run agent-spawn -a codex go
expect_status 78
expect_err_has 'is not known'

done_testing
