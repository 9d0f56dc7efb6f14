#!/bin/sh
# agent-spawn: the loop, from the task to the result.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
agents:
  - id: dev
    description: Mends things.
    model: replay:rec
    tools: [shell, read_file, write_file, edit_file, done]
  - id: other
END

it 'asks, and gives the answer as a result'
answer '(.messages | length) == 2 and
	(.messages[0].content | contains("agent '\''dev'\''. Mends things.")) and
	.messages[1].content == "what is 6 times 7?" and
	([.tools[].function.name] | sort) ==
	["done", "edit_file", "read_file", "shell", "write_file"]' 42 >rec
run agent-spawn -a dev what is 6 times '7?'
expect_status 0
expect_err ''
expect_json '(map(.type) == ["agent.start", "model.message", "model.usage",
	"result"]) and (last.data | .status == 0 and .text == "42" and
	.reason == "stop" and .turns == 1 and .usage.input_tokens == 100)'
expect_json 'all(.specversion == "1.0" and .source == "/agent/dev") and
	(map(.run) | unique | length) == 1'
expect_ok cmp -s "$T_DIR/out" .agent/journal.ndjson

it 'leaves the conversation and the result in the run'
run cat .agent/runs/*/conversation.ndjson
expect_json 'map(.type) == ["agent.start", "model.message", "result"]'
run cat .agent/runs/*/result.json
expect_json '.[0].data.text == "42"'

it 'runs the tools of a turn, and tells the model in its order'
rm -rf .agent
echo hello >f
{
	calls '(.messages | length) == 2' \
		shell '{"command":"echo slow; cat f >g; exit 3"}' \
		read_file '{"path":"f"}'
	answer '.messages[3].tool_call_id == "call0" and
		.messages[3].content == "slow\n\n[exit status 3]" and
		.messages[4].tool_call_id == "call1" and
		.messages[4].content == "hello\n" and
		(.messages[2].tool_calls | length) == 2' 'as told'
} >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'last.data.text == "as told" and last.data.turns == 2'
expect_json '[.[] | select(.type == "tool.call").data.name] ==
	["shell", "read_file"]'
expect_json '[.[] | select(.type == "tool.result").data] | sort_by(.name) |
	.[0].ok and .[0].output == "hello\n" and
	(.[1].ok | not) and .[1].status == 3'
expect_ok [ "$(cat g)" = hello ]

it 'keeps the whole output of a tool'
expect_ok grep -q slow .agent/runs/*/output/0001-shell.txt

it 'tells the model what is wrong with a call'
{
	calls '(.messages | length) == 2' fly '{}' shell '{"command":' \
		read_file '{"paths":"f"}' read_file '{"path":"none"}'
	answer '[.messages[3:7][].content] == [
		"error: there is no tool '\''fly'\''",
		"error: the arguments are not JSON",
		"error: argument '\''path'\'' is missing",
		"error: cannot open '\''none'\'': No such file or directory\n"]
	' understood
} >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'last.data.text == "understood"'

it 'keeps the order of calls that change one file'
{
	calls '(.messages | length) == 2' \
		write_file '{"path":"o","content":"1\n"}' \
		edit_file '{"path":"o","old_text":"1","new_text":"2"}' \
		read_file '{"path":"o"}'
	answer '.messages[5].content == "2\n"' ordered
} >rec
run agent-spawn -a dev go
expect_status 0
expect_ok [ "$(cat o)" = 2 ]

it 'ends when the model calls done'
calls '' 'done' '{"summary":"all is well"}' >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'last.data | .reason == "done" and .text == "all is well"'

it 'ends with 1 when the model says that it failed'
calls '' 'done' '{"summary":"cannot","success":false}' >rec
run agent-spawn -a dev go
expect_status 1
expect_json 'last.data | .status == 1 and .text == "cannot"'

it 'tells the model what will not last'
{
	calls '(.messages | length) == 2' \
		write_file '{"path":"/tmp/x","content":"1"}' \
		write_file '{"path":"y","content":"12"}'
	answer '(.messages[3].content | contains("gone after this call")) and
		.messages[4].content == "created y, 2 bytes"' told
} >rec
run agent-spawn -a dev go
expect_status 0

it 'ends with a record when there is no task'
run agent-spawn -a dev -f none
expect_status 66
expect_json 'length == 1 and .[0].type == "error" and .[0].data.status == 66'

it 'takes the task from operand and stdin together'
answer '.messages[1].content == "review this:\n\nthe diff\n"' ok >rec
run agent-spawn -a dev 'review this:' <<'END'
the diff
END
expect_status 0

done_testing
