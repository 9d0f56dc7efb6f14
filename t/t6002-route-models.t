#!/bin/sh
# agent-route: the model, from what models did.
. "${0%/*}/lib.sh"

cat >agents.yaml <<'EOF'
agents:
  - {id: cook, description: "Kitchen, recipes and menus."}
  - {id: coder, description: "Code.", model: [ollama/small, x/dear]}
EOF
cat >route.yaml <<'EOF'
explore: 0
breaker: {failures: 2, open: 1h}
models:
  ollama/small: {quality: 0.3, context: 4000}
  x/dear: {quality: 0.9, input_cost: 5, output_cost: 20, images: true}
  y/cheap: {quality: 0.5, input_cost: 0.1, output_cost: 0.2}
EOF

# result MODEL MS COST, failure MODEL KIND: what agent-ask says of one task.
result() {
	printf '{"type":"result","task":"t","data":{"status":0,"model":"%s","first_ms":10,"total_ms":%s,"usage":{"output_tokens":100,"cost_usd":%s}}}\n' "$@"
}
failure() {
	printf '{"type":"error","data":{"model":"%s","kind":"%s"}}\n' "$@"
}
# ask OPTION...: one task for the cook; who does it, is the answer.
ask() {
	echo '{"id":"t","prompt":"a recipe"}' >in
	run agent-route "$@" <in
}

it 'takes the best by the objective'
ask --objective cheapest
expect_json '.[0].route.model == "ollama/small"'
ask --objective best
expect_json '.[0].route.model == "x/dear"'

it 'names who comes next, and when'
ask --objective best
expect_json '.[0].route.fallback | length > 1 and .[0].model == "y/cheap" and
	(.[0].on | index("timeout")) and any(.[]; .model == "ollama/small" and
	(.on | index("budget")))'

it 'takes only what can do it'
echo '{"prompt":"a recipe","images":true}' >in
run agent-route --objective cheapest <in
expect_json '.[0].route.model == "x/dear"'

it 'keeps private tasks on this host, fallbacks too'
echo '{"prompt":"a recipe","data":{"local_only":true}}' >in
run agent-route --objective best <in
expect_json '.[0].route | .model == "ollama/small" and .local_only and
	.fallback == null'
cp route.yaml keep.yaml
echo 'rules: {first: [{model: x/dear, local_only: true}]}' >>route.yaml
ask
expect_json '.[0].route | .model == null and .gate'
expect_out_lacks '"model":'
mv keep.yaml route.yaml

it 'gives an agent one of its own models'
echo '{"prompt":"the code"}' >in
run agent-route --objective cheapest <in
expect_json '.[0].route | .agent == "coder" and .model == "ollama/small"'

it 'passes outcomes on as they are, and learns from them'
{
	for i in 1 2 3 4 5 6; do
		result y/cheap 400 0.0001
		result ollama/small 30000 0
	done
} >seen
run agent-route --observe <seen
expect_status 0
cmp -s seen "$T_DIR/out" || fail 'changed'
ask --objective fastest
expect_json '.[0].route.model == "y/cheap"'

it 'shows what it knows'
run agent-route --stats
expect_out_has 'y/cheap' '30000' 'closed'
run agent-route --stats --json
expect_json 'length == 2 and (map(select(.model == "y/cheap")) | .[0] |
	.tasks > 5.9 and .failed == 0 and (.total_ms | round) == 400)'

it 'stops asking a model that fails, and says why'
{
	failure y/cheap server
	failure y/cheap timeout
} >seen
run agent-route --observe <seen
ask --objective fastest
expect_json '.[0].route | .model != "y/cheap" and
	any(.why[]; test("y/cheap.*failed"))'

it 'does not count our own mistakes'
{
	failure x/dear request
	failure x/dear config
	failure x/dear usage
} >seen
run agent-route --observe <seen
ask --objective best
expect_json '.[0].route.model == "x/dear"'

it 'lets one process try it again'
sed -i 's/open: 1h/open: 1ms/' route.yaml
failure y/cheap server >seen
run agent-route --observe <seen
sed -i 's/open: 1ms/open: 1h/' route.yaml
printf '{"id":"%s","prompt":"a recipe"}\n' 1 2 3 >in
run agent-route --objective fastest <in
expect_json 'map(select(.route.model == "y/cheap")) | length == 1'

it 'and closes the circuit when that went well'
result y/cheap 400 0.0001 >seen
run agent-route --observe <seen
run agent-route --objective fastest <in
expect_json 'all(.[]; .route.model == "y/cheap")'

it 'learns from the journal, once'
mkdir -m 700 .agent
for i in 1 2 3; do result z/new 50 0; done >.agent/journal.ndjson
run agent-route --stats --json
run agent-route --stats --json
expect_json 'map(select(.model == "z/new"))[0].tasks | . > 2.9 and . < 3.1'

it 'spreads by turns'
sed -i 's/explore: 0/explore: 0\nspread: round_robin/' route.yaml
run agent-route <in
expect_json 'map(.route.model) | unique | length == 3'

it 'shares all this among many processes'
perl -e 'print qq({"id":"$_","prompt":"a recipe"}\n) for 1 .. 50' >in
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	agent-route <in >"o$i" 2>>errors &
	agent-route --observe <seen >/dev/null 2>>errors &
done
wait
[ -s errors ] && fail "$(head -n 3 errors)"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	expect_ok test "$(wc -l <"o$i")" -eq 50
done

done_testing
