#!/bin/sh
# agent-spawn: agents that speak the Agent Client Protocol.
. "${0%/*}/lib.sh"
need_sandbox

# An agent in sh: what it was told is in ./told, what it does in ./work.
cat >agent.sh <<'END'
#!/bin/sh
say() { printf '{"jsonrpc":"2.0",%s}\n' "$1"; }
update() {
	say '"method":"session/update","params":{"sessionId":"s1","update":'"$1}"
}
: >told
while read -r line; do
	printf '%s\n' "$line" >>told
	case $line in
	*'"initialize"'*) say '"id":0,"result":{"protocolVersion":1,
"agentCapabilities":{"loadSession":true},"authMethods":[]}' | tr -d '\n'
		echo ;;
	*'"session/new"'*) say '"id":1,"result":{"sessionId":"s1"}' ;;
	*'"session/load"'*)
		update '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"old words"}}'
		update '{"sessionUpdate":"tool_call","toolCallId":"t0","title":"old","kind":"read","status":"completed"}'
		say '"id":1,"result":null' ;;
	*'"session/prompt"'*) . ./work ;;
	*'"id":77,'*) . ./after ;;
	esac
done
END
chmod +x agent.sh
cat >agents.yaml <<'END'
agents:
  - { id: a, type: acp, command: ./agent.sh, limits: {idle: 5s} }
  - id: b
    type: acp
    command: ./agent.sh
    limits: {idle: 5s}
    policy: [{tool: shell, ask: 'May it?'}]
END
words() {
	printf "update '%s'\n" '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"'"$1"'"}}'
}
stop() {
	printf "say '%s'\n" '"id":2,"result":{"stopReason":"'"$1"'"}'
}

it 'a prompt, an answer in pieces, calls'
{
	cat <<'END'
update '{"sessionUpdate":"tool_call","toolCallId":"t1","title":"ls","kind":"execute","status":"pending","rawInput":{"command":"ls"}}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"in_progress"}'
update '{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"completed","content":[{"type":"content","content":{"type":"text","text":"one.txt"}}]}'
update '{"sessionUpdate":"new_thing","x":1}'
END
	words 'One '
	words 'file.'
	stop end_turn
} >work
run agent-spawn -a a 'list them'
expect_status 0
expect_err ''
expect_json 'last.data.text == "One file."'
expect_json '[.[] | select(.type | startswith("tool.")).data |
	[.id, .name, .output]] == [["t1", "execute", null],
	["t1", "execute", "one.txt"]]'
expect_json 'any(.type == "log" and .data.event.x? == 1)'
run cat told
expect_json 'all(.jsonrpc == "2.0") and
	map(.method) == ["initialize", "session/new", "session/prompt"] and
	.[0].params.protocolVersion == 1 and (.[1].params.cwd | test("^/")) and
	.[2].params.prompt == [{type: "text", text: "list them"}]'

it 'goes on with its session; what was said before is no answer'
run agent-spawn -c 'and more'
expect_status 0
expect_json 'last.data.text == "One file." and all(.data.id? != "t0")'
run cat told
expect_json '.[1].method == "session/load" and .[1].params.sessionId == "s1"'

it 'its questions are answered by the rules, or by a person'
cat >work <<'END'
say '"id":77,"method":"session/request_permission","params":{"sessionId":"s1","toolCall":{"toolCallId":"t1","title":"rm","kind":"execute","rawInput":{"command":"rm x"}},"options":[{"optionId":"y","name":"Yes","kind":"allow_once"},{"optionId":"n","name":"No","kind":"reject_once"}]}'
END
{
	words "done"
	stop end_turn
} >after
run agent-spawn -a a go
expect_status 0
run cat told
expect_json 'last == {jsonrpc: "2.0", id: 77,
	result: {outcome: {outcome: "selected", optionId: "y"}}}'
run agent-spawn -a b --park go
expect_status 75
expect_json 'last.data.reason == "parked" and any(.type == "question" and
	.data.subject == "shell: rm x" and .data.question == "May it?")'
# answered ANSWER: what the agent was told then.
answered() {
	background agent-spawn -a b go
	await 20 sh -c 'agent-gate list --json | grep -q "May it"'
	agent-gate answer --all "$1" >"$T_DIR/out"
	await 20 grep -q '"id":77.*result' told
	run grep '"id":77.*result' told
}
agent-gate answer --all deny >"$T_DIR/out"
answered deny
expect_json 'last.result.outcome.optionId == "n"'
answered approve
expect_json 'last.result.outcome.optionId == "y"'
expect_ok grep -q tool.denied .agent/audit.ndjson

it 'is given no files of ours, nor a terminal'
echo "say '\"id\":77,\"method\":\"fs/read_text_file\",\"params\":{}'" >work
run agent-spawn -a a go
expect_status 0
run cat told
expect_json 'last.error.code == -32601'

it 'a refusal, a limit, an error, an end without words'
stop refusal >work
run agent-spawn -a a go
expect_status 3
stop max_tokens >work
run agent-spawn -a a go
expect_status 4
echo "say '\"id\":2,\"error\":{\"code\":-32000,\"message\":\"log in\"}'" >work
run agent-spawn -a a go
expect_status 77
expect_err 'agent-spawn: acp: log in'
echo 'exit 0' >work
run agent-spawn -a a go
expect_status 76

it 'silence ends it, and tells it before'
: >work
run agent-spawn -a a go
expect_status 124
expect_ok grep -q session/cancel told

done_testing
