#!/bin/sh
# agent-gate: questions that wait for people, and what the policy says first.

# shellcheck disable=SC2016,SC2317
. "${0%/*}/lib.sh"

need sqlite3
mkdir -p .agent "$HOME/.config/agent"
echo 'create table users (name text);' >schema.sql

# gate: the id of the gate that is open.
gate() {
	agent-gate list --json | jq -r .id
}

opened() {
	[ -n "$(gate)" ]
}

# asked ARG...: puts a question in the background, waits until it is open;
# the answer goes to ./answer, the status to ./status.
asked() {
	rm -f answer status
	background sh -c 'agent-gate ask "$@" >answer; echo $? >status' sh "$@"
	await 20 opened || fail 'the question is not open'
}

# decided STATUS TEXT
decided() {
	await 20 test -s status || fail 'it still waits'
	[ "$(cat status)" = "$1" ] || fail "status $(cat status)"
	[ "$(cat answer)" = "$2" ] || fail "answered '$(cat answer)'"
}

it 'waits for the answer, prints it with the words that came with it'
asked 'Approve the schema?' -o approve -o modify --show schema.sql
run agent-gate answer "$(gate)" modify -m 'but rename it'
expect_status 0
decided 0 'modify: but rename it'

it 'exits 1 for a no'
asked 'May I push?'
agent-gate answer "$(gate | cut -c 19-)" deny
decided 1 deny

it 'lets the first one decide and tells the second'
asked 'Once?'
id=$(gate)
agent-gate answer "$id" approve
decided 0 approve
run agent-gate answer "$id" deny
expect_status 1
expect_err_has 'decided before: approve by /user/'

it 'refuses an answer that is no option'
asked 'Which?' -o red -o blue
id=$(gate)
run agent-gate answer "$id" green
expect_status 2
expect_err_has 'is not one of ["red","blue"]'

it 'shows a question in full, lists it, and takes it back'
run agent-gate show "$id"
expect_out_has 'Which?' 'red, blue'
run agent-gate
expect_out_has 'Which?' '(red, blue)'
agent-gate cancel "$id"
decided 1 ''

it 'refuses an answer to what has changed since it was shown'
asked 'Approve?' --show schema.sql
id=$(gate)
echo 'drop table users;' >schema.sql
run agent-gate answer "$id" approve
expect_status 77
expect_err_has 'has changed since it was shown'
agent-gate answer "$id" deny
decided 1 deny

it 'keeps the question when the asker is killed, and the answer for the next'
AGENT_STEP_KEY=step1
export AGENT_STEP_KEY
agent-gate ask 'Go on?' --show schema.sql >lost &
asker=$!
await 20 opened || fail 'the question is not open'
kill -9 "$asker"
id=$(gate)
agent-gate answer "$id" approve -m 'go'
run agent-gate ask 'Go on?' --show schema.sql
expect_status 0
expect_out 'approve: go'

it 'but asks anew when it is about something else'
echo 'select 1;' >schema.sql
run agent-gate ask --wait 0 'Go on?' --show schema.sql
expect_status 75
unset AGENT_STEP_KEY
agent-gate cancel "$(gate)"

it 'takes silence for no only when told so, and never for yes'
run agent-gate ask --deadline 0.05 --then deny 'Quick?'
expect_status 1
expect_out 'deny: nobody answered in time'
run agent-gate ask --deadline 0.05 --then halt 'Quick?'
expect_status 75
run agent-gate ask --deadline 0.05 --wait 0.2 'Quick?'
expect_status 75
run agent-gate list
expect_out_has '; overdue)'
run agent-gate ask --then allow 'Quick?'
expect_status 2
agent-gate answer --all deny

it 'remembers an answer for the same agent and subject, until told to forget'
AGENT_ID=coder
export AGENT_ID
asked --subject 'make test' 'Run make test?'
run agent-gate answer "$(gate)" approve
expect_status 77
unset AGENT_ID
agent-gate answer "$(gate)" approve --always
decided 0 approve
run agent-gate ask --from coder --subject 'make test' 'Run it once more?'
expect_out approve
run agent-gate ask --from tester --wait 0 --subject 'make test' 'And I?'
expect_status 75
agent-gate cancel "$(gate)"
agent-gate forget "$(agent-gate remembered | jq -r .id)"
run agent-gate ask --from coder --wait 0 --subject 'make test' 'Again?'
expect_status 75
agent-gate cancel "$(gate)"

it 'asks the policy first'
cat >"$HOME/.config/agent/config.yaml" <<'END'
policy:
  roles: {nobody: [], me: [nouser]}
  gates:
    - when: .subject == "rm"
      deny: never
    - agent: coder
      when: .subject == "ls"
      allow: as ever
END
run agent-gate ask --subject rm 'May I?'
expect_status 1
expect_out 'deny: never'
run agent-gate ask --from coder --subject ls 'May I?'
expect_out 'approve: as ever'
run agent-gate ask --from tester --wait 0 --subject ls 'May I?'
expect_status 75
agent-gate cancel "$(gate)"

it 'lets a workspace forbid but not allow'
cat >.agent/config.yaml <<'END'
policy:
  roles: {me: ['*', root, daemon]}
  gates:
    - when: .subject == "x"
      allow: true
    - when: .subject == "y"
      deny: here not
END
run agent-gate ask --wait 0 --subject x 'May I?'
expect_status 75
agent-gate cancel "$(gate)"
run agent-gate ask --subject y 'May I?'
expect_out 'deny: here not'

it 'takes an answer only from who may give it'
run agent-gate ask --who me --wait 0 'Me?'
expect_status 75
run agent-gate answer "$(gate)" approve
expect_status 77
expect_err_has "is not 'me', who may answer this"
rm "$HOME/.config/agent/config.yaml"
echo "policy: {roles: {me: [$(id -un)]}}" >.agent/config.yaml
run agent-gate answer "$(gate)" approve
expect_status 0

it 'tells a program of each question, once'
background agent-gate watch --exec 'jq -r .question >>told'
agent-gate ask --wait 0 'One?' 2>/dev/null
agent-gate ask --wait 0 'Two?' 2>/dev/null
await 20 grep -q Two told || fail 'not told'
run cat told
expect_out 'One?
Two?'

it 'keeps all that on the trail'
run sqlite3 .agent/hub.db 'select question from open_gates'
expect_out 'One?
Two?'
run jq -r .action .agent/audit.ndjson
expect_out_has gate.answer gate.policy

it 'asks through a socket, and answers nothing there'
background agent-send --serve sock coder
await 20 test -S sock || fail 'there is no socket'
agent-gate answer --all deny
(cd / && AGENT_SOCKET=$T_DIR/work/sock agent-gate ask \
	'From inside?') >answer &
asker=$!
await 20 opened || fail 'the question is not open'
run env AGENT_SOCKET="$PWD/sock" agent-gate answer "$(gate)" approve
expect_status 77
run agent-gate list --json
expect_json '.[0].source == "/agent/coder"'
agent-gate answer "$(gate)" approve
wait "$asker"
run cat answer
expect_out approve

done_testing
