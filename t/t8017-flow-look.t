#!/bin/sh
# agent-flow show, graph, status; limits of a flow.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make

cat >f.flow.yaml <<'END'
sandbox: none
limits: {cost: 2.5, wall: 1h}
tasks:
  first: {run: 'echo "pool $AGENT_POOL"; echo no >&2; exit 3',
    title: 'the "1st"', on_error: continue}
  each:
    needs: first
    loop: {over: [a, b]}
    sequential:
      one: {run: 'echo it'}
      ask: {gate: 'Is it right?', needs: one}
  last: {needs: each, run: 'true'}
END

it 'draws a flow'
run agent-flow graph f.flow.yaml
expect_out '1  first: run, the  1st 
2  each: loop of group  <- first
  1  one: run
  2  ask: gate  <- one
3  last: run  <- each'
run agent-flow graph --format dot f.flow.yaml
expect_out_has '"first" -> "each";' '"first" [label="first: run, the  1st "];'
run agent-flow graph --format mermaid f.flow.yaml
expect_out_has 't_each --> t_last' 't_each -.- t_one'
run agent-flow graph --format svg f.flow.yaml
expect_status 2

it 'lists what is in a loop'
run agent-flow run f.flow.yaml
expect_status 75
run agent-flow status f
expect_out 'failed      first  the "1st"
parked      each
ok            a.one
parked        a.ask
ok            b.one
parked        b.ask
waiting     last'

it 'shows all of a task'
run agent-flow show f first
expect_status 0
expect_out_has 'state: failed' 'run: echo "pool $AGENT_POOL"' 'attempt 1' \
	'        no' '"result":"failed"'
run agent-flow show --json f.each b.ask
expect_json '.[0] | .gate == "Is it right?" and .state == "parked" and
	.attempts[0].attempt == 1 and .item == "b"'
run agent-flow show f none
expect_status 66

it 'waits again for an answer to what has changed'
cat >again.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'true', title: "the \e[31mred\e[0m\none"}
  ask: {needs: a, gate: 'Is it right?', with: {a: .tasks.a.result}}
END
run agent-flow run again.flow.yaml
expect_status 75
agent-gate list --json | jq -r .id >ids
while read -r id; do
	agent-gate answer "$id" approve
done <ids
run agent-flow run again.flow.yaml
expect_status 0
run agent-flow run --force a again.flow.yaml
expect_status 75
run agent-flow status again
expect_out 'ok          a  the red one
parked      ask'
run agent-flow run --dry-run again.flow.yaml
expect_out 'ask: it was begun, and is not over'
run agent-flow graph again.flow.yaml
expect_out '1  a: run, the red one
2  ask: gate  <- a'

it 'limits what it may cost'
pool=$(sed -n 's/^pool //p' .agent/flows/f/steps/first/1/stdout)
run agent-budget --json show
expect_ok [ -n "$pool" ]
expect_json ".[0].caps[0] | .name == \"$pool\" and .amount == 2.5"

it 'shows at a terminal what runs'
if script -qec true /dev/null >"$T_DIR/why" 2>&1; then
	run script -qec 'agent-flow run --force first f.flow.yaml' /dev/null
	expect_out_has '] 1 of 3, ' ' 0 tokens, $0.00'
else
	skip 'script(1) is not there'
fi

it 'limits how many run at once'
busy='mkdir busy || exit; rmdir busy'
all=': >$AGENT_STEP_ID; until [ -e x ] && [ -e y ] && [ -e z ]; do :; done'
for jobs in 1 3; do
	script=$busy
	[ $jobs -eq 1 ] || script=$all
	jq -n --arg script "$script" --argjson jobs $jobs '
		{sandbox: "none", limits: {jobs: $jobs}, tasks: ([["x", "y", "z"]
		[] | {(.): {run: $script, timeout: 20}}] | add)}' >j.flow.yaml
	run agent-flow run j.flow.yaml
	expect_status 0
done

it 'limits how long it may run'
cat >w.flow.yaml <<'END'
sandbox: none
limits: {wall: 100ms}
tasks:
  long: {run: '[ -e go ] || exec tail -f /dev/null'}
END
run agent-flow run w.flow.yaml
expect_status 124
expect_err_has 'as long as it may'
: >go
sed -i 's/100ms/1h/' w.flow.yaml
run agent-flow run w.flow.yaml
expect_status 0

done_testing
