#!/bin/sh
# agent-flow run: loops over lists that are found on the way.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make

# done_now: the tasks that the last run has done, on one line.
done_now() {
	jq -r 'select(.type == "result" and .task) | "\(.flow).\(.task)"' \
		"$T_DIR/out" | sort | tr '\n' ' '
}

cat >f.flow.yaml <<'END'
sandbox: none
tasks:
  plan: {inputs: [list], run: cat list, output: json}
  other: {inputs: [other], run: cat other}
  fix:
    needs: [plan, other]
    loop: {over: .tasks.plan.output, key: .item.id}
    with: {item: .item}
    run: cat
    output: json
  all:
    needs: fix
    with: {texts: '[.tasks.fix.output[].output.item.text]'}
    run: cat
    output: json
END
evil='$(touch evil) `x`'
items='{"id": "a", "text": "'$evil'"}, {"id": "b; x", "text": 2}'
echo "[$items]" >list
echo 1 >other

it 'does it for each of a list'
run agent-flow run f.flow.yaml
expect_status 0
run jq -c .texts .agent/flows/f/steps/all/1/output.json
expect_out "[\"$evil\",2]"
expect_not [ -e evil ]

it 'fails a loop over what is no list, or has two that are the same'
echo '{}' >list
run agent-flow run f.flow.yaml
expect_status 1
echo '[{"id": 1}, {"id": "1"}]' >list
run agent-flow run f.flow.yaml
expect_status 1
expect_ok grep -q "two items have the key '1'" \
	.agent/flows/f/steps/fix/3/stderr

it 'does it for what is new, and for nothing else'
echo "[$items]" >list
run agent-flow run f.flow.yaml
echo "[$items"', {"id": "c"}]' >list
run agent-flow run f.flow.yaml
expect_ok [ "$(done_now)" = 'f.all f.fix f.fix.c f.plan ' ]

it 'does all of it when what it needs was done anew'
echo 2 >other
run agent-flow run f.flow.yaml
expect_ok [ "$(done_now | wc -w)" -eq 6 ]

it 'does what has changed, and what is new under another name'
echo '[{"id": "a", "more": 1}, {"id": "x"}]' >list
run agent-flow run f.flow.yaml
expect_ok [ "$(done_now)" = 'f.all f.fix f.fix.a f.fix.x f.plan ' ]

it 'has nothing to do for an empty list'
echo '[]' >list
run agent-flow run f.flow.yaml
expect_status 0
run agent-flow run f.flow.yaml
expect_ok [ "$(done_now)" = '' ]

it 'does a loop in a loop, so many at once'
cat >n.flow.yaml <<'END'
sandbox: none
tasks:
  outer:
    loop: {over: [x, 'y z'], jobs: 1}
    parallel:
      list: {run: 'echo [1, 2]', output: json}
      inner:
        needs: list
        loop: {over: .tasks.list.output, jobs: 1}
        with: {i: .item, o: .outer.item}
        run: 'mkdir busy || exit; cat >>seen2; rmdir busy'
END
run agent-flow run -j 4 n.flow.yaml
expect_status 0
expect_file seen2 '{"i":1,"o":"x"}
{"i":2,"o":"x"}
{"i":1,"o":"y z"}
{"i":2,"o":"y z"}'

it 'goes on with others when one waits for an answer, still so many at once'
cat >g.flow.yaml <<'END'
sandbox: none
tasks:
  each:
    loop: {over: [a, b, c], jobs: 1}
    sequential:
      ask: {gate: 'Is it right?', with: {i: .item}}
      do: {run: 'mkdir busy || exit; echo x >>log; rmdir busy', needs: ask}
END
run agent-flow run g.flow.yaml
expect_status 75
agent-gate list --json | jq -r .id >ids
expect_ok [ "$(wc -l <ids)" -eq 3 ]
agent-gate answer "$(sed -n 2p ids)" approve
run agent-flow run g.flow.yaml
expect_status 75
expect_file log x
sed 2d ids | xargs -n 1 sh -c 'agent-gate answer "$1" approve' sh
run agent-flow run -j 4 g.flow.yaml
expect_status 0
expect_ok [ "$(wc -l <log)" -eq 3 ]

it 'is not over while something in it is to come, whatever has failed'
cat >u.flow.yaml <<'END'
sandbox: none
tasks:
  each: {loop: {over: [1]}, parallel: {no: {run: 'exit 3'}, ask: {gate: 'On?'}}}
END
run agent-flow run u.flow.yaml
expect_status 75
agent-gate answer "$(agent-gate list --json | jq -r .id)" approve
run agent-flow run u.flow.yaml
expect_status 1

it 'does the same with plain make'
rm -rf .agent
mkdir -m 700 .agent
echo '[{"id": "a"}, {"id": "b"}]' >list
agent-flow compile f.flow.yaml >mk
run make -n -f mk
expect_status 0
expect_not [ -e .agent/flows/f/steps/fix/intent.json ]
run make -s -k -j 3 -f mk
expect_status 0
expect_ok [ -e .agent/flows/f.fix/steps/b/result.json ]

done_testing
