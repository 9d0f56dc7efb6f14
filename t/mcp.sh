# shellcheck shell=sh disable=SC2034
# mcp.sh: an MCP server for a test, after lib.sh and recording.sh:
#
#	. "$T_SRC/t/mcp.sh"
#	server mute 'startup_timeout: 1'
#
# ./server.py is t/mcp-server.py; $first is for `calls`: the first question.
need python3
cp "$T_SRC/t/mcp-server.py" server.py
first='(.messages | length) == 2'

# server WAY [LINE ...]: agents.yaml with an agent `dev` that has the server
# `s`, which behaves that way and has these members too.
server() {
	{
		echo 'agents:'
		echo '  - id: dev'
		echo '    model: replay:rec'
		echo '    mcp_servers:'
		echo '      s:'
		echo "        command: [./server.py, '$1']"
		shift
		for t_line; do
			echo "        $t_line"
		done
	} >agents.yaml
}
