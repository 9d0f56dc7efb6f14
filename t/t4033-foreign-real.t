#!/bin/sh
# agent-spawn: the real codex, claude, opencode and gemini, where they are
# installed, with a model server of ours, whose key they never see.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
need_sandbox
# some need half a minute to start where others want to run, too
T_WAIT=200
PATH=$PATH:/opt/peers/node_modules/.bin

# real TYPE PROTOCOL: the agent and its model; false, and skips, without it.
# The text answer is one without a key, from the server itself.
real() {
	if ! command -v "$1" >"$T_DIR/out"; then
		skip "$1 is not installed"
		return 1
	fi
	model_provider "$2" "$MODEL_URL/${3:-v1}"
	printf 'agents:\n  - { id: a, type: %s, model: test/m, %s }\n' "$1" \
		'limits: {wall_time: 150s}' >agents.yaml
	rm -rf .agent made
}

model_server -e "$(google '"functionResponse":' '[{"text":"All done."}]')" \
	-e "$(google 'make it with run_shell' '[{"functionCall":{"name":
"run_shell_command","args":{"command":"echo yes >made"}}}]')" \
	-e '{"match":"\"function_call_output\"","text":"All done."}' \
	-e '{"match":"\"tool_result\"","text":"All done."}' \
	-e '{"match":"\"role\":\"tool\"","text":"All done."}' \
	-e '{"match":"make it with exec_command","tools":[{"id":"c1",
"name":"exec_command","arguments":"{\"cmd\":\"echo yes >made\"}"}]}' \
	-e '{"match":"Generate a title","text":"A title"}' \
	-e '{"match":"make it with Bash","tools":[{"id":"c1","name":"Bash",
"arguments":"{\"command\":\"echo yes >made\"}"}]}' \
	-e '{"match":"make it with bash","tools":[{"id":"c1","name":"bash",
"arguments":"{\"command\":\"echo yes >made\",\"description\":\"x\"}"}]}' \
	-e '{"match":"be refused","status":401,
"body":{"error":{"message":"bad key","type":"authentication_error"}}}' \
	-e '{"match":"break now","status":500,
"body":{"error":{"message":"broken","code":500}}}' \
	-e '{"match":"stay mute now","status":200,"body":"","stall":-1}' \
	-e "$(google GenerateContent '[{"text":"Hello there."}]')" \
	-e '{"text":"Hello there."}'

# all TYPE PROTOCOL TOOL [PATH]: what each has to do.
all() {
	it "$1: a text answer"
	real "$1" "$2" "${4-}" || return 0
	run agent-spawn -a a 'say hello'
	expect_status 0
	expect_json 'last.data | .text == "Hello there." and
		.usage.output_tokens > 0'

	it "$1: goes on, and now there is a key, which it does not see"
	: >"$MODEL_LOG"
	TEST_API_KEY=sk-never-inside
	export TEST_API_KEY
	model_provider "$2" "$MODEL_URL/${4:-v1}" 'key_env: TEST_API_KEY'
	run agent-spawn -c 'and once more'
	expect_status 0
	expect_json 'last.data.text == "Hello there." and
		last.data.usage.input_tokens == 7'
	expect_ok grep -q 'say hello.*and once more' "$MODEL_LOG"
	expect_ok grep -q sk-never-inside "$MODEL_LOG"
	expect_not grep -rq sk-never-inside .agent .

	it "$1: a tool call, in the workspace"
	run agent-spawn -a a "make it with $3"
	expect_status 0
	expect_json 'last.data.text == "All done." and
		any(.type == "tool.result" and .data.ok)'
	expect_file made yes

	it "$1: stops when its budget is used up"
	agent-budget set '1 requests/day' "model=test/$1"
	sed -i "s,test/m,test/$1," agents.yaml
	run agent-spawn -a a "make it with $3"
	expect_status 5
	expect_json 'last.data.reason == "budget"'
	sed -i "s,test/$1,test/m," agents.yaml

	it "$1: has no tool that the rules deny"
	sed -i '/id: a/s/,/, policy: [{tool: shell, deny: never}],/' agents.yaml
	: >"$MODEL_LOG"
	run agent-spawn -a a 'say hello'
	case $1 in
	codex)	expect_status 78 ;;
	*)	expect_status 0
		expect_ok grep -q '"name":"' "$MODEL_LOG"
		expect_not grep -q "\"name\":\"$3\"" "$MODEL_LOG" ;;
	esac
	sed -i 's/ policy: [^]]*],//' agents.yaml

	it "$1: a refusal"
	run agent-spawn -a a 'be refused'
	expect_status 77
	expect_json 'last.type == "result" and last.data.status == 77'

	it "$1: a server error, which some try again and again, silently"
	sed -i 's/wall_time: 150s/idle: 30s/' agents.yaml
	run agent-spawn -a a 'break now'
	expect_json 'last.data.status == 69 or last.data.reason == "idle"'

	it "$1: a server that never answers"
	sed -i 's/idle: 30s/idle: 3s/' agents.yaml
	run agent-spawn -a a "stay mute now"
	expect_status 124
	expect_json 'last.data.reason == "idle"'
	unset TEST_API_KEY
}

all codex responses exec_command
all claude messages Bash
all opencode chat bash
all gemini chat run_shell_command v1beta/openai

done_testing
