#!/bin/sh
# agent-spawn: the tools of MCP servers.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/mcp.sh
. "$T_SRC/t/mcp.sh"
need_sandbox

# told FILTER: jq over the lines that the server got.
told() {
	jq -es "$1" mcp.log >"$T_DIR/jq.out" 2>&1 ||
		fail "the server was not told: $1"
}

it 'tells the model of them, by names that it may have'
server ''
run agent-spawn -a dev --dry-run go
expect_status 0
expect_json '.[0].body.tools | map(.function) |
	(map(.name) | index("mcp__s__echo") and index("mcp__s__a_b_c") and
	index("shell") and all(test("^[a-zA-Z0-9_-]{1,64}$"))) and
	(.[] | select(.name == "mcp__s__echo") |
	.description == "Does echo." and .parameters == {type: "object"})'
expect_not test -e mcp.log

it 'greets it as the protocol has it, and calls them'
{
	calls "$first" mcp__s__echo '{"x":1}' mcp__s__a_b_c '{}' mcp__s__fail '{}'
	answer '.messages[3].content == "{\"x\": 1}" and
		.messages[4].content == "{}" and
		.messages[5].content == "it failed"' ok
} >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'map(select(.type == "tool.result").data.ok) |
	. == [true, true, false]'
told '.[0].method == "initialize" and
	.[0].params.protocolVersion == "2025-06-18" and
	.[0].jsonrpc == "2.0" and (.[0].id | type) == "number"'
told 'any(.id == "p1" and .result == {})'
told 'map(.method) | index("notifications/initialized") as $i |
	$i != null and $i < index("tools/list")'
told 'any(.params.cursor? == "2") and any(.params.name? == "a.b/c")'
expect_json '.[0].data.tools | any(.function.name == "mcp__s__echo")'

it 'makes text of all that a tool can give'
{
	calls "$first" mcp__s__all '{}'
	answer '.messages[3].content == "one\n[image: image/png, 4 bytes, not " +
"shown]\n[resource a: file:///a: an a]\n[resource x://y]\nwhy\n" +
"[resource x://z]\n[content: a/b, 2 bytes, not shown]\n{\"n\":1}"' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'offers the server nothing, and keeps what it logs'
{
	calls "$first" mcp__s__ask '{}' mcp__s__log '{}'
	answer '.messages[3].content == "-32601"' ok
} >rec
run agent-spawn -a dev go
expect_status 0
expect_json 'map(select(.type == "log").data) |
	any(.level == "notice" and (.text | test("a log"))) and
	any(.level == "warning" and (.text | test("this is no message")))'

it 'takes a list that changes before the next question'
{
	calls "$first" mcp__s__grow '{}'
	calls '(.messages | length) == 4 and
		(.tools | any(.function.name == "mcp__s__grown"))' \
		mcp__s__grown '{"y":2}'
	answer '.messages[-1].content == "{\"y\": 2}"' ok
} >rec
run agent-spawn -a dev go
expect_status 0

it 'holds them to the rules, and plan mode to what says that it reads'
{
	calls "$first" mcp__s__echo '{}' mcp__s__count '{}'
	answer '.messages[3].content == "{}" and
		(.messages[4].content | contains("denied: hands off"))' ok
} >rec
sed -i '/model:/a\    policy: [{tool: mcp__s__c*, deny: hands off}]' agents.yaml
run agent-spawn -a dev go
expect_status 0
server ''
sed -i 's/hands off/this is plan mode/' rec
run agent-spawn -a dev --permission-mode plan go
expect_status 0
expect_not test -e count

it 'gives an agent those that its tools name'
sed -i '/model:/a\    tools: [done, mcp__s__e*]' agents.yaml
run agent-spawn -a dev --dry-run go
expect_json '.[0].body.tools | map(.function.name) ==
	["done", "mcp__s__echo", "mcp__s__env", "mcp__s__endless"]'
sed -i 's/mcp__s__e\*/mcp__s__nothing/' agents.yaml
run agent-spawn -a dev --dry-run go
expect_err_has "there is no tool 'mcp__s__nothing'"
sed -i 's/mcp__s__nothing/mcp__t/' agents.yaml
run agent-spawn --check
expect_status 78
expect_err_has "there is no tool 'mcp__t'"

done_testing
