#!/bin/sh
# agent-spawn: the tools that reach others: spawn, send, ask, fetch.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec', tools: [shell, spawn, send, ask, done]}
agents:
  - {id: boss, direct_communication: [dev], limits: {tokens: 10000}}
  - {id: dev, description: Does it.}
  - {id: other, tools: [shell]}
END

it 'has another agent do something, side by side, and reads its last words'
{
	calls '(.messages | length) == 2 and .messages[1].content == "go"' \
		spawn '{"agent":"dev","task":"one"}' spawn '{"task":"two"}'
	calls '(.messages | length) == 2 and .messages[1].content == "one\n"' \
		shell '{"command":"echo 1 >>one"}'
	calls '(.messages | length) == 2 and .messages[1].content == "two\n"' \
		shell '{"command":"echo 2 >>two"}'
	answer '(.messages | length) == 4 and
		(.messages[1].content == "one\n") and
		(.messages[0].content | contains("agent '\''dev'\''"))' 'did one'
	answer '(.messages | length) == 4 and
		(.messages[1].content == "two\n") and
		(.messages[0].content | contains("agent '\''boss'\''"))' 'did two'
	answer '[.messages[3:][].content] == ["did one", "did two"]' all
} | sed 's/one\\\\n/one/g; s/two\\\\n/two/g' >rec
run agent-spawn -a boss go
expect_status 0
expect_json 'last.data.text == "all"'
expect_ok [ -s one ]
expect_ok [ -s two ]
cp "$T_DIR/out" out

it 'counts what they used'
run cat out
expect_json '[.[] | select(.type == "tool.result").data.usage] |
	length == 2 and all(.input_tokens == 200 and .output_tokens == 20)'
expect_json 'last.data.usage.input_tokens == 600'
run cat .agent/journal.ndjson
expect_json '[.[] | select(.type == "result").run] | length == 3 and
	(unique | length) == 3'

it 'tells the model whom it may spawn, and refuses others'
{
	calls '([.tools[].function | select(.name == "spawn").description] |
		.[0] | contains("Agents: boss, dev (Does it.)")) and
		(.messages | length) == 2' spawn '{"agent":"other","task":"x"}'
	answer '.messages[3].content ==
		"error: you may not spawn '\''other'\'', but boss, dev (Does it.)"' no
} >rec
run agent-spawn -a boss go
expect_status 0

it 'says why one failed'
{
	calls '.messages[1].content == "go"' spawn '{"agent":"dev","task":"x"}'
	answer '.messages[1].content == "x"' cut length
	answer '.messages[3].content | startswith("cut\n\nerror: the model stopped")' seen
} >rec
jq -c 'if (.when | contains("\"go\"")) then .when += " and (.messages | length) == 2" else . end' rec >r2 && mv r2 rec
run agent-spawn -a boss go
expect_status 0
expect_json '[.[] | select(.type == "tool.result").data.ok] == [false]'

it 'does not go deeper than it may'
run env AGENT_DEPTH=2 agent-spawn -a boss --dry-run go
expect_json '[.[0].body.tools[].function.name] | index("spawn") | not'
run env AGENT_DEPTH=1 agent-spawn -a boss --dry-run go
expect_json '[.[0].body.tools[].function.name] | index("spawn")'

it 'sends a message to whom it may'
{
	calls '(.messages | length) == 2' send '{"to":"dev","text":"hello"}' \
		send '{"to":"other","text":"hello"}'
	answer '(.messages[3].content | test("^[0-9A-Z]{26}\n$")) and
		(.messages[4].content | contains("boss") and contains("other"))' sent
} >rec
run agent-spawn -a boss go
expect_status 0
run agent-recv dev
expect_json '.[0].data.text == "hello" and .[0].source == "/agent/boss"'

it 'asks the person, and goes on with the answer after a restart'
rm -rf .agent
{
	calls '(.messages | length) == 2' ask '{"question":"Which?",
		"options":["red","blue"]}' shell '{"command":"echo x >>done"}'
	answer '.messages[3].content == "blue"' thanks
} >rec
run agent-spawn -a boss --park go
expect_status 75
expect_json 'last.data.reason == "parked"'
expect_not [ -e ./done ]
run agent-gate answer "$(agent-gate list --json | jq -r .id)" blue
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "thanks"'
expect_ok [ "$(wc -l <./done)" -eq 1 ]

it 'reports progress without waiting'
{
	calls '(.messages | length) == 2' ask '{"question":"half done",
		"kind":"progress_report"}' ask '{"question":"x","kind":"odd"}'
	answer '.messages[3].content == "reported" and
		(.messages[4].content | startswith("error: "))' ok
} >rec
run agent-spawn -a boss go
expect_status 0

done_testing
