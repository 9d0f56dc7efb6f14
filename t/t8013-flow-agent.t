#!/bin/sh
# agent-flow run: tasks for agents, and going back to a checkpoint.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need make git
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
END
cat >a.flow.yaml <<'END'
sandbox: none
tasks:
  find: {run: "echo 7"}
  ask:
    needs: find
    agent: dev
    prompt: what is six times this?
    with: {times: .tasks.find.output}
    output: {type: object, required: [answer]}
  use:
    needs: ask
    with: {it: .tasks.ask.output.answer}
    run: cat >used
END

it 'gives an agent its task and its input, and uses what it answers'
answer '(.messages[1].content | contains("six times this") and
	contains("{\"times\":\"7\"}"))' '{"answer": 42}' >rec
run agent-flow run a.flow.yaml
expect_status 0
expect_file used '{"it":42}'

it 'does not ask it again'
: >rec
run agent-flow run a.flow.yaml
expect_status 0

it 'has agents of its own'
cat >i.flow.yaml <<'END'
agents: {dev: {model: none}, own: {model: 'replay:rec', rules_file: rules}}
tasks:
  ask: {agent: own, prompt: what is it?}
END
echo 'Be brief.' >rules
answer '(.messages[0].content | contains("Be brief."))' 'It is.' >rec
run agent-flow run i.flow.yaml
expect_status 0
sed -i 's/model: none/modell: none/' i.flow.yaml
run agent-flow check i.flow.yaml
expect_status 78
expect_err_has "unknown key 'modell'"

it 'lets one that was killed go on with its conversation'
printf 'tasks: {a: {agent: dev, prompt: do it}}\n' >k.flow.yaml
{
	calls '(.messages | length) == 2' shell \
		'{"command":"echo one >>did; [ -e on ] || tail -f /dev/null"}'
	answer '.messages[-1].role == "tool"' 'It is done.'
} >rec
cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
    policy: [{allow: shell}]
END
runs=$(find .agent/runs -mindepth 1 -maxdepth 1 | wc -l)
background agent-flow run k.flow.yaml >"$T_DIR/records"
flow=$!
expect_ok await 20 [ -e did ]
kill -s KILL "$flow" "$(cat .agent/flows/k/steps/a/lease)"
: >on
run agent-flow run k.flow.yaml
expect_status 0
expect_ok [ "$(find .agent/runs -mindepth 1 -maxdepth 1 | wc -l)" -eq \
	$((runs + 1)) ]
# what is over is not gone on with, but done anew
run agent-flow run --force a k.flow.yaml
expect_status 0
expect_ok [ "$(find .agent/runs -mindepth 1 -maxdepth 1 | wc -l)" -eq \
	$((runs + 2)) ]

it 'goes back to what was before a task'
cat >u.flow.yaml <<'END'
sandbox: none
tasks:
  change: {checkpoint: true, run: 'echo bad >file; echo new >other'}
  test: {needs: change, run: grep good file, on_error: continue}
  undo:
    needs: [change, test]
    condition: .tasks.test.result == "failed"
    rollback: change
END
echo good >file
run agent-flow run u.flow.yaml
expect_status 0
expect_file file good
expect_not [ -e other ]

it 'runs commands in the sandbox when nothing else is said'
cat >s.flow.yaml <<'END'
tasks:
  out: {run: 'echo x >in; echo x >../x || :'}
END
run agent-flow run s.flow.yaml
expect_status 0
expect_file in x
expect_not [ -e ../x ]

done_testing
