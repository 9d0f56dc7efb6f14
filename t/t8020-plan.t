#!/bin/sh
# agent-plan: a goal becomes a flow that passes its check, or nothing does.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need jq diff

cat >agents.yaml <<'END'
agents:
  - id: coder
    model: none
    description: writes and mends programs in any language
    capabilities: [code]
  - id: tester
    model: none
    description: writes tests and runs them
    capabilities: [test]
END
echo 'A chat program.' >README
good='{"summary": "a chat", "tasks": [
	{"id": "write", "title": "Write \"it\"", "prompt": "Write the program.\nIn C.",
		"needs_person": false, "minutes": 5},
	{"id": "test", "needs": ["write"], "run": "make test", "on_error": "continue"},
	{"id": "mend", "needs": ["test"], "prompt": "Write tests for $(it)",
		"condition": ".tasks.test.result == \"failed\"",
		"with": {"printed": ".tasks.test.output"}},
	{"id": "release", "needs": ["mend"], "run": "make release",
		"needs_person": true}]}'
bad=$(printf '%s' "$good" | jq -c '.tasks[1].needs = ["wrte"]')

it 'makes a plan that can be run'
answer '(.messages[0].content | contains("You plan work")) and
	(.messages[-1].content | contains("A chat program") and
		contains("id: tester") and contains("Plan this:\nchat for $x"))' \
	"$good" >rec
run agent-plan -m replay:rec 'chat for $x'
expect_status 0
cp "$T_DIR/out" chat.flow.yaml
expect_ok agent-flow check chat.flow.yaml
run agent-flow graph chat.flow.yaml
expect_out '1  write: agent coder, Write  it 
2  test: run  <- write
3  mend: agent tester  <- test
4  ask-release: gate  <- mend
5  release: run  <- mend, ask-release'
expect_ok grep -q '^      In C\.$' chat.flow.yaml
expect_ok grep -q '^    # about [0-9]* tokens, [0-9]* minutes$' chat.flow.yaml
expect_ok [ -z "$(find . -name 'plan-*')" ]

it 'has what is wrong with it mended'
{
	answer '.messages[-1].content | contains("there is no task '"'wrte'"', did")' \
		"$good"
	answer '' "$bad"
} >rec
run agent-plan -m replay:rec chat
expect_status 0

it 'gives up after so many times'
answer '' "$bad" >rec
run agent-plan -m replay:rec -n 1 chat
expect_status 65
expect_out ''
expect_err_has "there is no task 'wrte', did you mean 'write'?" \
	'the plan is not right after 1 repairs'

it 'changes a flow, and shows what has changed'
chmod 600 chat.flow.yaml
jq -Rs '{flow: (. | sub("make release"; "make publish"))}' chat.flow.yaml >new
answer '.messages[-1].content | contains("make release") and
	contains("publish it")' "$(cat new)" >rec
run agent-plan -m replay:rec --revise chat.flow.yaml publish it
expect_status 0
expect_out_has '-    run: "make release"' '+    run: "make publish"'
expect_ok grep -q 'make publish' chat.flow.yaml
expect_ok [ "$(stat -c %a chat.flow.yaml)" = 600 ]

it 'leaves a flow alone when what comes back is none'
cp chat.flow.yaml before
answer '' '{"flow": "tasks: {a: {rum: x}}"}' >rec
run agent-plan -m replay:rec -n 0 --revise chat.flow.yaml something
expect_status 65
expect_ok cmp chat.flow.yaml before

it 'does not wait for ever for a goal that nobody writes'
mkfifo never
exec 7<>never
run agent-plan --stdin-timeout 0.1s <&7
expect_status 124
expect_err 'agent-plan: standard input did not end within 0.1s'
run agent-plan --stdin-timeout soon <&7
expect_status 2
exec 7<&-

it 'says what is missing'
run agent-plan -m replay:none x
[ "$status" -ne 0 ] || fail 'it had nobody to ask'
run agent-plan --revise none.flow.yaml x
expect_status 66
run agent-plan -n x y
expect_status 2
run sh -c 'agent-plan -m replay:rec chat >/dev/full'
[ "$status" -ne 0 ] || fail 'it did not notice a full disk'

done_testing
