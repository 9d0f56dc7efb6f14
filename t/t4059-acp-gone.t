#!/bin/sh
# agent-spawn --serve acp: an editor that is gone.
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
model_server -e '{"match":"stay mute","stall":-1}'
printf 'agents: [{id: a, model: test/x}]\n' >agents.yaml
mkfifo to from

# say METHOD PARAMS
say() {
	jq -cn --arg method "$1" --argjson params "$2" \
		'{jsonrpc: "2.0", id: 1, $method, $params}' >&7
}

it 'leaves no prompt at work for nobody'
background sh -c 'exec agent-spawn --serve acp <to >from 2>said'
exec 7>to 8<from
say initialize '{"protocolVersion": 1, "clientCapabilities": {}}'
say session/new "{\"cwd\": \"$PWD\", \"mcpServers\": []}"
read -r _ <&8
read -r made <&8
say session/prompt "$(printf '%s\n' "$made" | jq '{sessionId: .result.sessionId,
	prompt: [{type: "text", text: "stay mute"}]}')"
expect_ok await 20 grep -q 'stay mute' "$MODEL_LOG"
exec 7>&- 8<&-
expect_ok await 20 gone "$!"
run jq -c .data.reason .agent/runs/*/result.json
expect_out '"interrupted"'

done_testing
