#!/bin/sh
# agent-ask with tasks that agent-route annotated: the model that it chose, and
# after a failure the fallback that is meant for that kind.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server \
	-e '{"match":"\"model\":\"down\"","status":503,"body":{}}' \
	-e '{"match":"\"model\":\"denied\"","status":400,"body":{"error":{"message":"filtered","code":"content_filter"}}}' \
	-e '{"match":"\"model\":\"poor\"","status":429,"body":{"error":{"message":"quota","code":"insufficient_quota"}}}' \
	-e '{"text":"hello"}'
AGENT_MODEL=test/other
export AGENT_MODEL

# task MODEL [FALLBACK ON]...
task() {
	jq -nc --args '{id: $ARGS.positional[0], prompt: "hi", route: {
		model: ("test/" + $ARGS.positional[0]), fallback: [
		$ARGS.positional[1:] | while(length > 0; .[2:]) |
		{agent: "a", model: ("test/" + .[0]), on: (.[1] / " ")}]}}' "$@"
}

# models_asked: the models that were asked, in order.
models_asked() {
	jq -r '.body | fromjson? // . | .model' "$MODEL_LOG" | paste -sd ' ' -
}

it 'asks the model that was chosen'
task good spare unavailable >in
run agent-ask --format ndjson --retries 0 <in
expect_status 0
expect_json '.[0].data.model == "test/good"'

it 'asks the one that is meant for an outage, not for money'
task down cheap 'budget quota' spare 'unavailable timeout' >in
: >"$MODEL_LOG"
run agent-ask --format ndjson --retries 0 <in
expect_status 0
expect_json '.[-1].data.model == "test/spare" and .[-1].data.attempts == 2'
[ "$(models_asked)" = 'down spare' ] || fail "asked: $(models_asked)"

it 'asks the one that is meant for money, not for an outage'
task poor spare 'unavailable timeout' cheap 'budget quota' >in
run agent-ask --format ndjson --retries 0 <in
expect_status 0
expect_json '.[-1].data.model == "test/cheap"'

it 'goes on along the chain'
task down poor unavailable cheap quota >in
run agent-ask --format ndjson --retries 0 <in
expect_status 0
expect_json '.[-1].data.model == "test/cheap" and .[-1].data.attempts == 3'

it 'asks nobody else when none is meant for it'
task down cheap quota >in
: >"$MODEL_LOG"
run agent-ask --format ndjson --retries 0 <in
expect_status 1
expect_json '.[-1].type == "error" and .[-1].data.model == "test/down"'
[ "$(models_asked)" = 'down' ] || fail "asked: $(models_asked)"

it 'may be told to go elsewhere after a refusal'
task denied free refused >in
run agent-ask --format ndjson --retries 0 <in
expect_status 0
expect_json '.[-1].data.model == "test/free"'

it 'goes on without a fallback that is not known here'
task down x unavailable | sed 's,test/x,nowhere/x,' >in
run agent-ask --format ndjson --retries 0 <in
expect_status 1
expect_err_has nowhere 'going on without'

done_testing
