#!/bin/sh
# agent-spawn: what foreign agents say, as records.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need_sandbox

# types: the records that came, without those that say how it began.
types='[.[] | select(.type != "checkpoint").type]'

it 'codex: gives its answer, its usage, its session'
fake codex codex-text
run agent-spawn -a codex 'say hello'
expect_status 0
expect_err ''
expect_json "$types == [\"agent.start\", \"log\", \"log\", \"progress\",
	\"model.message\", \"model.usage\", \"result\"]"
expect_json 'last.data | .status == 0 and .reason == "stop" and
	.text == "Hello." and .turns == 1 and .usage.input_tokens == 1000 and
	.usage.output_tokens == 7 and .usage.cached_tokens == 400'
expect_json 'all(.source == "/agent/codex") and (map(.run) | unique |
	length) == 1 and .[0].data.type == "codex"'
expect_ok cmp -s "$T_DIR/out" .agent/journal.ndjson

it 'gives the prompt on standard input, never as an argument'
expect_file in 'say hello'
expect_not grep -q hello args
expect_ok grep -qx -- --json args

it 'codex: tells calls and results apart, passes on what is unknown'
fake codex codex-tools
run agent-spawn -a codex go
expect_status 0
expect_json '[.[] | select(.type == "tool.call").data | [.id, .name]] ==
	[["item_1", "shell"], ["item_2", "shell"], ["item_3", "apply_patch"]]'
expect_json '[.[] | select(.type == "tool.result").data | .ok] ==
	[true, false, true]'
expect_json '[.[] | select(.type == "log").data.event | objects | .type] ==
	["surprise", "brand.new"]'
expect_json 'any(.type == "model.retry" and .data.http_status == 503)'

it 'codex: a failed turn is a failure, by its status'
fake codex codex-error 'exit 1'
run agent-spawn -a codex go
expect_status 77
expect_err 'agent-spawn: codex: unexpected status 401 Unauthorized: no'
expect_json '.[-2].type == "error" and .[-2].data.status == 77 and
	(last | .type == "result" and .data.status == 77)'

it 'codex: a server that fails is one, though it says no status'
fake codex codex-text 'exit 1'
echo '{"type":"turn.failed","error":{"message":"experiencing high demand"}}' >said
run agent-spawn -a codex go
expect_status 69

it 'codex: goes on with its session, and counts only what is new'
fake codex codex-text
run agent-spawn -a codex hello
run agent-spawn -c and more
expect_status 0
expect_ok grep -qx resume args
expect_ok grep -qx thread-1 args
expect_file in 'and more'
expect_json '.[0].data.resumed and last.data.usage.input_tokens == 0'

it 'codex: a fork goes on in a home of its own'
fake codex codex-text 'echo x >>~/times; mkdir -p ~/d; ln -sfn /etc ~/d/link'
run agent-spawn -a codex hello
run agent-spawn -c --fork-session another way
expect_status 0
expect_ok grep -qx thread-1 args
expect_ok test "$(wc -l .agent/runs/*/home/times | sed '$d' |
	awk '{ print $1 }' | sort | xargs)" = '1 2'
expect_ok test "$(find .agent/runs -path '*/home/d/link' -type l | wc -l)" = 2

it 'claude: counts sub-agents too, and each message once'
fake claude claude-tools
run agent-spawn -a claude go
expect_status 0
expect_json 'last.data | .text == "Done." and .turns == 3 and
	.usage.input_tokens == 4000 and .usage.cost_usd == 0.5'
expect_json '[.[] | select(.type == "tool.result").data |
	[.name, .ok, .output]] == [["Bash", true, "one.txt"],
	["Write", false, "Cannot write."]]'
expect_json '[.[] | select(.type == "model.usage")] | length == 1'
expect_json 'any(.data.message.reasoning? == "Look first.")'

it 'claude: a success with is_error is a failure'
fake claude claude-error 'exit 1'
run agent-spawn -a claude go
expect_status 77
expect_err 'agent-spawn: claude: API Error: 401 no'

it 'claude: goes on with its session'
fake claude claude-text
run agent-spawn -a claude hello
run agent-spawn -c more
expect_status 0
expect_ok grep -qx sess-1 args

it 'gemini: puts pieces together'
fake gemini gemini-tools
run agent-spawn -a gemini go
expect_status 0
expect_json '[.[] | select(.type == "model.message").data.message.content] ==
	["I look.", "There is one file."]'
expect_json 'last.data | .text == "There is one file." and
	.usage.input_tokens == 2000'

it 'gemini: status 0 with an error is a failure, what came is kept'
fake gemini gemini-error
run agent-spawn -a gemini go
expect_status 69
expect_json 'last.data.text == "Half an "'

it 'gemini: an exit status is one of HTTP'
fake gemini codex-text 'exit 145'
: >said
run agent-spawn -a gemini go
expect_status 77

it 'opencode: adds up its steps'
fake opencode opencode-tools
run agent-spawn -a opencode go
expect_status 0
expect_json 'last.data | .text == "It failed as told." and
	.usage.input_tokens == 350 and .usage.output_tokens == 20'
expect_json '[.[] | select(.type | startswith("tool."))] |
	map(.type) == ["tool.call", "tool.result"] and (.[1].data.ok | not)'

it 'opencode: without its last step it has not ended, whatever its status'
fake opencode opencode-cut
run agent-spawn -a opencode go
expect_status 76
expect_err 'agent-spawn: opencode ended without a result'
expect_json 'last.data.text == "It failed as told."'

it 'opencode: an error by its status'
fake opencode opencode-error 'exit 1'
run agent-spawn -a opencode go
expect_status 75

done_testing
