#!/bin/sh
# agent-spawn --stay: an agent that lives, and answers what it is sent.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox
need sqlite3

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
  - id: dumb
    model: replay:none
  - id: pal
    direct_communication: [dev]
END
mkdir -m 700 .agent
# told N TEXT: when N users' messages are there
told() {
	answer '([.messages[] | select(.role == "user")] | length) == '"$1" "$2"
}
{
	told 1 one
	told 2 two
	told 3 three
	calls '.messages[-1].role == "user"' shell \
		'{"command":"touch begun; until [ -e go ]; do :; done"}'
	answer '.messages[-1] | .role == "tool" or
		(.content | strings | contains("five"))' late
} >rec
stay() {
	background agent-spawn --stay dev --format ndjson >>"$T_DIR/stay" 2>&1
	stay=$!
}
run_of() {
	cat .agent/stay/dev
}

it 'answers messages in one conversation'
stay
run agent-send --wait 50 dev 'first'
expect_out one
run agent-send --wait 50 --type task --format ndjson dev 'second'
expect_json 'last | .type == "result" and .data.text == "two" and
	.source == "/agent/dev"'
first=$(run_of)

it 'is there once'
run agent-spawn --stay dev --format ndjson
expect_status 75
expect_err_has 'stays already'

it 'ends when a person tells it to, and nobody else'
agent-send --from pal -t stop dev 'please' >/dev/null || fail 'not sent'
agent-send -t stop dev >/dev/null || fail 'not sent'
wait "$stay" || fail "status $?"
run agent-recv --list dev
expect_out ''

it 'goes on with the same conversation, takes what is there, and ends'
run agent-send dev fourth
rm -f go
touch go
run agent-spawn --stay dev --idle-exit 0 --format ndjson
expect_status 0
expect_json 'map(select(.type == "tool.result")) | length == 1'
expect_json 'last.data | .reason == "idle" and .answered == 1'
[ "$(run_of)" = "$first" ] || fail 'another run'
run agent-spawn --stay dev --idle-exit 0 --format ndjson
expect_json 'last.data.answered == 0'

it 'killed, it leaves what it was at to the next one, which goes on'
rm -f go begun
stay
id=$(agent-send dev fifth)
await 20 test -e begun || fail 'not begun'
kill -9 "$stay"
run agent-recv --list dev
expect_json '.[0].id == "'"$id"'"'
touch go
run agent-spawn --stay dev --idle-exit 0 --format ndjson
expect_json '(map(select(.type == "message")) | length == 0) and
	(last.data.answered == 1)'
run agent-recv --list dev
expect_out ''

it 'asked to end, it gives back what it was at, uncounted'
rm -f go begun
stay
agent-send dev sixth >/dev/null
await 20 test -e begun || fail 'not begun'
kill -TERM "$stay"
wait "$stay" || fail "status $?"
grep interrupted "$T_DIR/stay" | grep -v reason && fail 'it complained'
run agent-recv --list dev
expect_json '.[0] | .state == "ready" and .tries == 0'

it 'sends what it had answered when it was killed, and asks nobody again'
touch go
run agent-spawn --stay dev --idle-exit 0 --format ndjson
agent-send --wait 1ms dev 'seventh' >/dev/null 2>&1
id=$(agent-recv --list dev | jq -r .id)
run agent-spawn --stay dev --idle-exit 0 --format ndjson
agent-recv --auto user >/dev/null
sqlite3 .agent/hub.db "update message set state = 0, tries = 1
	where id = '$id'; delete from key; delete from message
	where corr = '$id'"
mv rec rec.away
run agent-spawn --stay dev --idle-exit 0 --format ndjson
mv rec.away rec
expect_json 'last.data.answered == 1'
run agent-recv --auto --corr "$id" user
expect_json '.[0].corr == "'"$id"'"'

it 'takes what comes while it works, and answers that too'
stay
background agent-send --wait 50 dev 'five' >two
two=$!
await 20 sh -c '[ "$(agent-recv --list dev | wc -l)" = 2 ]'
touch go
wait "$two" || fail "status $?"
[ "$(cat two)" = late ] || fail "$(cat two)"
agent-send -t stop dev >/dev/null
wait "$stay" || fail "status $?"

it 'says so to who waits when it cannot, and keeps the message'
background agent-spawn --stay dumb --format ndjson >"$T_DIR/dumb" 2>&1
run agent-send --wait 50 dumb 'do it'
expect_status 1
expect_out_has none
run agent-recv --dead dumb
expect_json '.[0].error | contains("none")'

done_testing
