#!/bin/sh
# agent-flow check: all that is wrong with a flow, each with its place.
. "${0%/*}/lib.sh"

cat >agents.yaml <<'END'
agents:
  - id: coder
    model: none
END

it 'finds nothing wrong with what is right'
printf 'tasks: {a: {run: x}}\n' >other.flow.yaml
cat >good.flow.yaml <<'END'
description: all that there is
env: {LANG: C}
limits: {jobs: 3, timeout: 5m}
tasks:
  a: {run: [echo, hi], inputs: [agents.yaml], outputs: [x], retries: 2}
  b: {needs: a, agent: coder, prompt: do it, timeout: 90, checkpoint: true}
  c: {needs: [b], gate: "go on?", with: {b: .tasks.b.output}}
  d: {needs: [c, b], rollback: b, condition: '.tasks["c"].result != "ok"'}
  g:
    needs: a
    sequential:
      e: {run: "true", output: {type: object}, on_error: continue}
      p: {parallel: {h: {run: "true"}, i: {flow: other.flow.yaml}}}
  j: {needs: g, always: true, sandbox: none, run: "true", title: the end}
END
run agent-flow check good.flow.yaml
expect_status 0
expect_err ''

it 'finds everything wrong at once'
cat >bad.flow.yaml <<'END'
descripton: x
limits: {jobs: 0}
tasks:
  a:
    run: [true]
    neds: b
  b:
    needs: [c, zz]
    run: "true"
    timeout: 5 parsecs
  c:
    needs: b
    agent: codr
    prompt: hi
    condition: '.tasks.b.result == "ok" and'
  bb:
    needs: a
    condition: .tasks.c.output > 1
    with: {x: .tasks.aa.output}
    run: cat
    output: {type: strin}
  "a b": {run: x, prompt: y}
  g:
    sequential:
      x: {run: x, always: 1}
      y: {}
  k: {run: x, gate: y}
  x: {run: x}
END
run agent-flow check bad.flow.yaml
expect_status 78
sed "s/'\/.*agents.yaml'/FILE/" "$T_DIR/err" >"$T_DIR/sed" &&
	mv "$T_DIR/sed" "$T_DIR/err"
expect_err "bad.flow.yaml:1:1: unknown key 'descripton', did you mean \
'description'?
bad.flow.yaml:2:16: 'jobs' must be from 1 to 1000
bad.flow.yaml:5:11: an element of 'run' must be a string, not true or false
bad.flow.yaml:6:5: unknown key 'neds', did you mean 'needs'?
bad.flow.yaml:7:3: 'b' needs 'c' needs 'b': a cycle
bad.flow.yaml:8:12: there is no task 'zz'
bad.flow.yaml:10:14: '5 parsecs' is no duration, such as '90s', '20m' or \
'1h30m'
bad.flow.yaml:13:12: there is no agent 'codr' in FILE, but coder
bad.flow.yaml:15:16: syntax error, unexpected \$end, line 1
bad.flow.yaml:18:16: 'bb' looks at the result of 'c', but does not need it
bad.flow.yaml:19:15: there is no task 'aa'
bad.flow.yaml:21:13: schema, at #: unknown type 'strin'
bad.flow.yaml:22:3: 'a b' is no id: letters, digits, '_' and '-', at most 40
bad.flow.yaml:22:19: 'prompt' does not go with this kind of task
bad.flow.yaml:25:27: 'always' must be true or false, not a number
bad.flow.yaml:26:7: 'y' says nothing to do: one of 'run', 'agent', 'gate', \
'flow', 'rollback', 'parallel' or 'sequential' is needed
bad.flow.yaml:27:15: a task has either 'run' or 'gate'
bad.flow.yaml:28:3: there are two tasks 'x'"

it 'runs nothing of a flow that is wrong'
run agent-flow run bad.flow.yaml
expect_status 78
expect_not [ -e .agent ]

it 'tells a program that is one only together with its neighbour'
cat >odd.flow.yaml <<'END'
tasks:
  a: {run: x, with: {x: '1), (2', y: '1 # x'}}
END
run agent-flow check odd.flow.yaml
expect_status 78
expect_err_has odd.flow.yaml:2:25:

it 'tells a file that is not there, and one that is no flow'
run agent-flow check none.flow.yaml
expect_status 66
printf 'tasks: [\n' >torn.flow.yaml
run agent-flow check torn.flow.yaml
expect_status 78
: >empty.flow.yaml
run agent-flow check empty.flow.yaml
expect_err "empty.flow.yaml:1:1: 'tasks' is missing"

done_testing
