#!/bin/sh
# agent-spawn --serve acp: our agent in an editor.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need python3 jq
need_sandbox
model_server -e '{"match":"\"role\":\"tool\"","text":"All done."}' \
	-e '{"match":"use a tool","tools":[{"id":"c1","name":"shell",
"arguments":"{\"command\":\"echo hi >made\"}"}]}' \
	-e '{"match":"use a file","tools":[{"id":"c2","name":"read_file",
"arguments":"{\"path\":\"agents.yaml\"}"}]}' \
	-e '{"match":"use a server","tools":[{"id":"c3",
"name":"mcp__My-files__env","arguments":"{}"}]}' \
	-e '{"match":"stay mute","stall":-1}' \
	-e '{"match":"fail","status":400,"body":{"error":{"message":"no"}}}' \
	-e '{"match":"refuse","text":"no","finish":"content_filter"}' \
	-e '{"text":"Hello there."}'
cat >agents.yaml <<'EOF'
agents:
  - id: a
    model: test/x
    policy: [{tool: shell, ask: 'May it?'}]
EOF

editor() {
	run python3 -B "$T_SRC/t/acp-editor.py" "$@"
}
export MODEL_LOG

# updates FILTER: jq over the updates in ./said.
updates() {
	jq -cs "[.[].message | select(.method == \"session/update\").params
		.update] | $1" said
}

it 'initialize, a session, a prompt whose answer comes in pieces'
editor new say:hello
expect_status 0
expect_out "1
{'stopReason': 'end_turn'}
exit 0"
expect_ok test "$(updates 'map(.content.text) | add')" = '"Hello there."'
expect_ok test "$(updates 'length')" -gt 1

it 'goes on in the session; calls, and a question, are shown'
editor new say:hello 'say:use a tool'
expect_ok grep -q 'hello.*use a tool' "$MODEL_LOG"
expect_file made hi
expect_ok test "$(updates 'map(select(.toolCallId).status)')" = \
	'["in_progress","completed"]'
expect_ok grep -q '"optionId": "approve", "name": "Allow"\|May it' said

it 'has the MCP servers of the editor; of those with a URL it says no'
cp "$T_SRC/t/mcp-server.py" server.py
editor 'new:My files,My/files,web' 'say:use a server'
expect_ok test "$(updates '.[0].content.text | contains("by a URL: web.")
	')" = true
expect_ok test "$(updates 'map(select(.status == "completed").content[0]
	.content.text)')" = '["${x}"]'
expect_ok grep -q mcp__My-files-2__echo "$MODEL_LOG"

it 'a no is a no'
rm -f made
editor new answer:deny 'say:use a tool'
expect_not test -e made
expect_ok test "$(updates 'map(select(.toolCallId).status)')" = \
	'["in_progress","failed"]'

it 'somebody else may answer at the gate'
editor new answer:gate 'say:use a tool'
expect_out "1
{'stopReason': 'end_turn'}
exit 0"
expect_file made hi

it 'paths are absolute'
editor new 'say:use a file'
expect_ok test "$(updates 'map(.locations[0].path | strings)[0]')" = \
	"\"$PWD/agents.yaml\""

it 'is cancelled, at the model or at a question, and goes on'
rm -f made
editor new 'hang:stay mute' new say:hello answer:cancel \
	'say:use a tool' answer:approve 'say:go on'
expect_out "1
99 {'stopReason': 'cancelled'}
{'stopReason': 'end_turn'}
{'stopReason': 'cancelled'}
{'stopReason': 'end_turn'}
exit 0"
expect_file made hi

it 'a session is loaded by another process, and tells what was said'
editor new say:hello
editor load say:more
expect_out_has 'modes'
expect_ok test "$(updates '.[0:2] | map(.content.text)')" = \
	'["hello","Hello there."]'
editor load:01ARZ3NDEKTSV4RRFFQ69G5FAV
expect_out_has 'code'

it 'modes are those of agent-spawn'
rm -f made
editor new mode:plan 'say:use a tool' mode:nonsense
expect_out_has "-32602"
expect_not test -e made

it 'a refusal, a failure, and what a prompt may have in it'
editor new say:refuse say:fail link:
expect_out_has "{'stopReason': 'refusal'}"
expect_out_has "'code': -32603"
expect_ok grep -q 'within.*file:///y' "$MODEL_LOG"

it 'every line is as the schema has it'
schema=/opt/peers/node_modules/@agentclientprotocol/sdk/schema/v1/schema.json
editor new say:hello 'say:use a tool' mode:plan mode:x \
	'hang:stay mute' say:fail load
if [ -f "$schema" ]; then
	run "$T_BUILD/t/acp-check" "$schema" <said
	expect_status 0
	expect_ok grep -q ', 0 bad' "$T_DIR/out"
else
	skip 'the schema of ACP is not installed'
fi

it 'what is no request is told; garbage too'
run agent-spawn --serve acp <<'EOF'
garbage
{"jsonrpc":"2.0","id":1,"method":"nope"}
{"jsonrpc":"2.0","method":"nope"}
{"jsonrpc":"2.0","id":2}
{"jsonrpc":"2.0","id":"x","method":"session/prompt","params":{"sessionId":"y"}}
{"jsonrpc":"2.0","id":4,"method":"session/new","params":{"cwd":"here"}}
EOF
expect_status 0
expect_ok test "$(jq -cs 'map([.id, .error.code])' "$T_DIR/out")" = \
	'[[null,-32700],[1,-32601],[2,-32600],["x",-32002],[4,-32602]]'

done_testing
