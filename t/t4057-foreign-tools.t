#!/bin/sh
# agent-spawn: tools of ours for agents of others.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need_sandbox

mkdir tools
printf '#!/bin/sh\necho counted; cat\n' >tools/count
echo '{"description": "Counts.", "read_only": true}' >tools/count.json
cp tools/count tools/boom
echo '{"description": "Explodes."}' >tools/boom.json
chmod +x tools/count tools/boom
SECRET=hush
export SECRET

# member TYPE [LINE...]: one with tools and a server of its own.
member() {
	fake "$1" "$1-tools" '' 'tools_dir: tools' 'mcp_servers:' \
		"  s: {command: sh, args: [-c, cat], env: {A: 1, TOKEN: '\${SECRET}'}}"
	shift
	for t_line; do
		echo "    $t_line" >>agents.yaml
	done
	run agent-spawn --dry-run go
	expect_out_lacks hush
}

# file NAME FILTER: jq over that file of its home.
file() {
	jq -e --arg name "$1" ".home[\$name] | $2" "$T_DIR/out" \
		>"$T_DIR/jq.out" 2>&1 || fail "$1 does not satisfy: $2
$(cat "$T_DIR/jq.out")"
}

it 'codex has them in its configuration'
member codex
file .codex/config.toml 'contains("[mcp_servers.agent-tools]\n") and
	contains("args = [\"serve\",\"/run/home/.agent-tools.json\"]\n") and
	contains("args = [\"-c\",\"cat\"]\nenv_vars = [\"TOKEN\", ]\n") and
	contains("[mcp_servers.s.env]\n\"A\" = \"1\"\n")'
file .agent-tools.json 'fromjson | map(.name) == ["boom", "count"] and
	(.[1].command[0] | endswith("/tools/count"))'
expect_json '.[0].command | index("TOKEN") and
	any(endswith("/agent-tool")) or index("--ro")'

it 'claude has them, and no others'
member claude
file .claude/mcp.json 'fromjson.mcpServers | .s.env ==
	{A: "1", TOKEN: "${TOKEN}"} and .["agent-tools"].args[0] == "serve"'
expect_json '.[0].command | index("--strict-mcp-config") and
	index("--mcp-config")'

it 'gemini and opencode have them as they want it'
member gemini
file .gemini/settings.json 'fromjson.mcpServers | .s.trust and
	.s.env.TOKEN == "${TOKEN}" and .["agent-tools"].args[0] == "serve"'
member opencode
file .config/opencode/opencode.json 'fromjson.mcp | .s.type == "local" and
	.s.environment.TOKEN == "{env:TOKEN}" and .s.command[1:] == ["-c","cat"]'

it 'one that speaks ACP is told in its session, and its disk is not'
cat >acp <<'END'
#!/bin/sh
while read -r line; do
	printf '%s\n' "$line" >>told
	case $line in
	*'"initialize"'*)	echo '{"id":0,"result":{"protocolVersion":1}}' ;;
	*'"session/new"'*)	echo '{"id":1,"result":{"sessionId":"x"}}' ;;
	*'"session/prompt"'*)
		echo '{"method":"session/update","params":{"update":
			{"sessionUpdate":"agent_message_chunk","content":
			{"type":"text","text":"ok"}}}}' | tr -d '\n'
		echo
		echo '{"id":2,"result":{"stopReason":"end_turn"}}' ;;
	esac
done
END
chmod +x acp
cat >agents.yaml <<'END'
agents:
  - id: a
    type: acp
    command: ./acp
    tools_dir: tools
    mcp_servers: {s: {command: sh, env: {TOKEN: "${SECRET}"}}}
END
run agent-spawn go
expect_status 0
mv told "$T_DIR/out"
expect_json 'map(select(.method == "session/new"))[0].params.mcpServers |
	map({key: .name, value: .}) | from_entries |
	.s.env == [{name: "TOKEN", value: "hush"}] and
	(.s.command | startswith("/")) and .["agent-tools"].args[0] == "serve"'
expect_not grep -rq hush .agent

it 'is not given what the rules deny, and refused what it cannot be held to'
member codex 'policy: [{tool: [boom, "mcp__s__*"], deny: never}]'
expect_status 0
file .agent-tools.json 'fromjson | map(.name) == ["count"]'
file .codex/config.toml 'contains("mcp_servers.s]") | not'
member codex 'policy: [{tool: mcp__s__write, deny: never}]'
expect_status 78
expect_err_has "a rule for 'mcp__s__' is for some of its tools"
run agent-spawn --check
expect_status 78
expect_err_has "a rule for 'mcp__s__' is for some of its tools"
member codex 'policy: [{tool: count, ask: sure?}]'
expect_status 78
expect_err_has "a rule for 'count' asks a person"

it 'says what cannot be started'
member codex
sed -i 's/command: sh/command: absent/' agents.yaml
run agent-spawn go
expect_err_has "there is no program 'absent'"
sed -i 's/command: absent/command: sh/' agents.yaml
unset SECRET
run agent-spawn go
expect_status 78
expect_err_has "MCP server 's': there is no SECRET in the environment"

done_testing
