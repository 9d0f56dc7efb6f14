#!/bin/sh
# agent-ask: conversations that go on, and are found again.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq sqlite3
model_server -e '{"match":"cut me","times":1,"text":"half of it","cut":360,"close":true}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

sent() {
	tail -n 1 "$MODEL_LOG" | jq -e "$1" >/dev/null ||
		fail "sent otherwise than: $1
$(tail -n 1 "$MODEL_LOG")"
}

it 'has nothing to go on with at first'
run agent-ask -c hello
expect_status 66
expect_err_has 'no conversation to continue'
run agent-ask --history
expect_status 1

it 'keeps nothing unless told to'
run agent-ask hello
run agent-ask --history
expect_status 1

it 'keeps a question, and goes on with it'
run agent-ask --log -s rules -m test/first 'the quick fox'
expect_status 0
expect_out 'the quick fox'
run agent-ask -c 'and the dog'
expect_status 0
sent '[.body.messages[] | .role + ": " + .content] == ["system: rules",
	"user: the quick fox","assistant: the quick fox","user: and the dog"]'

it 'asks the same model unless told otherwise'
env -u AGENT_MODEL agent-ask -c more >/dev/null
sent '.body.model == "first"'
run agent-ask -c -m test/other more
sent '.body.model == "other" and (.body.messages | length) == 8'

it 'goes on with any, by the beginning of its id'
run agent-ask --json --log 'another one'
id=$(jq -r 'select(.type == "result").data.conversation' "$T_DIR/out")
run agent-ask --log third
run agent-ask -r "$id" more
sent '.body.messages[0].content == "another one"'
run agent-ask -r zzz more
expect_status 66

it 'takes new rules instead of the old'
run agent-ask -r "$id" -s new more
sent '.body.messages[0].content == "new"'

it 'lists and finds'
run agent-ask --history
expect_status 0
expect_out_has 'the quick fox' 'another one' third
run agent-ask --history dog quick
expect_status 1
run agent-ask --history DOG
expect_status 0
expect_out_has 'the quick fox'
expect_out_lacks another
run agent-ask --history 'a"b' 'OR'
expect_status 1
run agent-ask --history --json another
expect_json 'length == 1 and .[0].messages == 6'

it 'shows one'
run agent-ask --history -r "$id"
expect_out_has 'user:' 'another one' 'assistant:'

it 'keeps what came of an answer that was cut, to go on'
run agent-ask --log --retries 0 'cut me'
expect_status 76
run agent-ask -c 'go on'
expect_status 0
sent '.body.messages[1].role == "assistant" and
	(.body.messages[1].content | startswith("half")) and
	.body.messages[2].content == "go on"'

it 'can be read with sqlite3'
run sqlite3 "$HOME/.local/state/agent/asked.db" \
	"select role, finish from messages where text like 'half%'"
expect_out 'assistant|unfinished'
run sqlite3 "$HOME/.local/state/agent/asked.db" \
	'select count(*) > 3 from conversations'
expect_out 1

it 'keeps it for many at once'
i=0
while [ "$i" -lt 12 ]; do
	agent-ask --no-stdin --log "parallel $i" >/dev/null 2>>errors &
	pids="${pids-} $!"
	i=$((i + 1))
done
for pid in $pids; do
	wait "$pid" || fail "one failed: $(cat errors)"
done
run agent-ask --history --json parallel
expect_json 'length == 12'

it 'keeps all when asked to by the environment, but for -n'
AGENT_LOG=yes run agent-ask remember
AGENT_LOG=yes run agent-ask -n forget
run agent-ask --history --json remember
expect_json 'length == 1'
run agent-ask --history forget
expect_status 1

done_testing
