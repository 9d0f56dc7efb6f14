#!/bin/sh
# agent-spawn: MCP servers that fail, and runs that are broken off.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/mcp.sh
. "$T_SRC/t/mcp.sh"
need_sandbox

# without WORDS: the run goes on without it, and says so.
without() {
	answer '.tools | all(.function.name | startswith("mcp") | not)' \
		ok >rec
	run agent-spawn -a dev go
	expect_status 0
	expect_json "any(.type == \"log\" and (.data.text | test(\"$1\")))"
}

it 'goes on without one that ends, is mute, or speaks something else'
server dead
without "server 's' ended with status 2: cannot find my head"
server mute 'startup_timeout: 1'
without "server 's' is not ready in time"
server old
without "server 's' speaks version '1999-01-01'"
server bare
sed -i 's,\./server.py,./absent,' agents.yaml
without "there is no program './absent'"

it 'or not, when it is required'
server dead 'required: true'
run agent-spawn -a dev go
expect_status 69
expect_json 'last.type == "result" and last.data.status == 69 and
	(last.data.message | test("cannot find my head"))'
server '' 'required: true'
answer '' ok >rec
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "ok"'
{
	calls "$first" mcp__s__crash '{}'
	answer '' ok
} >rec
run agent-spawn -a dev go
expect_status 69

it 'tells the model when one ends in a call, and has it no more'
server ''
{
	calls "$first" mcp__s__crash '{}' shell '{"command":"echo on"}'
	answer '(.messages[3].content | test("^error: MCP server .s. ended " +
		"with status 3: alas, poor server; the call was")) and
	.messages[4].content == "on\n" and
	(.tools | all(.function.name | startswith("mcp") | not))' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'bounds a line that is too long, and one without end'
{
	calls "$first" mcp__s__long '{}'
	calls '(.messages | length) == 4 and (.messages[3].content |
		test("^error: the server printed a line of more than"))' \
		mcp__s__echo '{"still":"there"}'
	answer '.messages[-1].content == "{\"still\": \"there\"}"' ok
} >rec
run agent-spawn -a dev go
expect_status 0
{
	calls "$first" mcp__s__endless '{}'
	answer '.messages[-1].content |
		test("^error: the server printed a line of more than")' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'gives up a call that takes too long, and says so to the server'
server '' 'timeout: 1'
: >mcp.log
{
	calls "$first" mcp__s__hang '{}'
	calls '(.messages | length) == 4 and
		(.messages[3].content | test("no answer after 1 s"))' \
		mcp__s__echo '{}'
	answer '.messages[-1].content == "{}"' ok
} >rec
run agent-spawn -a dev go
expect_status 0
cp mcp.log "$T_DIR/out"
expect_json '(map(select(.method == "tools/call"))[0].id) as $id |
	any(.method == "notifications/cancelled" and
	.params.requestId == $id)'

it 'cancels what is under way when it is stopped, and ends the server'
server '' && : >mcp.log
{
	calls "$first" mcp__s__hang '{}'
	answer '' ok
} >rec
background agent-spawn -a dev go >"$T_DIR/first"
pid=$!
expect_ok await 20 grep -q tools/call mcp.log
kill -TERM "$pid"
expect_ok await 20 gone "$pid"
expect_ok grep -q notifications/cancelled mcp.log

it 'makes again after a crash what may be made again'
{
	calls "$first" mcp__s__count '{"hang":1}' mcp__s__again '{"hang":1}'
	answer '(.messages[3].content | test("interrupted: this call")) and
		(.messages[4].content | test("no answer after 1 s"))' ok
} >rec
rm -rf .agent
background agent-spawn -a dev go >"$T_DIR/first"
pid=$!
expect_ok await 20 test -s again -a -s count
kill -9 "$pid"
expect_ok await 20 sh -c '! pgrep -f "$PWD/.*server[.]py"'
server '' 'timeout: 1'
run agent-spawn -c
expect_status 0
expect_ok [ "$(wc -l <count)" -eq 1 ]
expect_ok [ "$(wc -l <again)" -eq 2 ]

it 'ends one that does not want to'
server deaf
answer '' ok >rec
run agent-spawn -a dev go
expect_status 0
expect_not pgrep -f "$PWD/.*server.py [d]eaf"

done_testing
