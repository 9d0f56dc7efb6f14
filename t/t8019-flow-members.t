#!/bin/sh
# agent-flow check: what programs look at that is never there, and compare with
# what it never is.
. "${0%/*}/lib.sh"

it 'finds what would never hold'
cat >bad.flow.yaml <<'END'
inputs: {day: x}
tasks:
  a: {run: 'true'}
  b: {run: x, needs: a, condition: '.tasks.a.reslt == "ok"'}
  c: {run: x, needs: a, condition: '.tasks.a.result == "faild"'}
  d: {run: x, needs: a, condition: '.task.a.result == "ok"'}
  e: {run: x, needs: a, with: {n: '.tasks["a"].output.count'}}
  f: {run: x, with: {day: .inputs.dya, key: .key}}
  g: {run: x, output: {properties: {n: {}}, additionalProperties: false}}
  h: {run: x, needs: g, condition: '(.tasks.g.output.m | length) > 1'}
  i: {run: ' ', env: {A=B: x}}
  j: {gate: ''}
END
run agent-flow check bad.flow.yaml
expect_status 78
expect_err "bad.flow.yaml:4:36: of a task there is 'result', 'status', \
'message' and 'output', but no 'reslt', did you mean 'result'?
bad.flow.yaml:5:36: the result of 'a' is never 'faild', did you mean 'failed'?
bad.flow.yaml:6:36: there is no '.task' here, did you mean 'tasks'?
bad.flow.yaml:7:35: the output of 'a' is a text, which has no 'count': \
'output: json' would read it
bad.flow.yaml:8:27: the flow has no input 'dya'
bad.flow.yaml:8:45: there is no '.key' but in a loop
bad.flow.yaml:10:36: the output of 'g' has no 'm' by its schema
bad.flow.yaml:11:12: 'run' is empty
bad.flow.yaml:11:22: 'A=B' is no name of a variable
bad.flow.yaml:12:13: 'gate' is empty"

it 'takes programs whose parts look at something else'
cat >ok.flow.yaml <<'END'
sandbox: none
inputs: {foo: x}
tasks:
  a: {run: 'true', output: json}
  b: {run: x, needs: a, condition: 'reduce .tasks.a.output[] as $x (0; . + .foo) > 1'}
  c: {run: x, needs: a, condition: 'def f: .x; .tasks.a.output | map(f) | length > 0'}
  d: {run: x, needs: a, condition: '[.tasks["a"].output[] | select(.id == "x")] | length == 1'}
  e: {run: x, needs: a, condition: 'try .tasks.a.output.x catch .y'}
  f: {run: x, needs: a, condition: 'any(.tasks.a.output[]; .ok) and .inputs.foo == "x"'}
  g: {run: x, needs: a, condition: '.tasks.a | .result == "ok" and .foo'}
  h: {loop: {over: [1], key: '.item | tostring'}, run: x, with: {i: .item, n: '.n', o: '1.5'}, condition: '.tasks == {} or .key'}
  i: {run: x, needs: a, condition: '.tasks.a.result as $r | ["ok", "failed"] | index($r)'}
  j: {run: x, needs: a, condition: '.tasks.a.result != "ok" and (.tasks.a.output | type) == "object"'}
  k: {run: x, needs: a, with: {x: '{a: .tasks.a.output, b: (.inputs // {} | .foo)}', y: '"\(.tasks.a.output.foo.bar)"', z: '..|numbers'}}
END
run agent-flow check ok.flow.yaml
expect_status 0
expect_err ''

done_testing
