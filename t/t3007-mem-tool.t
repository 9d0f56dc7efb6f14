#!/bin/sh
# agent-mem tool: the memory in a model's hands.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"

# mem JSON: one call of the memory tool.
mem() {
	run agent-mem tool memory "$1"
}

it 'declares its tools'
run agent-mem tool
expect_json 'map(.function.name) == ["memory", "remember", "recall"]'

it 'shows an empty memory'
mem '{"command":"view","path":"/memories"}'
expect_status 0
expect_out "Here're the files and directories up to 2 levels deep in /memories, excluding hidden items:"

it 'creates, views, edits'
mem '{"command":"create","path":"/memories/plan.md","file_text":"one\ntwo\nthree\n"}'
expect_out 'File created successfully at: /memories/plan.md'
mem '{"command":"view","path":"/memories/plan.md"}'
expect_out "Here's the content of /memories/plan.md with line numbers:
     1	one
     2	two
     3	three"
mem '{"command":"view","path":"/memories/plan.md","view_range":[2,-1]}'
expect_out_lacks one
mem '{"command":"str_replace","path":"/memories/plan.md","old_str":"two","new_str":"2"}'
expect_out 'The file /memories/plan.md has been edited.'
mem '{"command":"insert","path":"/memories/plan.md","insert_line":0,"insert_text":"zero"}'
expect_status 0
run agent-mem show /memories/plan.md
expect_out 'zero
one
2
three
'

it 'says what was wrong, in the words that models know'
mem '{"command":"create","path":"/memories/plan.md","file_text":"x"}'
expect_status 1
expect_err 'agent-mem: File /memories/plan.md already exists'
mem '{"command":"view","path":"/memories/none"}'
expect_err 'agent-mem: The path /memories/none does not exist. Please provide a valid path.'
# shellcheck disable=SC2016
want='agent-mem: No replacement was performed, old_str `q` did not appear verbatim in /memories/plan.md.'
mem '{"command":"str_replace","path":"/memories/plan.md","old_str":"q","new_str":""}'
expect_err "$want"
mem '{"command":"str_replace","path":"/memories/plan.md","old_str":"e","new_str":""}'
expect_err_has 'in lines: 1, 2, 4, 4. Please ensure it is unique'
mem '{"command":"insert","path":"/memories/plan.md","insert_line":9,"insert_text":"x"}'
expect_err_has 'parameter: 9. It should be within the range [0, 4].'

it 'lets nothing escape'
for p in /etc/passwd /memoriesx /memories/../x /memories/a/../../b memories/x '' \
	/memories/.; do
	mem "{\"command\":\"create\",\"path\":\"$p\",\"file_text\":\"x\"}"
	expect_status 1
done
mem '{"command":"delete","path":"/memories"}'
expect_status 1
mem '{"command":"fly","path":"/memories/x"}'
expect_status 1

it 'renames and deletes, whole directories too'
mem '{"command":"create","path":"/memories/d/a","file_text":"aa"}'
mem '{"command":"create","path":"/memories/d/e/b","file_text":"bb"}'
mem '{"command":"rename","old_path":"/memories/d","new_path":"/memories/new"}'
expect_out 'Successfully renamed /memories/d to /memories/new'
mem '{"command":"view","path":"/memories"}'
expect_out_has '2	/memories/new/a' '/memories/plan.md'
expect_out_lacks '/memories/d'
mem '{"command":"rename","old_path":"/memories/new","new_path":"/memories/new/x"}'
expect_status 1
mem '{"command":"delete","path":"/memories/new"}'
expect_out 'Successfully deleted /memories/new'
mem '{"command":"view","path":"/memories/new"}'
expect_status 1

it 'remembers and recalls'
run agent-mem tool remember '{"text":"The key of the shed hangs behind the door"}'
expect_out_has 'Remembered as '
id=$(sed 's/.* //' "$T_DIR/out")
run agent-mem tool remember "{\"text\":\"The key of the shed is with Ana now\",\"supersedes\":\"$id\"}"
expect_status 0
run agent-mem tool recall '{"query":"where is the key of the shed"}'
expect_out_has 'with Ana now' 'replaced since'
run agent-mem tool recall '{"query":"zebra"}'
expect_out 'Nothing is remembered about that.'
run agent-mem tool remember '{"text":"x","supersedes":"nothing"}'
expect_status 1

it 'finds files by words as well'
run agent-mem tool recall '{"query":"three"}'
expect_out_has '/memories/plan.md'

it 'refuses what is no call'
run agent-mem tool nothing '{}'
expect_status 66
run agent-mem tool memory '[]'
expect_status 65
run agent-mem tool recall '{}'
expect_status 1

done_testing
