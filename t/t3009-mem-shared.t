#!/bin/sh
# agent-mem: memories that several agents share, as agents.yaml says.
. "${0%/*}/lib.sh"

mkdir .agent
cat >agents.yaml <<'END'
agents:
  - id: dev
    memories: {team: write, handbook: read}
  - id: ops
    memories: {team: read}
  - id: alone
END
team() { run agent-mem -a "$1" -s team "$2" "$3"; }

it 'lets those write that may, and says who it was'
team dev add 'The staging host is called bastion-2'
expect_status 0
agent-mem -s handbook add 'Everybody signs the visitors book' >/dev/null
run agent-mem -s team search --format ndjson staging
expect_json '.[0].author == "dev"'

it 'refuses those that may not'
team ops add 'nonsense'
expect_status 77
expect_err_has "agent 'ops' may not write to memory 'team'"
team alone search staging
expect_status 77
team alone add 'nonsense'
expect_status 77
run agent-mem -a ops -s handbook search visitors
expect_status 77
run agent-mem -a ops -s ../ops search visitors
expect_status 2
run agent-mem -a nobody -s team search staging
expect_status 77

it 'finds in all that an agent may read, the best first, and says where'
agent-mem -a dev add 'My own hosts file has the staging address' >/dev/null
run agent-mem -a dev search --format ndjson 'staging host visitors'
expect_json 'map(select(.text) | .memory) | sort == [null, "handbook", "team"]'
run agent-mem -a ops search --format ndjson staging
expect_json 'map(select(.text)) | length == 1 and .[0].memory == "team"'
run agent-mem -a dev search --format text visitors
expect_out_has '[handbook]'
run agent-mem -a dev search --context 100 visitors
expect_out_has 'handbook]'
run agent-mem -a alone search staging
expect_status 66

it 'gives them to the tools'
run agent-mem -a dev tool
expect_json '.[1].function.parameters.properties.memory.enum == ["team"]'
run agent-mem -a ops tool
expect_json '.[1].function.parameters.properties | has("memory") | not'
run agent-mem -a dev tool remember '{"text":"Rollback is make undo","memory":"team"}'
expect_status 0
run agent-mem -a ops tool recall '{"query":"rollback"}'
expect_out_has 'memory team, by dev]'
run agent-mem -a ops tool remember '{"text":"x y z","memory":"team"}'
expect_status 1
expect_err_has "memory 'team' may only be read"
run agent-mem -a alone tool remember '{"text":"x y z","memory":"team"}'
expect_err_has "there is no memory 'team'"
run agent-mem -a alone tool recall '{"query":"rollback"}'
expect_out_has 'Nothing is remembered'

it 'keeps files below /memories/shared'
file() { run agent-mem -a "$1" tool memory "$2"; }
file dev '{"command":"create","path":"/memories/shared/team/plan.md","file_text":"one\n"}'
expect_status 0
file ops '{"command":"view","path":"/memories/shared/team/plan.md"}'
expect_out_has 'one'
file ops '{"command":"view","path":"/memories"}'
expect_out_has '/memories/shared/team/'
file ops '{"command":"delete","path":"/memories/shared/team/plan.md"}'
expect_status 1
file dev '{"command":"create","path":"/memories/shared/other/x","file_text":""}'
expect_status 1
file dev '{"command":"rename","old_path":"/memories/shared/team/plan.md","new_path":"/memories/x"}'
expect_err_has 'Cannot rename'
file dev '{"command":"rename","old_path":"/memories/shared/team/plan.md","new_path":"/memories/shared/team/b.md"}'
expect_status 0

it 'takes the agents.yaml that is nearest, as agent-spawn does'
mkdir -p below/deeper
echo 'agents: [{id: alone, memories: {team: write}}]' >below/agents.yaml
cd below/deeper || exit 1
team alone add 'from below'
expect_status 0
team dev add 'not from here'
expect_status 77
cd ../..
run agent-mem -C below -a alone search below
expect_out_has 'from below'
team alone add 'from above'
expect_status 77

it 'goes on alone when agents.yaml is wrong'
echo 'agents: [{id: dev, memories: {team: own}}]' >agents.yaml
run agent-mem -a dev search hosts
expect_status 0
expect_err_has 'no shared memory is asked'
team dev add 'x y'
expect_status 78

done_testing
