#!/bin/sh
# agent-watch --agents: who is here, doing what, since when.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    model: replay:rec
    policy:
      - {when: '.tool == "write_file"', ask: "May it write?"}
END
mkdir -m 700 .agent
# state: of the only one there
state() {
	agent-watch --agents --json | jq -r .state
}

it 'lists nobody where nobody is, and makes nothing'
run agent-watch --agents --json
expect_status 0
expect_out ''
[ -e .agent/hub.db ] && fail 'it made a hub'

{
	calls '(.messages | length) == 2' shell \
		'{"command":"touch begun; until [ -e go ]; do :; done"}'
	calls '(.messages | length) == 4' write_file \
		'{"path":"x","content":"x"}'
	answer '(.messages | length) == 6' 'all is done'
} >rec
background agent-spawn -a dev --format ndjson 'mend the parser' >/dev/null
pid=$!
await 20 test -e begun

it 'lists who is at work: its state, task, tokens, and what it does'
run agent-watch --agents --json
expect_json 'length == 1 and (.[0] | .id == "dev" and .type == "native" and
	.state == "running" and .task == "mend the parser" and
	.tokens == 110 and (.note | startswith("shell: touch begun")) and
	(.run | length) == 26 and (.since | length) > 20)'

it 'as a table for people, in the width that there is'
run agent-watch --agents -w 60
expect_status 0
[ "$(wc -l <"$T_DIR/out")" -eq 2 ] || fail 'not two lines'
[ "$(wc -L <"$T_DIR/out")" -le 60 ] || fail 'too wide'
run agent-watch --agents -w 100
expect_out_has 'mend the'
run agent-watch --agents -a somebody,else --json
expect_out ''

it 'with the gate at which it waits'
touch go
await 20 sh -c '[ "$(agent-watch --agents --json | jq -r .gate)" != null ]'
run agent-watch --agents --json
gate=$(jq -r .gate <"$T_DIR/out")
expect_json '.[0].state == "waiting"'
[ "$gate" = "$(agent-gate list --json | jq -r .id)" ] || fail "$gate"
run agent-watch --agents
expect_out_has "waiting at $(echo "$gate" | tail -c 9)"

it 'follows what changes, until it leaves'
background agent-watch --agents --json -f >seen
watcher=$!
await 20 test -s seen
agent-gate answer "$gate" approve
wait "$pid" || fail "status $?"
await 20 grep -q gone seen
kill "$watcher"
run tail -n 1 seen
expect_out '{"id":"dev","state":"gone"}'

it 'forgets who was killed'
rm -f go begun
background agent-spawn -a dev --format ndjson 'again' >/dev/null
pid=$!
await 20 test -e begun
[ "$(state)" = running ] || fail "$(state)"
kill -9 "$pid"
wait "$pid"
run agent-watch --agents --json
expect_out ''

it 'lists one that stays as idle'
background agent-spawn --stay dev >/dev/null
pid=$!
await 20 sh -c '[ "$(agent-watch --agents --json | jq -r .state)" = idle ]'
run agent-watch --agents --json
expect_json 'length == 1 and .[0].id == "dev"'
kill "$pid"
wait "$pid"

it 'lists the agents of a stream of tasks, each'
rm -f go begun
jq -nc '{prompt: "one"}, {prompt: "two"}' >tasks
background agent-spawn -j 2 -a dev <tasks >/dev/null
await 20 sh -c '[ "$(agent-watch --agents --json | jq -r .task |
	sort | tr "\n" " ")" = "one two " ]'
touch go

done_testing
