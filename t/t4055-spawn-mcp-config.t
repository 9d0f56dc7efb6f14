#!/bin/sh
# agent-spawn: what people write about MCP servers.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/mcp.sh
. "$T_SRC/t/mcp.sh"
need_sandbox

it 'gives it variables, which nobody reads in an argument list'
server '' 'env: {TOKEN: "${SECRET}!"}'
{
	calls "$first" mcp__s__env '{}' shell '{"command":"echo ${TOKEN-none}"}'
	answer '.messages[3].content == "quiet!" and
		.messages[4].content == "none\n"' ok
} >rec
run env SECRET=quiet agent-spawn -a dev go
expect_status 0
tail -n 2 .agent/audit.ndjson >"$T_DIR/out"
expect_json '.[0].data.servers == {s: {command: ["./server.py", ""],
	env: ["TOKEN"]}}'
expect_not grep -q quiet .agent/audit.ndjson
run agent-spawn -a dev go
expect_json 'any(.type == "log" and
	(.data.text | test("no SECRET in the environment")))'

it 'reads the files that others write'
server ''
printf '{"mcpServers": {"t": {"type": "stdio", "command": "/usr/bin/python3",
	"args": ["server.py"]}}}\n' >.mcp.json
run agent-spawn -a dev --mcp-config .mcp.json --dry-run go
expect_json '.[0].body.tools | map(.function.name) |
	index("mcp__s__echo") and index("mcp__t__echo")'

it 'says all that is wrong with what people wrote'
cat >agents.yaml <<'END'
agents:
  - id: dev
    mcp_servers:
      a__b: {command: sh}
      t: {command: ./nothing, timeout: soon}
END
run agent-spawn --check
expect_status 78
expect_err_has "agents.yaml:4:13: 'a__b' has '__'" \
	"agents.yaml:5:20: there is no program './nothing'" \
	"'soon' is no duration"

done_testing
