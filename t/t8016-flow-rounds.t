#!/bin/sh
# agent-flow run: rounds, as long as or until something holds.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make

# done_now: the tasks that the last run has done, on one line.
done_now() {
	jq -r 'select(.type == "result" and .task) | "\(.flow).\(.task)"' \
		"$T_DIR/out" | sort | tr '\n' ' '
}

it 'does it until it is right'
cat >u.flow.yaml <<'END'
sandbox: none
tasks:
  mend:
    loop: {max: 4, until: '.last.tasks.test.result == "ok"'}
    sequential:
      edit: {run: 'cat >>seen; echo x >>file', with: {n: .n,
        was: .last.tasks.test.output}}
      test: {run: 'wc -l <file; [ "$(wc -l <file)" -eq "$(cat want)" ]',
        on_error: continue}
END
echo 3 >want
run agent-flow run u.flow.yaml
expect_status 0
expect_file seen '{"n":1,"was":null}
{"n":2,"was":"1"}
{"n":3,"was":"2"}'
run agent-flow run u.flow.yaml
expect_ok [ "$(wc -l <file)" -eq 3 ]

it 'fails when it does not become right, and is tried anew when asked to'
rm -rf file .agent
echo 9 >want
run agent-flow run u.flow.yaml
expect_status 1
expect_ok [ "$(wc -l <file)" -eq 4 ]
run agent-flow run u.flow.yaml
expect_ok [ "$(wc -l <file)" -eq 4 ]
echo 7 >want
run agent-flow run --retry-failed u.flow.yaml
expect_status 0
expect_ok [ "$(wc -l <file)" -eq 7 ]

it 'does it as long as it is to be done'
cat >w.flow.yaml <<'END'
sandbox: none
tasks:
  a:
    loop: {max: 9, while: '(.last.output // 0) < 3'}
    with: {n: .n}
    run: jq .n
    output: json
  none: {loop: {max: 9, while: 'false'}, run: touch evil}
  number: {needs: [a, none], run: cat, with: {a: .tasks.a.output | length,
    none: .tasks.none.output}}
END
run agent-flow run w.flow.yaml
expect_status 0
expect_file .agent/flows/w/steps/number/1/stdout '{"a":3,"none":[]}'
expect_not [ -e evil ]
run agent-flow run w.flow.yaml
expect_ok [ "$(done_now)" = '' ]

it 'does as many rounds at once as there are jobs'
cat >both.flow.yaml <<'END'
sandbox: none
tasks:
  each:
    loop: {over: [x, y], key: .item}
    run: ': >at.$AGENT_STEP_ID; until [ -e at.x ] && [ -e at.y ]; do :; done'
    timeout: 20
END
run agent-flow run -j 2 both.flow.yaml
expect_status 0

it 'fails what prints nothing where JSON is due'
printf 'sandbox: none\ntasks:\n  a: {run: "true", output: json}\n' >no.flow.yaml
run agent-flow run no.flow.yaml
expect_status 1
run agent-flow status no
expect_out_has 'failed      a: its output is no JSON'

it 'does all rounds again of what did not come true, when asked to'
cat >never.flow.yaml <<'END'
sandbox: none
tasks:
  try: {loop: {max: 2, until: 'false'}, run: 'echo x >>tries'}
END
run agent-flow run never.flow.yaml
expect_status 1
run agent-flow run never.flow.yaml
expect_ok [ "$(wc -l <tries)" -eq 2 ]
run agent-flow run --retry-failed never.flow.yaml
expect_status 1
expect_ok [ "$(wc -l <tries)" -eq 4 ]

done_testing
