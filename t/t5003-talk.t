#!/bin/sh
# Who may write to whom, outside and through the socket of a sandbox.
. "${0%/*}/lib.sh"

mkdir .agent
cat >agents.yaml <<'END'
agents:
  - id: coder
    direct_communication: [tester, queue/builds]
  - id: tester
  - id: spy
END

it 'lets an agent write to those that agents.yaml names'
run agent-send --from coder tester hello
expect_status 0

it 'and to the person'
run agent-send --from spy user hello
expect_status 0

it 'and to nobody else, which is noted'
run agent-send --from spy tester hello
expect_status 77
expect_err "agent-send: 'spy' may not write to 'tester' (agents.yaml, direct_communication)"
run cat .agent/audit.ndjson
expect_json '.[0].action == "message.refused" and
	.[0].source == "/agent/spy" and .[0].data.to == "/agent/tester"'

it 'lets one answer what was written to it'
agent-recv -1 tester >m
run agent-send --from tester -r "$(jq -r .id m)" 'thank you'
expect_status 0
run agent-send --from tester coder 'something else'
expect_status 77

it 'reaches all to whom one may write'
run agent-send --from coder --to-all hello
expect_status 0
[ "$(wc -l <"$T_DIR/out")" -eq 1 ] || fail 'not one message'
run agent-send --to-all hello
[ "$(wc -l <"$T_DIR/out")" -eq 3 ] || fail 'not three messages'

background agent-send --serve sock coder
await 20 test -S sock || fail 'there is no socket'
# what a sandbox has: no workspace, but the socket
mkdir inside
boxed() {
	(cd / && AGENT_SOCKET=$T_DIR/work/sock && export AGENT_SOCKET &&
		"$@")
}

it 'speaks through the socket for one agent, whatever that one says'
agent-recv --auto tester >/dev/null
run boxed agent-send tester 'from inside'
expect_status 0
run agent-recv --auto tester
expect_json 'last.source == "/agent/coder"'
run boxed agent-send --from tester user x
expect_status 77
boxed agent-send tester <<'END' >/dev/null
{"specversion":"1.0","id":"01JD0000000000000000000009","source":"/user/root","type":"message","data":{"text":"forged"}}
END
run agent-recv --auto tester
expect_json '.[0].source == "/agent/coder"'

it 'is refused there what is refused outside'
run boxed agent-send spy x
expect_status 77
expect_err_has "may not write to 'spy'"

it 'reads its own mailbox there'
agent-send coder 'for you' >/dev/null
boxed agent-recv --auto --format text >out
grep -qx 'for you' out || fail 'not delivered'
agent-send coder again >/dev/null
boxed agent-recv -1 >m
boxed agent-recv --ack "$(jq -r .lease m)" || fail 'not acknowledged'

it 'and no other'
agent-send tester secret >/dev/null
run boxed agent-recv tester
expect_status 77
agent-recv -1 tester >m
run boxed agent-recv --ack "$(jq -r .lease m)"
expect_status 1
run boxed agent-send -r "$(jq -r .id m)" x
expect_status 66
run boxed agent-recv --list
expect_status 77

it 'takes from a queue that it may write to'
boxed agent-send -q builds task >/dev/null || fail 'not sent'
boxed agent-recv -1 -q builds >m || fail 'not taken'
run boxed agent-recv -q other
expect_status 77

it 'waits there, and wakes'
boxed agent-recv -1 --wait 50 --auto --format text >out &
waiter=$!
agent-send coder 'wake up' >/dev/null
wait "$waiter"
grep -qx 'wake up' out || fail 'not woken'
(
	agent-recv -1 --wait 50 tester >m2
	agent-send --from tester -r "$(jq -r .id m2)" 'fine' >/dev/null
) &
run boxed agent-send --wait 50 tester 'how are you?'
expect_out fine

it 'comes back at once when the sandbox is killed'
agent-send coder m >/dev/null
rm m
(cd / && AGENT_SOCKET=$T_DIR/work/sock exec agent-recv -f) >m &
holder=$!
await 20 test -s m || fail 'nothing was delivered'
kill -9 "$holder"
run agent-recv -1 --wait 50 coder
expect_json '.[0].lease | endswith(".2")'

it 'says so when the other end is gone'
run env AGENT_SOCKET=/nonexistent agent-send user x
expect_status 69

done_testing
