# shellcheck shell=sh disable=SC2034,SC2154
# model.sh: a model server for a test, after lib.sh:
#
#	. "$T_SRC/t/model.sh"
#	model_server -e '{"text":"hello"}'
#	run agent-ask -m test/x hi
#
# Starts t/model-server with these arguments, configures it as the provider
# `test` ($MODEL_URL/v1, Chat Completions; its key is in TEST_API_KEY) and
# logs the requests to $MODEL_LOG.

# model_server ARGUMENT...: may be called again, for another one.
model_server() {
	MODEL_LOG=$T_DIR/requests.ndjson
	: >"$MODEL_LOG"
	: >"$T_DIR/port"
	background "$T_BUILD/t/model-server" -l "$MODEL_LOG" "$@" \
		>"$T_DIR/port"
	MODEL_PID=$!
	await 20 test -s "$T_DIR/port" || fail 'no model server'
	MODEL_PORT=$(cat "$T_DIR/port")
	MODEL_URL=http://127.0.0.1:$MODEL_PORT
	mkdir -p "$HOME/.config/agent"
	model_provider chat "$MODEL_URL/v1"
}

# model_provider PROTOCOL BASE [LINE...]: (re)configures `test`.
model_provider() {
	{
		echo 'providers:'
		echo '  test:'
		echo "    protocol: $1"
		echo "    base_url: '$2'"
		shift 2
		for t_line; do
			echo "    $t_line"
		done
	} >"$HOME/.config/agent/config.yaml"
}

# google MATCH PARTS: a scenario of the server, an answer in Google's protocol.
google() {
	jq -cn --arg match "$1" --argjson parts "$2" '{match: $match, status: 200,
	headers: {"content-type": "text/event-stream"}, body: ("data: " +
	({candidates: [{content: {parts: $parts, role: "model"}, index: 0,
		finishReason: "STOP"}], usageMetadata: {promptTokenCount: 7,
		candidatesTokenCount: 5, totalTokenCount: 12}} | tojson) + "\n\n")}'
}

# asked N COMMAND...: runs it; that the server was asked so often.
asked() {
	t_before=$(wc -l <"$MODEL_LOG")
	t_asked=$1
	shift
	run "$@"
	t_before=$(($(wc -l <"$MODEL_LOG") - t_before))
	[ "$t_before" -eq "$t_asked" ] ||
		fail "$t_before requests, not $t_asked"
}
