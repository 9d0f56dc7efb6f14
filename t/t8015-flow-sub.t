#!/bin/sh
# agent-flow run: a flow in a flow, and what a flow is given.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make

cat >s.flow.yaml <<'END'
sandbox: none
inputs: {name: null, greeting: hello}
tasks:
  say: {inputs: [mark], run: 'jq -r ".g + .n" | cat - mark',
    with: {g: .inputs.greeting, n: .inputs.name}}
END
cat >m.flow.yaml <<'END'
sandbox: none
tasks:
  one: {flow: s.flow.yaml, with: {name: '"w"'}}
  each: {loop: {over: [a, b]}, flow: s.flow.yaml, with: {name: .item}}
  end: {needs: [one, each], run: cat, with: {
    o: .tasks.one.output.tasks.say.output,
    e: '[.tasks.each.output[].output.tasks.say.output]'}}
END
echo '!' >mark

it 'does a flow in a flow, and gives it what it wants'
run agent-flow run m.flow.yaml
expect_status 0
expect_file .agent/flows/m/steps/end/1/stdout \
	'{"e":["helloa\n!","hellob\n!"],"o":"hellow\n!"}'

it 'does it again when a file that it reads has changed'
echo '?' >mark
run agent-flow run m.flow.yaml
expect_json 'map(select(.type == "result" and .task)) | length == 8'
run agent-flow run m.flow.yaml
expect_json 'length == 1'

it 'takes inputs from the command line'
run agent-flow run --set name=x s.flow.yaml
expect_status 0
printf '%s' '$(touch evil)' >text
run agent-flow run --set name=@text s.flow.yaml
expect_file .agent/flows/s/steps/say/2/stdout 'hello$(touch evil)
?'
run agent-flow run s.flow.yaml
expect_status 2
expect_err_has 'the flow wants --set name=VALUE'
run agent-flow run --set nam=x s.flow.yaml
expect_status 2

it 'tells what is wrong between the two'
cat >b.flow.yaml <<'END'
tasks:
  a: {flow: s.flow.yaml, with: {nam: '1'}}
  b: {flow: none.flow.yaml}
  c: {flow: r.flow.yaml}
  d: {flow: e.flow.yaml}
END
printf 'tasks:\n  a: {run: x, rum: x}\n' >e.flow.yaml
printf 'tasks:\n  a: {flow: r.flow.yaml}\n' >r.flow.yaml
run agent-flow check b.flow.yaml
expect_status 78
expect_err_has "b.flow.yaml:2:3: 'a' lacks the input 'name' of 's'" \
	"b.flow.yaml:2:33: the flow 's' has no input 'nam', did you mean" \
	'b.flow.yaml:3:13: cannot open' \
	"e.flow.yaml:2:15: unknown key 'rum', did you mean 'run'?"
expect_err_has 'flows in flows, deeper than 8'

it 'tells what is wrong with a loop'
cat >l.flow.yaml <<'END'
tasks:
  a: {loop: {}, run: x}
  b: {loop: {over: [1], until: 'true', max: 0}, run: x}
  c: {loop: {max: 2, jobs: 1, over_: x}, run: x}
  d:
    loop: {over: '.tasks.a.output', max: 1}
    parallel: {x: {needs: a, run: x}, y: {needs: x, run: x}}
  e: {needs: x, run: x, with: {l: .last.tasks.x}}
END
run agent-flow check l.flow.yaml
expect_status 78
expect_err "l.flow.yaml:2:7: a loop needs 'over', or 'max': how often at most
l.flow.yaml:3:25: 'until' does not go with 'over'
l.flow.yaml:3:45: 'max' must be from 1 to 10000
l.flow.yaml:4:22: 'jobs' does not go without 'over'
l.flow.yaml:4:31: unknown key 'over_', did you mean 'over'?
l.flow.yaml:6:18: 'd' looks at the result of 'a', but does not need it
l.flow.yaml:7:27: 'a' is not in the loop 'd': let that need it
l.flow.yaml:8:14: 'x' is in the loop 'd', which can be needed as a whole
l.flow.yaml:8:35: 'x' is not done in the rounds of that loop"

done_testing
