#!/bin/sh
# agent-spawn: an agent's own memory, as tools and at the start.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec'}
agents:
  - id: dev
    tools: [read_file, memory, remember, recall]
  - id: ops
    tools: [recall]
  - id: plain
END

it 'lets an agent remember and recall'
{
	calls '(.messages | length) == 2' \
		remember '{"text":"The staging host is called bastion-2."}'
	calls '(.messages | length) == 4' recall '{"query":"staging host"}' \
		memory '{"command":"create","path":"/memories/todo.md",
		"file_text":"- nothing\n"}'
	answer '.messages[5].content | contains("bastion-2")' known
} >rec
run agent-spawn -a dev go
expect_status 0
expect_err ''
expect_json 'last.data.text == "known"'

it 'tells it at the start of the next run what bears on the task'
answer '.messages[1].content | startswith("which host is staging?\n") and
	contains("bastion-2")' told >rec
run agent-spawn -a dev 'which host is staging?'
expect_status 0

it 'tells nobody else'
answer '.messages[1].content == "which host is staging?"' nothing >rec
run agent-spawn -a ops 'which host is staging?'
expect_status 0
run agent-spawn -a plain 'which host is staging?'
expect_status 0

it 'offers them only to those that name them'
answer '[.tools[].function.name] |
	(index("recall") or index("memory")) | not' no >rec
run agent-spawn -a plain go
expect_status 0
answer '[.tools[].function.name] == ["recall"]' yes >rec
run agent-spawn -a ops go
expect_status 0

it 'tells the model what was wrong with a call'
{
	calls '(.messages | length) == 2' \
		memory '{"command":"view","path":"/memories/none"}'
	answer '.messages[3].content | startswith("error: ")' wrong
} >rec
run agent-spawn -a dev go
expect_status 0

it 'asks the rules first'
sed -i 's/^  - id: ops/&\n    policy: [{tool: recall, deny: not you}]/' \
	agents.yaml
{
	calls '(.messages | length) == 2' recall '{"query":"x"}'
	answer '.messages[3].content == "error: denied: not you"' denied
} >rec
run agent-spawn -a ops go
expect_status 0

done_testing
