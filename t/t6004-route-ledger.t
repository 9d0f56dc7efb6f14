#!/bin/sh
# agent-route: what the ledger knows.
. "${0%/*}/lib.sh"

need sqlite3
state=$HOME/.local/state/agent
cat >agents.yaml <<'EOF'
agents:
  - {id: cook, description: "Kitchen, recipes and menus."}
EOF
cat >route.yaml <<'EOF'
explore: 0
objective: best
breaker: {failures: 2, open: 1h}
pools:
  main: {at: 0.8, next: spare}
  spare: {at: 0.8}
models:
  a/one: {quality: 0.9, pool: main}
  b/two: {quality: 0.5, pool: spare}
EOF
echo '{"id":"t","prompt":"a recipe"}' >in

# called MODEL POOL STATUS USD: a call that the ledger has.
called() {
	sqlite3 "$state/ledger.db" "insert into call (at, model, pool, status,
		input, output, usd_nano, priced, first_ms, total_ms) values
		(strftime('%s', 'now') * 1000000000, '$1', '$2', '$3', 100,
		50, $4 * 1000000000, 1, 20, 300)"
}

it 'learns from the calls in the ledger, each once'
run agent-budget set 10usd/day
expect_status 0
run agent-budget pool main 50%
expect_status 0
called a/one main ok 1
called a/one main ok 1
run agent-route --stats --json
run agent-route --stats --json
expect_json 'length == 1 and .[0].model == "a/one" and .[0].tasks > 1.9 and
	.[0].tasks < 2.1 and (.[0].total_ms | round) == 300'

it 'takes a pool while there is room'
run agent-route <in
expect_json '.[0].route | .model == "a/one" and .pool == "main"'

it 'goes on to the next before the first is used up'
called a/one main ok 2.5
run agent-route <in
expect_json '.[0].route | .model == "b/two" and .pool == "spare" and
	any(.why[]; test("main is nearly used up"))'

it 'stops asking a model that fails'
called b/two spare server 0
called b/two spare timeout 0
run agent-route <in
expect_json '.[0].route.model == "a/one"'

it 'notices while tasks go by'
mkfifo tasks
agent-route <tasks >routed &
exec 3>tasks
cat in >&3
await 10 test -s routed
for _ in 1 2 3 4 5 6; do called b/two spare ok 0; done
# a decision at most some tenths of a second later knows
await 10 sh -c 'cat in >&3; tail -n 1 routed | grep -q "\"model\":\"b/two\""' ||
	fail "$(tail -n 1 routed)"
exec 3>&-
wait

done_testing
