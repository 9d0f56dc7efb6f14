#!/bin/sh
# agent-flow run: order, data, conditions, failures; and plain make.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make

# states: what became of the tasks, on one line.
states() {
	agent-flow status --json f | jq -r '"\(.task)=\(.state)"' | tr '\n' ' '
}

cat >f.flow.yaml <<'END'
sandbox: none
env: {COLOUR: "red $(touch evil)"}
tasks:
  list:
    inputs: [in]
    run: 'echo list >>log; cat in'
    output: {type: object, required: [n]}
  no: {needs: list, run: "exit 3", on_error: continue}
  use:
    needs: [list, no]
    condition: .tasks.no.result == "failed" and .tasks.list.output.n == 3
    with: {text: .tasks.list.output.text, status: .tasks.no.status}
    run: 'echo use >>log; cat; echo "$COLOUR"'
  skip: {needs: no, condition: .tasks.no.status == 0, run: "touch evil"}
  bad: {needs: skip, run: [sh, -c, 'echo bad >>log; exit 4']}
  left: {needs: bad, run: touch evil}
  last: {needs: [bad, use], always: true, run: 'echo last >>log'}
END
echo '{"n": 3, "text": "`touch evil` $(touch evil)"}' >in

it 'does all that can be done, and says what failed'
run agent-flow run f.flow.yaml
expect_status 1
expect_json 'last | .type == "result" and .data.status == 1 and
	.data.tasks == {ok: 3, failed: 2, skipped: 1, omitted: 1}'
expect_ok [ "$(states)" = 'list=ok no=failed use=ok skip=skipped bad=failed '\
'left=omitted last=ok ' ]

it 'hands data over as it is'
expect_file .agent/flows/f/steps/use/1/stdout \
	'{"status":3,"text":"`touch evil` $(touch evil)"}
red $(touch evil)'
expect_not [ -e evil ]

it 'keeps to the order'
expect_ok [ "$(head -1 log)" = list ]
expect_ok [ "$(tail -1 log)" = last ]

it 'does nothing twice'
rm log
run agent-flow run f.flow.yaml
expect_status 1
expect_not [ -e log ]

it 'tells what it would do, without doing it'
run agent-flow run --dry-run --force use f.flow.yaml
expect_status 0
expect_out 'use: it was asked for
last: '"'"'use'"'"', which it needs, is to be done'
run agent-flow run --dry-run f.flow.yaml
expect_out ''

it 'does anew what changed and what needs it, nothing else'
sed -i 's/echo bad/echo BAD/' f.flow.yaml
run agent-flow run f.flow.yaml
expect_file log 'BAD
last'

it 'does anew what has failed, when asked to'
rm log
sed -i 's/exit 4/exit $(cat four)/' f.flow.yaml
echo 4 >four
run agent-flow run f.flow.yaml
echo 0 >four
run agent-flow run f.flow.yaml
expect_status 1
run agent-flow run --retry-failed f.flow.yaml
expect_status 0
expect_ok [ "$(grep -c use log)" -eq 1 ]

it 'looks at files, not at their times'
rm -f log
touch in
run agent-flow run f.flow.yaml
expect_not [ -e log ]
echo '{"n": 4}' >in
run agent-flow run f.flow.yaml
expect_ok [ "$(head -1 log)" = list ]
expect_ok agent-flow status --json f

it 'fails what prints something else than it should'
echo '{"m": 4}' >in
run agent-flow run f.flow.yaml list
expect_status 1
expect_json 'map(select(.task == "list" and .type == "result")) | last |
	.data.reason == "failed" and (.data.message | test("lacks .n."))'

it 'does the same with plain make'
echo '{"n": 3}' >in
rm -rf .agent log evil
mkdir -m 700 .agent
agent-flow compile f.flow.yaml >mk
expect_not grep -q 'touch\|red' mk
run make -s -k -j 2 -f mk
expect_status 0
expect_ok [ "$(states)" = 'list=ok no=failed use=ok skip=skipped bad=ok '\
'left=ok last=ok ' ]
cp log log1
run make -s -k -j 2 -f mk
expect_status 0
cmp -s log log1 || fail 'it did something twice'
echo '{"n": 3, "x": 1}' >in
run make -n -f mk
expect_out_has 'agent-flow task'
expect_not grep -q x .agent/flows/f/steps/list/1/stdout

it 'does some of the tasks'
rm -rf .agent log
run agent-flow run f.flow.yaml list
expect_status 0
expect_file log list
run agent-flow run f.flow.yaml nothing
expect_status 66

it 'shows it to people'
run agent-flow run --format text f.flow.yaml
expect_status 0
expect_out_has 'f:last' '5 ok, 1 failed, 1 skipped'

done_testing
