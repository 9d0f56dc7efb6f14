#!/bin/sh
# agent-spawn: the real codex, claude, opencode and gemini, where they are
# installed, with tools of ours and a server of tools.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox
need python3
# some need half a minute to start where others want to run, too
T_WAIT=200
PATH=$PATH:/opt/peers/node_modules/.bin

# spaced MATCH SERVER TOOL: a call in Responses of a tool in a namespace.
spaced() {
	jq -cn --arg match "$1" --arg space "mcp__$2" --arg name "$3" '
	def event: "event: \(.type)\ndata: \(tojson)\n\n";
	{match: $match, status: 200,
	headers: {"content-type": "text/event-stream"}, body: (
	({type: "response.created", response: {id: "r"}} | event) +
	({type: "response.output_item.done", output_index: 0, item: {
		type: "function_call", id: "f", call_id: "c", name: $name,
		namespace: $space, arguments: "{}"}} | event) +
	({type: "response.completed", response: {id: "r", usage: {
		input_tokens: 7, output_tokens: 5, total_tokens: 12}}} |
		event))}'
}

# called MATCH NAME: a call, in the protocols that the others speak.
called() {
	printf '{"match":"%s","tools":[{"id":"c1","name":"%s",' "$1" "$2"
	printf '"arguments":"{}"}]}'
}

model_server -e "$(google '"functionResponse":' '[{"text":"All done."}]')" \
	-e "$(google 'gemini, count' '[{"functionCall":{"name":
		"mcp_agent-tools_count","args":{}}}]')" \
	-e "$(google 'gemini, look' '[{"functionCall":{"name":"mcp_s_env",
		"args":{}}}]')" \
	-e '{"match":"\"function_call_output\"","text":"All done."}' \
	-e '{"match":"\"tool_result\"","text":"All done."}' \
	-e '{"match":"\"role\":\"tool\"","text":"All done."}' \
	-e '{"match":"Generate a title","text":"A title"}' \
	-e "$(spaced 'codex, count' agent_tools count)" \
	-e "$(spaced 'codex, look' s env)" \
	-e "$(called 'claude, count' mcp__agent-tools__count)" \
	-e "$(called 'claude, look' mcp__s__env)" \
	-e "$(called 'opencode, count' agent-tools_count)" \
	-e "$(called 'opencode, look' s_env)" -e '{"text":"Hello there."}'

mkdir tools
printf '#!/bin/sh\necho counted in "$PWD"\n' >tools/count
echo '{"description": "Counts.", "read_only": true}' >tools/count.json
chmod +x tools/count
cp "$T_SRC/t/mcp-server.py" server.py
SECRET=hush
export SECRET

# real TYPE PROTOCOL [PATH]: what each has to do.
real() {
	it "$1: a tool of ours"
	if ! command -v "$1" >"$T_DIR/out"; then
		skip "$1 is not installed"
		return 0
	fi
	model_provider "$2" "$MODEL_URL/${3:-v1}"
	rm -rf .agent
	cat >agents.yaml <<END
agents:
  - id: a
    type: $1
    model: test/m
    limits: {wall_time: 150s}
    tools_dir: tools
    mcp_servers: {s: {command: ./server.py, env: {TOKEN: "\${SECRET}"}}}
END
	: >"$MODEL_LOG"
	run agent-spawn -a a "$1, count"
	expect_status 0
	expect_json 'last.data.text == "All done." and any(.type ==
		"tool.result" and .data.ok and (.data.name | test("count")))'
	expect_ok grep -q "counted in $PWD" "$MODEL_LOG"

	it "$1: a server, and its variable"
	expect_not grep -rq hush .agent
	run agent-spawn -a a "$1, look"
	expect_status 0
	expect_ok grep -q hush "$MODEL_LOG"
	expect_json 'any(.type == "tool.result" and .data.ok and
		(.data.name | test("env")))'
}

real codex responses
real claude messages
real opencode chat
real gemini chat v1beta/openai

done_testing
