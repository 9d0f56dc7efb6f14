#!/bin/sh
# agent-spawn: memory_file, an agent's memory that people read and edit.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

cat >agents.yaml <<'END'
defaults: {model: 'replay:rec'}
agents:
  - id: dev
    memory_file: memory/dev.md
    tools: [read_file, write_file, remember]
  - id: ops
    memory_file: memory/ops.md
    tools: [read_file, shell]
END

it 'writes what the agent learns into the file'
{
	calls '(.messages | length) == 2' \
		remember '{"text":"The staging host is called bastion-2."}'
	answer '.messages | length == 4' noted
} >rec
run agent-spawn -a dev go
expect_status 0
expect_ok grep -qx 'The staging host is called bastion-2.' memory/dev.md

it 'tells the agent what a person wrote there'
printf '## The release is on Thursdays\n' >>memory/dev.md
answer '.messages[1].content | contains("Thursdays")' told >rec
run agent-spawn -a dev 'when is the release?'
expect_status 0
run agent-mem -a dev search --format ndjson Thursdays
expect_json '.[0].author != "dev"'

it 'takes what the agent itself writes there as its own'
{
	calls '(.messages | length) == 2' write_file \
		'{"path":"memory/dev.md","content":"## Made by myself\n"}'
	answer '.messages | length == 4' written
} >rec
run agent-spawn -a dev go
expect_status 0
run agent-mem -a dev search --format ndjson 'made by myself'
expect_json '.[0].author == "dev"'
expect_ok grep -q Thursdays memory/dev.md

it 'shows it to no other agent'
{
	calls '(.messages | length) == 2' \
		read_file '{"path":"memory/dev.md"}' \
		read_file '{"path":"memory/ops.md"}'
	answer '(.messages[3].content | contains("Made by") | not) and
		(.messages[4].content | contains("# Memory"))' hidden
} >rec
run agent-spawn -a ops go
expect_status 0
expect_json 'last.data.text == "hidden"'

it 'lets no agent open a memory from its sandbox, not even its own'
agent-mem -s team add 'a note of the team, bastion-9' >/dev/null
{
	calls '(.messages | length) == 2' shell \
		'{"command":"cat .agent/memory/*.db .agent/memory/*/*.db; agent-mem -a dev search bastion; agent-mem -s team search bastion; true"}'
	answer '.messages[3].content | contains("bastion") | not' nothing
} >rec
run agent-spawn -a ops go
expect_status 0
expect_json 'last.data.text == "nothing"'

it 'writes nothing where a tool has the file lead to'
echo mine >../theirs
{
	calls '(.messages | length) == 2' shell \
		'{"command":"ln -sf ../../theirs memory/ops.md"}'
	answer '' linked
} >rec
run agent-spawn -a ops go
expect_status 0
expect_err_has "memory/ops.md' leads out of"
expect_file ../theirs mine
run agent-spawn -a ops go
expect_status 77
rm memory/ops.md

it 'does not begin when the file cannot be read, and says why'
printf '\377\376' >memory/dev.md
answer '.messages | length == 2' never >rec
run agent-spawn -a dev go
expect_status 65
expect_err_has 'is not UTF-8 text'

done_testing
