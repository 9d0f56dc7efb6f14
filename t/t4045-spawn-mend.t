#!/bin/sh
# agent-spawn: failures: tried again, checked, rolled back, escalated.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox
need git

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec', retries: 1}
agents:
  - {id: patient, model: test/x}
  - {id: checked, check: ./good}
  - {id: strict, check: {run: ./good, each_turn: true}}
  - {id: loose, check: {run: ./good, rollback: false}}
  - {id: asker, escalate: true}
END
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "f is $(cat f)"\ngrep -q good f\n' >good
chmod +x good
echo good >f
broken='.messages[-1].role == "user" and
	(.messages[-1].content | startswith("The check `./good` fails:\n\nf is "))'
write() { echo "{\"path\":\"f\",\"content\":\"$1\"}"; }

it 'tries again after a failure that passes'
model_server -e '{"times":4,"status":503,"body":"busy",
	"headers":{"retry-after":"0"}}' -e '{"text":"at last"}'
run agent-spawn -a patient go
expect_status 0
expect_json 'last.data.text == "at last" and any(.type == "model.retry" and
	.data.kind == "overloaded")'

it 'says that it waits for a limit that another run has met'
model_server -e '{"times":1,"status":429,"headers":{"retry-after":"5"},
	"body":"slow"}' -e '{"text":"now"}'
run agent-spawn -a patient --timeout 1s go
expect_status 75
run agent-spawn -a patient --timeout 20s go
expect_status 0
expect_json 'last.data.text == "now" and any(.type == "model.retry" and
	.data.kind == "rate_limit" and .data.delay > 2)'

it 'gives work that does not stand its check back to the model'
{
	calls '(.messages | length) == 2' write_file "$(write bad)"
	calls '.messages[-1].role == "tool"' 'done' '{"summary":"did it"}'
	calls "$broken" write_file "$(write 'good again')"
} | sed '2s/tool\\"/tool\\" and (.messages | length) == 4/' >rec
calls '(.messages | length) == 9' 'done' '{"summary":"mended"}' >>rec
run agent-spawn -a checked go
expect_status 0
expect_json 'last.data.text == "mended" and
	([.[] | select(.type == "progress").data.ok] == [false, true])'
expect_file f 'good again'

it 'rolls the files back when the model cannot mend it, and tries once more'
{
	calls '.messages[-1].content | contains("again what they were")' \
		read_file '{"path":"f"}'
	calls "$broken" write_file "$(write worse)"
	calls '.messages[-1].content == "good again"' write_file \
		"$(write 'good at last')"
	calls '.messages[-1].role == "tool" and
		(.messages[-2].tool_calls[0].function.arguments |
		contains("at last"))' 'done' '{"summary":"ok"}'
	calls '(.messages | length) == 2' write_file "$(write bad)"
	calls '.messages[-1].role == "tool"' 'done' '{"summary":"did it"}'
} >rec
run agent-spawn -a checked go
expect_status 0
expect_file f 'good at last'
expect_json 'any(.type == "checkpoint" and .data.restored)'
run agent-undo verify
expect_out_has 'in order'
expect_ok grep -q workspace.restored .agent/audit.ndjson

it 'gives up when that does not help, with the files as they were'
{
	calls '.messages[-1].role == "tool"' 'done' '{"summary":"did it"}'
	calls '' write_file "$(write bad)"
} >rec
run agent-spawn -a checked go
expect_status 1
expect_json 'last.data | .reason == "broken" and (.message |
	endswith("and the files are what they were"))'
expect_file f 'good at last'
run agent-spawn -a loose go
expect_status 1
expect_file f bad

it 'checks after each turn that changed files, where told so'
echo good >f
{
	calls '(.messages | length) == 2' write_file "$(write bad)"
	calls "$broken" write_file "$(write 'good 3')"
	answer '.messages[-1].role == "tool"' well
} >rec
run agent-spawn -a strict go
expect_status 0
expect_json '[.[] | select(.type == "progress").data.ok] ==
	[false, true, true]'

it 'asks a person how to go on, and does'
calls '' 'done' '{"summary":"cannot","success":false}' >rec
run agent-spawn -a asker --park 'do it'
expect_status 75
expect_json 'any(.type == "escalation" and .data.reason == "done" and
	(.data.suggestions | length) == 2)'
run agent-gate list --json
expect_json '.[0].kind == "debug_request"'
run agent-gate answer "$(agent-gate list --json | jq -r .id)" 'shorter, please'
answer '.messages[-1] == {"role":"user","content":"shorter, please"}' ok >rec
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "ok"'

it 'ends when the person says so'
calls '' 'done' '{"summary":"cannot","success":false}' >rec
run agent-spawn -a asker --park 'do it'
expect_status 75
run agent-gate answer "$(agent-gate list --json | jq -r .id)" stop
run agent-spawn -c
expect_status 1
expect_json 'last.data.reason == "done"'

it 'tells a model that goes round in circles, and stops it'
{
	calls '(.messages[-1].role == "tool" and
		(.messages[-1].content | contains("1")))' shell '{"command":"echo 2"}'
	calls '' shell '{"command":"echo 1"}'
} >rec
run agent-spawn -a strict --max-turns 40 --no-checkpoints go
expect_status 1
expect_json 'last.data | .reason == "repeating" and .turns == 16'
expect_json '[.[] | select(.type == "message").data.text |
	startswith("You make the same calls")] == [true]'

done_testing
