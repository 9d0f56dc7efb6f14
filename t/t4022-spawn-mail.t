#!/bin/sh
# agent-spawn: an agent gets its messages between its turns.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
  - id: other
END
mkdir -m 700 .agent
run agent-send dev 'the port is 8080'
run agent-send other 'not for dev'

it 'tells the model what has come, and from whom'
answer '(.messages | length) == 3 and (.messages[2] | .role == "user" and
	(.content | contains("Message from /user/") and
	contains("the port is 8080")))' heard >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'map(.type) | index("message") != null'

it 'takes each once'
answer '(.messages | length) == 2' nothing >rec
run agent-spawn -a dev go
expect_status 0

it "leaves others' messages alone"
run agent-recv --auto other
expect_json '.[0].data.text == "not for dev"'

it 'gets what comes while it works'
{
	calls '(.messages | length) == 2' shell \
		'{"command":"touch begun; until [ -e sent ]; do :; done"}'
	answer '.messages[-1] | .role == "user" and
		(.content | contains("stop that"))' stopped
} >rec
background agent-spawn -a dev go >"$T_DIR/first" 2>&1
pid=$!
expect_ok await 20 test -e begun
run agent-send dev 'stop that'
touch sent
wait $pid
run cat "$T_DIR/first"
expect_json 'last.data.text == "stopped"'

it 'still has it when it goes on'
answer '[.messages[].content | strings | select(contains("stop that"))] |
	length == 1' kept >rec
run agent-spawn -c more
expect_status 0

done_testing
