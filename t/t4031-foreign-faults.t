#!/bin/sh
# agent-spawn: foreign agents that end badly, late, or never.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need_sandbox

# ends STATUS REASON: with a result that says so.
ends() {
	expect_status "$1"
	expect_json "last | .type == \"result\" and .data.status == $1 and
		.data.reason == \"$2\""
}

it 'silence'
fake codex codex-text 'exec sleep 1000' 'limits: {idle: 1s}'
head -3 "$T_SRC/t/fixtures/foreign/codex-text.jsonl" >said
run agent-spawn -a codex go
ends 124 idle
expect_err 'agent-spawn: codex: silent for 1 s'

it 'silence, and deaf to SIGTERM'
fake codex codex-text 'trap "" TERM; while :; do sleep 1; done' \
	'limits: {idle: 1s}'
: >said
run agent-spawn -a codex go
ends 124 idle

it 'out of time while it talks'
fake codex codex-text 'while :; do echo "{\"type\":\"x\"}"; sleep 0.1; done'
run agent-spawn -a codex --timeout 1s go
ends 0 stop		# it had ended
: >said
run agent-spawn -a codex --timeout 1s go
ends 124 time

it 'no exit after the end: the result stands'
fake codex codex-text 'trap "" TERM; while :; do sleep 1; done' \
	'limits: {idle: 1s}'
run agent-spawn -a codex go
ends 0 stop
expect_json 'any(.data.text? == "it did not exit after its end")'

it 'no end: status 0 is not believed'
fake claude claude-text
head -2 "$T_SRC/t/fixtures/foreign/claude-text.jsonl" >said
run agent-spawn -a claude go
ends 76 protocol
expect_json 'last.data.text == "Hello."'

it 'an end, and then a status that is none'
fake claude claude-text 'echo "it broke" >&2; exit 9'
run agent-spawn -a claude go
ends 1 failed
expect_err 'agent-spawn: claude ended with status 9: it broke'

it 'killed'
fake claude claude-text 'kill -9 $$'
: >said
run agent-spawn -a claude go
expect_status 137

it 'a line of 10 MB: the others count'
fake codex codex-text
perl -e 'print "{\"type\":\"x\",\"y\":\"", "a" x 1e7, "\"}\n"' >big
cat big "$T_SRC/t/fixtures/foreign/codex-text.jsonl" >said
run agent-spawn -a codex go
ends 0 stop
expect_json 'any(.type == "error" and .data.status == 65)'

it 'a line of 10 MB and nothing else; one without an end'
cp big said
run agent-spawn -a codex go
ends 76 protocol
tr -d '\n' <big >said
run agent-spawn -a codex go
ends 76 protocol

it 'lines that are no JSON, and JSON that is no event'
fake codex codex-text
{
	printf '[SandboxDebug] x\n\n{"type":\n[1]\n{}\n{"type":7}\n'
	printf '{"type":"item.completed","item":3}\n\377\n'
	cat "$T_SRC/t/fixtures/foreign/codex-text.jsonl"
} >said
run agent-spawn -a codex go
ends 0 stop
expect_json 'any(.data.text? == "[SandboxDebug] x")'

it 'tokens pass the limit while it works'
fake claude claude-tools 'exec sleep 1000'
head -7 "$T_SRC/t/fixtures/foreign/claude-tools.jsonl" >said
run agent-spawn -a claude --max-tokens 2000 go
ends 4 tokens
expect_json 'last.data.usage.input_tokens == 2100 and
	any(.type == "model.usage")'

it 'its cost passes the limit'
fake opencode opencode-cut 'exec sleep 1000' 'limits: {cost: 0.005}'
run agent-spawn -a opencode go
ends 5 cost

it 'more turns than it may take'
fake claude claude-tools 'exec sleep 1000'
head -8 "$T_SRC/t/fixtures/foreign/claude-tools.jsonl" >said
run agent-spawn -a claude --max-turns 2 go
ends 4 turns

it 'SIGTERM: the run can go on'
fake claude claude-text 'touch here; exec sleep 1000'
head -2 "$T_SRC/t/fixtures/foreign/claude-text.jsonl" >said
rm -f here
background agent-spawn -a claude go >o 2>e
expect_ok await 20 test -e here
kill -s TERM "$!"
wait "$!"
status=$?
expect_ok [ "$status" -gt 128 ]
expect_ok jq -es 'last.data.reason == "interrupted"' o
fake claude claude-text
run agent-spawn -c
ends 0 stop
expect_ok grep -qx sess-1 args

it 'nobody reads: it ends'
fake codex codex-text 'exec sleep 1000'
(agent-spawn -a codex go; echo $? >st) | head -n 1 >o
expect_ok [ "$(wc -l <o)" -eq 1 ]
expect_ok [ -s st ]

it 'no program, no command, rules that nobody could enforce'
fake codex codex-text
rm fake
run agent-spawn -a codex go
expect_status 127
expect_err "agent-spawn: agent 'codex': there is no program './fake'"
fake codex codex-text '' 'policy: [{tool: shell, deny: true}]'
run agent-spawn -a codex go
expect_status 78
expect_json 'last | .type == "result" and .data.reason == "config"'
expect_err_has "a rule for 'shell' denies it"

done_testing
