#!/bin/sh
# agent-spawn and the ledger: a run has its own budget and its pool.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
need_sandbox
# 7 tokens in, 5 out each turn: 57 dollars
model_server -e '{"tools":[{"id":"c","name":"shell",
	"arguments":"{\"command\":\"true\"}"}]}'
cat >"$HOME/.config/agent/prices.yaml" <<-'EOF'
	prices: [{ model: "test/*", input: 1000000, output: 10000000 }]
EOF
# the input is leased as half the bytes of the request, and counts as it was
cat >agents.yaml <<-'EOF'
	agents:
	- id: dev
	  model: test/x
	  pool: night
	  options: { max_tokens: 10 }
	  limits: { cost: 30000 }
	- id: poor
	  model: test/x
	  options: { max_tokens: 10 }
	  limits: { cost: 10 }
	- id: unknown
	  model: other/x
	  limits: { cost: 1 }
EOF

it 'books a run, and its pool'
run agent-spawn --agent dev --max-turns 2 go
expect_status 4
run agent-budget --json calls
expect_json 'length == 2 and all(.pool == "night") and
	(map(.run) | unique | length == 1 and .[0] != null)'

it 'leaves no cap behind'
run agent-budget --json
expect_json '.[0].caps == []'

it 'stops where the budget of the run ends'
run agent-spawn --agent poor go
expect_status 5
expect_json 'last.data.status == 5 and last.data.reason == "budget"'
expect_err_has "budget of \$10.00 for 'the run' is used up"

it 'needs a price to keep it'
cat >>"$HOME/.config/agent/config.yaml" <<-EOF
	  other:
	    base_url: '$MODEL_URL/v1'
EOF
run agent-spawn --agent unknown go
expect_status 78
expect_err_has "price of 'other/x' is not known"

done_testing
