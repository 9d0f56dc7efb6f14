#!/bin/sh
# What an agent does in its sandbox, it can say to the others: through the
# socket that it was given, as itself and as nobody else.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
    direct_communication: [tester]
  - id: tester
    type: exec
    command: [./program]
  - id: spy
END
mkdir -m 700 .agent
# says COMMAND: lets the agent run it, and keeps what came of it in `said`.
says() {
	{
		calls '(.messages | length) == 2' shell "$(jq -nc --arg c "$1" '{command: $c}')"
		answer '.messages[-1].role == "tool"' ok
	} >rec
	run agent-spawn -a dev --format ndjson go
	expect_status 0
	jq -r 'select(.type == "tool.result") | .data.output' \
		<"$T_DIR/out" >said
	run cat said
}

it 'writes to whom it may'
says 'agent-send tester "it is ready" && echo sent'
expect_out_has sent
run agent-recv --auto tester
expect_json '.[0] | .source == "/agent/dev" and
	.data.text == "it is ready"'

it 'is told whom it may write to, and how'
run agent-spawn -a dev --dry-run x
expect_out_has 'writes to tester or `user`'
run agent-spawn -a spy -m replay:rec --dry-run x
expect_not grep -q 'agent-send' "$T_DIR/out"

it 'and to nobody else, whoever it says it is'
says 'agent-send spy x; echo $?; agent-send --from tester user x; echo $?
	unset AGENT_SOCKET; agent-send spy x; echo $?'
expect_out_has "may not write to 'spy'"
expect_out_has "you are '/agent/dev', not '/agent/tester'"
[ "$(grep -cx '77\|73' said)" = 3 ] || fail 'not refused'
run agent-recv --list spy
expect_out ''
run cat .agent/audit.ndjson
expect_json 'map(select(.action == "message.refused")) | length == 1'

it 'reads its own mail only'
agent-send spy 'a secret' >/dev/null
says 'agent-recv spy; echo $?; agent-recv --list spy; echo $?'
[ "$(grep -cx 77 said)" = 2 ] || fail 'not refused'
grep -q secret said && fail 'it read it'
says 'agent-send -q builds x; echo $?; agent-recv -q builds; echo $?
	agent-recv --ack 01JD0000000000000000000009.1; echo $?'
[ "$(grep -cx 77 said)" = 2 ] || fail 'not refused'
grep -qx 1 said || fail 'acknowledged what it never had'

it 'asks a person, who answers outside'
background sh -c 'while :; do
	for id in $(agent-gate list --json | jq -r .id); do
		agent-gate answer "$id" approve -m "but softly"
	done
done' >/dev/null 2>&1
asked=$!
says 'agent-gate ask "May I?"; echo "status $?"'
kill "$asked"
expect_out_has 'approve: but softly'
expect_out_has 'status 0'

it 'but does not answer itself'
run agent-gate ask --wait 0 'Really?'
id=$(agent-gate list --json | jq -r .id)
says "agent-gate answer $id approve; echo \"status \$?\"; agent-gate list"
expect_out_has 'status 77'

it "works for another's agent too"
cat >program <<'END'
#!/bin/sh
cat >/dev/null
agent-send user 'the tester speaks' >/dev/null && echo spoke
agent-send spy x 2>/dev/null || echo "refused $?"
END
chmod +x program
run agent-spawn -a tester --format ndjson go
expect_json 'last.data.text == "spoke\nrefused 77\n"'
run agent-recv --auto user
expect_json 'last | .source == "/agent/tester"'

it 'has a process behind it when somebody has knocked, not before'
# helpers: those of the agent that works, by name
helpers() {
	tr ' ' '\n' <"/proc/$spawn/task/$spawn/children" |
		while read -r child; do
			cat "/proc/$child/comm"
		done
}
{
	calls '(.messages | length) == 2' shell "$(jq -nc '{command:
		"touch begun; until [ -e go ]; do :; done; agent-send tester x;
		touch sent; until [ -e end ]; do :; done"}')"
	answer '.messages[-1].role == "tool"' ok
} >rec
background agent-spawn -a dev --format ndjson go >"$T_DIR/out" 2>&1
spawn=$!
await 20 test -e begun
run helpers
expect_out agent-sandbox
touch go
await 20 test -e sent
run helpers
expect_out_has agent-send
touch end
wait "$spawn" || fail "status $?"

it 'leaves no socket behind'
run find .agent/runs -type s
expect_out ''

done_testing
