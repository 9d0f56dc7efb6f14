#!/bin/sh
# agent-send and agent-recv: what goes in comes out, once, in order.
. "${0%/*}/lib.sh"

need sqlite3
mkdir .agent

it 'takes a message and prints its id'
run agent-send tester 'auth service' is ready
expect_status 0
[ "$(wc -c <"$T_DIR/out")" -eq 27 ] || fail 'not an id on a line'

it 'delivers it as a record with the name of a lease'
run agent-recv tester
expect_status 0
expect_json 'length == 1 and .[0].data.text == "auth service is ready" and
	.[0].to == "/agent/tester" and (.[0].lease == .[0].id + ".1") and
	.[0].type == "message" and (.[0].source | startswith("/user/"))'

it 'has nothing more to deliver'
run agent-recv tester
expect_status 1
expect_out ''

it 'takes a text of several lines from standard input'
printf 'one\n{"two": 2}\n' | agent-send a >/dev/null
run agent-recv --auto --format text a
expect_out 'one
{"two": 2}'

it 'takes objects from standard input, and skips what is none'
printf '%s\n' '{"prompt":"x"}' nonsense '[1]' '{"prompt":"y"}' >in
run agent-send -q builds <in
expect_status 65
expect_err_has 'line 2: ' 'line 3: '
run agent-recv --auto -q builds
expect_json 'map(.data.prompt) == ["x", "y"] and all(.type == "task")'

it 'passes records on as they are, but for the address'
agent-send --format ndjson b <<'END' >out
{"specversion":"1.0","id":"01JD0000000000000000000001","source":"/flow/x","type":"progress","n":12345678901234567890,"data":{"text":"t"}}
END
run agent-recv --auto b
expect_out_has '"n":12345678901234567890' '"source":"/flow/x"' \
	'"to":"/agent/b"'
run cat out
expect_json 'length == 2 and last.type == "result" and
	last.data.accepted == 1'

it 'refuses a record that is not what its type asks for'
printf '%s\n' '{"specversion":"1.0","id":"x","source":"s","type":"task"}' \
	'{"specversion":"1.0","id":"01JD0000000000000000000002","source":"s","type":"task","data":{"prompt":1}}' >in
run agent-send b <in
expect_status 65
expect_err_has 'is not a ULID' 'data.prompt is not a string'

it 'takes a key for one message, for ever'
first=$(agent-send --key k c one)
run agent-send --key k c two
expect_out "$first"
agent-recv --auto c >/dev/null
agent-send --gc --keep 0 >/dev/null
run agent-send --key k c three
expect_out "$first"
run agent-recv c
expect_status 1

it 'delivers by priority, then in order'
for i in 1 2 3; do
	agent-send d "n$i" >/dev/null
	agent-send -p 9 d "u$i" >/dev/null
done
run agent-recv --auto --format text d
expect_out 'u1
u2
u3
n1
n2
n3'

it 'keeps what is for later for later'
agent-send --at 1h e later >/dev/null
agent-send --at 1999-01-01 e now >/dev/null
run agent-recv --auto --format text e
expect_out now
run agent-recv --list e
expect_json '.[0].state == "later"'

it 'puts what lived too long among the dead'
agent-send --ttl 0.001 f short >/dev/null
# shellcheck disable=SC2016
await 10 sh -c 'agent-recv f; [ -n "$(agent-recv --dead f)" ]'
run agent-recv --dead f
expect_json '.[0].error == "its time to live was over"'
run agent-send --again "$(jq -r .id "$T_DIR/out")"
expect_status 0
run agent-recv --auto --format text f
expect_out short

it 'waits for the answer and prints it'
cat >agent <<'END'
agent-recv -f g | while read -r m; do
	id=$(printf '%s\n' "$m" | jq -r .lease)
	agent-send --from g -r "$id" 'all green' >/dev/null
	agent-recv --ack "$id"
done
END
background sh agent
run agent-send --wait 50 g 'run the suite'
expect_status 0
expect_out 'all green'

it 'says so when there is no answer, which then is not lost'
run agent-send --wait 0.01 h 'well?'
expect_status 124
agent-recv -1 h >m
agent-send --from h -r "$(jq -r .id m)" 'late' >/dev/null
run agent-recv --auto --format text
expect_out late

it 'reaches the subscribers of a topic, each once'
agent-recv --topic news i
agent-recv --topic news j
agent-send --topic news hello >/dev/null
run agent-recv --auto --format text i
expect_out hello
run agent-recv --auto --format text j
expect_out hello

it 'answers questions of SQL through its views'
agent-send k hello >/dev/null
run sqlite3 .agent/hub.db "select box, state from mailbox where box like '%k'"
expect_out '/agent/k|ready'

it 'backs up, checks, and says what is not a hub'
run agent-send --backup copy.db
expect_status 0
run agent-send --check
expect_status 0
mkdir -p other/.agent
cp copy.db other/.agent/hub.db
run agent-recv -C other --list k
expect_json '.[0].record.data.text == "hello"'
echo 'not a database, but a text of some length' >other/.agent/hub.db
run agent-send -C other k x
expect_status 66
sqlite3 copy.db 'pragma user_version = 99'
cp copy.db other/.agent/hub.db
run agent-send -C other k x
expect_status 78

done_testing
