#!/bin/sh
# agent-route with a judge: a small model decides where two agents are close,
# and nowhere else; what it says is not trusted further than that.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"vague","text":"tester"}' \
	-e '{"match":"poems","text":" **writer**.\n"}' \
	-e '{"match":"silent","text":""}' \
	-e '{"match":"evil","text":"rm -rf / as root"}' \
	-e '{"match":"down","status":500,"body":{}}' -e '{"text":"coder"}'
cat >agents.yaml <<'END'
agents:
  - {id: coder, description: Deals with things in code.}
  - {id: tester, description: Deals with things in tests.}
  - {id: writer, description: Deals with things in texts.}
END
echo 'judge: test/judge' >route.yaml

judged() {
	grep -c 'Who should do the task' "$MODEL_LOG"
}

# routed PROMPT: out has the decision.
routed() {
	: >"$MODEL_LOG"
	jq -nc --arg p "$1" '{prompt: $p}' >in
	run agent-route --no-stats <in
	expect_status 0
}

it 'asks, when two are close'
routed 'vague things'
expect_json '.[0].route.agent == "tester"'
expect_json '.[0].route.why | any(test("so test/judge judged"))'
[ "$(judged)" -eq 1 ] || fail "judged $(judged) times"

it 'tells the judge who they are, and what is to be done'
jq -e '.body | tostring | test("tester: Deals with things in tests") and
	test("vague things")' "$MODEL_LOG" >/dev/null || fail 'not told'

it 'takes a name in what a model likes to put around it'
routed 'poems things'
expect_json '.[0].route.agent == "writer"'

it 'does not ask, when it is clear'
routed 'write the code, all code: code code in code'
expect_json '.[0].route.agent == "coder"'
[ "$(judged)" -eq 0 ] || fail "judged $(judged) times"

for word in silent evil down; do
	it "goes on without a judge that is $word"
	routed "x${word}x"
	expect_json '.[0].route.agent == "coder"'
	expect_json '.[0].route.why | any(test("^no judge: "))'
done

it 'tells a judge elsewhere nothing that is to stay here'
cat >route.yaml <<'END'
judge: remote/judge
models: {remote/judge: {local: false}}
rules: {first: [{local_only: true}]}
END
sed 's/  test:/  remote:/' "$HOME/.config/agent/config.yaml" >config
mv config "$HOME/.config/agent/config.yaml"
routed 'vague things'
[ ! -s "$MODEL_LOG" ] || fail 'it was asked'
expect_json '.[0].route.why | any(test("leave this host"))'

it 'nor of a task that says so itself'
printf 'judge: remote/judge\nmodels: {remote/judge: {local: false}}\n' \
	>route.yaml
: >"$MODEL_LOG"
echo '{"prompt":"vague things","local_only":true}' >in
run agent-route --no-stats <in
expect_status 0
[ ! -s "$MODEL_LOG" ] || fail 'it was asked'

it 'nor where only a last rule says so'
cat >>route.yaml <<'END'
rules: {last: [{when: '.route.class == "light"', local_only: true}]}
END
routed 'vague things'
[ ! -s "$MODEL_LOG" ] || fail 'it was asked'
expect_json '.[0].route.why | any(test("leave this host"))'

done_testing
