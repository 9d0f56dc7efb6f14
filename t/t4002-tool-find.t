#!/bin/sh
# agent-tool: listing, searching, and what is wrong with a call.
. "${0%/*}/lib.sh"

mkdir -p src/deep .git node_modules
printf 'int main(void)\n{\n\treturn 0;\n}\n' >src/main.c
printf 'return of the file\nRETURN\n' >src/deep/notes.md
printf 'return\n' >.git/config
printf 'return\n' >node_modules/x.js
printf 'return\000\n' >blob

it 'lists the tools'
run agent-tool list
expect_status 0
expect_out_has 'read_file ' 'edit_file ' 'shell ' 'done '

it 'declares them for a model'
run agent-tool list --json
expect_status 0
expect_json 'length >= 7 and all(.type == "function" and
	(.function.name | test("^[a-z_]+$")) and
	(.function.description | length) > 10 and
	.function.parameters.type == "object")'

it 'lists the files, sorted, without what is noise'
run agent-tool call list_files '{}'
expect_status 0
expect_out 'blob
src/deep/notes.md
src/main.c'

it 'lists those of a pattern'
run agent-tool call list_files '{"pattern":"*.c","path":"src"}'
expect_status 0
expect_out 'src/main.c'

it 'says that there are none'
run agent-tool call list_files '{"pattern":"*.zig"}'
expect_status 0
expect_out '(no files)'

it 'does not follow a link round and round'
ln -s .. src/up
run agent-tool call list_files '{}'
expect_status 0
expect_out_has 'src/up'
expect_out_lacks 'src/up/'

it 'finds lines, not in binary files and noise'
run agent-tool call search_files '{"pattern":"^[[:space:]]*return"}'
expect_status 0
expect_out 'src/deep/notes.md:1:return of the file
src/main.c:3:	return 0;'

it 'finds without regard to case, in files of a pattern'
run agent-tool call search_files \
	'{"pattern":"return","ignore_case":true,"files":"*.md"}'
expect_status 0
expect_out 'src/deep/notes.md:1:return of the file
src/deep/notes.md:2:RETURN'

it 'stops at a number of hits, and says so'
seq 1000 >many
run agent-tool call search_files '{"pattern":"[0-9]"}'
expect_status 0
expect_out_has '[only the first 300: be more precise]'

it 'explains a pattern that is none'
run agent-tool call search_files '{"pattern":"("}'
expect_status 1
expect_err_has 'not a regular expression'

it 'wants the arguments that it needs'
run agent-tool call read_file '{}'
expect_status 1
expect_err "agent-tool: argument 'path' is missing"

it 'wants them of the right type'
run agent-tool call read_file '{"path":"x","limit":"3"}'
expect_status 1
expect_err "agent-tool: argument 'limit' must be integer of 1 or more"

it 'wants no others'
run agent-tool call read_file '{"path":"x","lines":3}'
expect_status 1
expect_err "agent-tool: there is no argument 'lines'"

it 'tells arguments that are not JSON'
run agent-tool call read_file '{"path":'
expect_status 65

it 'tells a tool that does not exist'
run agent-tool call teleport '{}'
expect_status 66
expect_err "agent-tool: there is no tool 'teleport'"

it 'does not run the tools of the loop'
run agent-tool call shell '{"command":"true"}'
expect_status 2

done_testing
