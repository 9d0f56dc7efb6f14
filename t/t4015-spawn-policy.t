#!/bin/sh
# agent-spawn: rules, modes and people, who say no before a call is made.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
    policy:
      - tool: [write_file, edit_file]
        when: .arguments.path | startswith("t/")
        deny: the tests are right
      - when: .tool == "shell" and (.arguments.command | test("push"))
        ask: May it push?
END
mkdir t

it 'denies by a rule, tells why, and makes the other call'
both write_file '{"path":"t/x","content":"x"}' \
	write_file '{"path":"x","content":"x"}'
run agent-spawn go
expect_status 0
expect_ok [ "$(got 0)" = 'error: denied: the tests are right' ]
expect_ok [ "$(got 1)" = 'created x, 1 bytes' ]
expect_not [ -e t/x ]

it 'keeps it on the trail'
run cat .agent/audit.ndjson
expect_json '.[1].action == "tool.denied" and
	.[1].source == "/agent/dev" and
	.[1].data.reason == "the tests are right"'

it 'parks at a question to a person'
both shell '{"command":"echo push >pushed"}'
run agent-spawn --park go
expect_status 75
expect_err_has 'waiting for a person: May it push?'
expect_json 'last.data | .reason == "parked" and .status == 75'
expect_not [ -e pushed ]
run agent-watch .agent/journal.ndjson
expect_out_has 'May it push? shell: echo push >pushed'

it 'waits on as long as there is no answer'
run agent-spawn --park -c
expect_status 75
run agent-gate list --json
expect_json 'length == 1 and .[0].question == "May it push?" and
	.[0].subject == "shell: echo push >pushed"'

it 'goes on with the answer, which the model is told'
run agent-gate answer -m 'not on a Friday' --all deny
run agent-spawn -c
expect_status 0
expect_ok [ "$(got 0)" = 'error: denied: not on a Friday' ]
expect_not [ -e pushed ]

it 'makes the call after a yes, once'
both shell '{"command":"echo push >>pushed"}'
run agent-spawn --park again
expect_status 75
run agent-gate answer --all approve
run agent-spawn -c
expect_status 0
run agent-spawn -c
expect_status 0
expect_ok [ "$(cat pushed)" = push ]
rm pushed

it 'does not ask where all is permitted'
both shell '{"command":"echo push >pushed"}'
run agent-spawn --permission-mode bypassPermissions go
expect_ok [ -e pushed ]

it 'takes no "no" for a reason to allow'
printf 'agents:\n- id: a\n  policy:\n  - {tool: shell, allow: no}\n' >no.yaml
run agent-spawn --check --agents no.yaml
expect_status 78
expect_err "no.yaml:4:5: 'allow' is true, false or a reason, and 'no' is none of them"
run agent-spawn --agents no.yaml -m replay:rec x
expect_status 78
expect_err_has "'no' is none of them"

it 'denies there too what a rule denies'
both write_file '{"path":"t/x","content":"x"}'
run agent-spawn --permission-mode bypassPermissions go
expect_not [ -e t/x ]

it 'changes nothing in plan mode'
both write_file '{"path":"y","content":"x"}' shell '{"command":"touch y"}' \
	read_file '{"path":"x"}'
run agent-spawn --permission-mode plan go
expect_status 0
expect_not [ -e y ]
expect_ok [ "$(got 2)" = x ]
expect_ok [ "$(got 1 | cut -c1-36)" = 'error: denied: this is plan mode: lo' ]

it 'does not know every mode'
run agent-spawn --permission-mode yolo go
expect_status 2

it 'says where a rule is wrong'
printf 'agents:\n- id: a\n  policy:\n  - wen: x\n' >bad.yaml
run agent-spawn --agents bad.yaml -m replay:rec go
expect_status 78
expect_err_has "bad.yaml:4:5: unknown key 'wen', did you mean 'when'?"
printf 'agents:\n- id: a\n  policy:\n  - {when: "(", deny: x}\n' >bad.yaml
run agent-spawn --agents bad.yaml -m replay:rec go
expect_status 78
expect_err_has 'policy: rule 1: '

done_testing
