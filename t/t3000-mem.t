#!/bin/sh
# agent-mem: notes come in, go out, change and come back.
. "${0%/*}/lib.sh"

AGENT_MEMORY=$PWD/m.db
export AGENT_MEMORY
unset AGENT_ID

it 'adds a note and prints its id'
run agent-mem add 'Deploys go through bastion-2' -t deploy -t infra
expect_status 0
id=$(cat "$T_DIR/out")
[ "${#id}" -eq 26 ] || fail "'$id' is no ULID"

it 'shows it'
run agent-mem show "$id"
expect_out 'Deploys go through bastion-2'

it 'shows it by the beginning of its id'
run agent-mem show "${id%????}"
expect_out 'Deploys go through bastion-2'

it 'keeps the file for its owner'
expect_ok test "$(stat -c %a m.db)" = 600

it 'does not add it twice, but completes the tags'
run agent-mem add '  deploys go  through Bastion-2.' -t new
expect_out "$id"
run agent-mem list --format ndjson
expect_json '.[0].tags == ["deploy", "infra", "new"] and length == 2'

it 'does not take different numbers for the same'
run agent-mem add 'the offset is 16'
run agent-mem add 'the offset is -16'
run agent-mem list --format ndjson
expect_json 'last.data.count == 3'

it 'reads standard input'
run sh -c 'printf "two\nlines\n" | agent-mem add --id two'
expect_out two
run agent-mem show two
expect_out 'two
lines'

it 'changes a note whose id is there'
run agent-mem add --id two 'another text'
run agent-mem show two
expect_out 'another text'

it 'undoes that, and the undoing'
run agent-mem undo
expect_status 0
run agent-mem show two
expect_out 'two
lines'

it 'tags, and takes tags off'
run agent-mem tag two a b
run agent-mem tag two -- -a c
run agent-mem show --format ndjson two
expect_json '.[0].tags == ["b", "c"]'

it 'removes and brings back with all that belonged to it'
run agent-mem rm two
run agent-mem show two
expect_status 66
expect_err "agent-mem: no note 'two'"
run agent-mem undo
run agent-mem show --format ndjson two
expect_json '.[0].tags == ["b", "c"] and .[0].text == "two\nlines"'

it 'undoes what a stream added'
printf '%s\n' '{"text":"stream one"}' '{"text":"stream two"}' |
	agent-mem add --format ndjson >/dev/null
run agent-mem undo
run agent-mem search stream
expect_status 1

it 'says when there is nothing to undo'
run agent-mem undo 99999
expect_status 1

it 'takes records, gives them back, and loses no member'
cat >in <<'END'
{"id":"r1","agent":"dba","time":"2025-03-01T10:00:00Z","tags":["pg"],"text":"pool is 20","x":{"deep":[1,null]},"importance":0.9}
{"id":"r2","text":"pool is 12","supersedes":["r1"],"source":"mail","expires":"2199-01-01"}
END
run agent-mem -f r.db add --format ndjson <in
expect_status 0
expect_json '.[0] == {id: "r1", status: "added"} and last.type == "result"'
run agent-mem -f r.db export
expect_json '(.[0] | .author == "dba" and .x.deep == [1, null] and
	.importance == 0.9 and .superseded_by == "r2") and
	(.[1] | .supersedes == ["r1"] and .source == "mail" and
	.expires == "2199-01-01T00:00:00.000Z")'

it 'reads what it wrote'
run sh -c 'agent-mem -f r.db export >1 && agent-mem -f copy.db import 1 &&
	agent-mem -f copy.db export | cmp - 1'
expect_status 0

it 'knows what it has'
run agent-mem -f r.db add --format ndjson <in
expect_json '.[0].status == "same" and .[1].status == "same"'

it 'reports bad lines and goes on'
printf '%s\n' '{"text":"good one"}' nonsense '{"text":7}' '{"id":"","text":"x"}' \
	'{"text":"t","tags":[1]}' '{"text":"t","time":"soon"}' '{"text":" "}' \
	'{"text":"good two"}' >in
run agent-mem -f bad.db add --format ndjson <in
expect_status 65
expect_json 'last.data.count == 2'
expect_err_has 'line 2: ' 'line 3: no "text"' 'line 4: "id"' \
	'line 5: "tags"' 'line 6: "time"' 'line 7: "text" is empty'

it 'passes over the end of a pipe of records'
run sh -c 'agent-mem -f r.db search --format ndjson pool |
	agent-mem -f pipe.db add --format ndjson'
expect_status 0
expect_json 'last.data.count == 2 or length == 3'

it 'blanks secrets, and says so'
run agent-mem add --id s 'token is ghp_abcdefghijklmnopqrstuvwxyz0123456789'
expect_err_has '1 secret blanked'
run agent-mem show s
expect_out 'token is [secret]'

it 'keeps them when told'
run agent-mem add --allow-secrets --id s2 'password=hunter2hunter2'
run agent-mem show s2
expect_out 'password=hunter2hunter2'

it 'forgets what has expired'
run agent-mem add --expires 2001-01-01 'the bridge is closed'
run agent-mem search bridge
expect_status 1
run agent-mem consolidate
expect_out '1 expired, 0 merged'

it 'takes what is no UTF-8, and NUL'
run sh -c 'printf "caf\351 a\000b" | agent-mem add --id latin'
expect_status 0
run agent-mem search --format ndjson 'caf*'
expect_json '.[0].id == "latin"'

it 'makes no memory by reading'
run agent-mem -f none.db search x
expect_status 66
expect_not test -e none.db

it 'does not wait for a standard input that nobody writes'
mkfifo never
run sh -c 'exec 3<>never; agent-mem add operand <&3 && agent-mem search operand <&3'
expect_status 0

it 'keeps one memory for each agent of a workspace'
mkdir -p ws/.agent
chmod 700 ws/.agent
run agent-mem -C ws --agent tester add 'only the tester knows'
expect_status 0
expect_ok test -f ws/.agent/memory/tester.db
run agent-mem -C ws --agent other search tester
expect_status 66
run agent-mem -C ws --agent ../x search tester
expect_status 2

it 'says what is missing'
run agent-mem search ''
expect_status 2
expect_err_has 'no text'

it 'is sound after all that'
for f in *.db; do
	run agent-mem -f "$f" check
	expect_status 0
done

done_testing
