#!/bin/sh
# agent-replay: what passes is recorded, and said again.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq curl
model_server -e '{"match":"slow","tokens":3,"rate":20}' \
	-e '{"match":"cut","text":"hello there friend","cut":150}' \
	-e '{"match":"again","text":"first","times":1}' \
	-e '{"match":"again","text":"second"}' \
	-e '{"match":"busy","status":429,"headers":{"retry-after":"1",
	    "set-cookie":"id=1"},"body":{"error":{"message":"slow down"}}}' \
	-e '{"echo":true}'
OPENAI_BASE_URL=$MODEL_URL/v1
OPENAI_API_KEY=sk-abcdef0123456789
AGENT_MODEL=openai/gpt-5
export OPENAI_BASE_URL OPENAI_API_KEY AGENT_MODEL

# recorded FILTER: that jq gives true for all lines of the recording together.
recorded() {
	jq -es "$1" rec >/dev/null || fail "the recording is otherwise: $1
$(cut -c1-500 rec)"
}

it 'passes on what the client asks, and its answer'
run agent-replay record -o rec -- agent-ask hello
expect_status 0
expect_out hello
expect_err ''
recorded 'length == 1 and .[0].request.path == "/openai/v1/chat/completions"'
recorded '.[0].request.body.messages == [{role: "user", content: "hello"}]'
recorded '.[0].status == 200 and (.[0].chunks | length) > 0'

it 'keeps no key, wherever it occurs'
run agent-replay record -o rec -- agent-ask "my key is $OPENAI_API_KEY"
expect_out "my key is $OPENAI_API_KEY"
expect_not grep -q "$OPENAI_API_KEY" rec
expect_ok grep -qF 'my key is ***' rec
run stat -c %a rec
expect_out 600

it 'passes the status of the command through'
run agent-replay record -o rec -- sh -c 'exit 9'
expect_status 9
run agent-replay record -o rec -- /no/such/command
expect_status 127
run agent-replay record -o rec -- sh -c 'kill -9 $$'
expect_status 137

it 'says it again without a server'
run agent-replay record -o rec -- sh -c 'agent-ask hello; agent-ask again
	agent-ask again; agent-ask slow; agent-ask --retries 0 cut
	agent-ask --retries 0 busy'
cp "$T_DIR/out" live
run env -u OPENAI_API_KEY -u OPENAI_BASE_URL agent-replay serve rec -- \
	sh -c 'agent-ask hello; agent-ask again
	agent-ask again; agent-ask slow; agent-ask --retries 0 cut
	agent-ask --retries 0 busy; echo "status $?"'
echo 'status 75' >>live
expect_out "$(cat live)"
recorded '.[-1].headers["retry-after"] == "1" and
	(.[-1].headers | has("set-cookie") | not)'
recorded '.[-2].cut'

it 'cuts where the recording was cut'
run agent-replay serve rec -- agent-ask --retries 0 cut
expect_status 76

it 'keeps the times, and their speed when asked to'
recorded '.[3].chunks | length >= 3 and .[-1][0] - .[0][0] > 0.05'
run agent-replay serve -s 1 rec -- agent-ask slow
expect_status 0

it 'answers nothing that was not recorded'
run agent-replay serve rec -- agent-ask news
expect_status 76
expect_out ''
expect_err_has "last message is user: 'news'" '1 request was not in'

it 'answers what is like it when told to be loose'
run agent-replay serve -l rec -- agent-ask --retries 0 -o seed 7 hello
expect_status 0
expect_out hello

it 'serves -m replay:FILE, too'
run agent-ask -m replay:rec hello
expect_status 0
expect_out hello

it 'is not confused by chunked, pipelined or broken requests'
cat >check <<-'EOF'
	set -e
	u=$OPENAI_BASE_URL/chat/completions
	jq -sc '.[0].request.body' rec >body
	curl -sS -H 'Transfer-Encoding: chunked' -d @body "$u"
	curl -sS -d @body "$u" --next -sS -d @body "$u" >/dev/null
	curl -sS -I "$OPENAI_BASE_URL/none" | grep -q '404'
	port=${OPENAI_BASE_URL#http://127.0.0.1:}
	exec 3<>"/dev/tcp/127.0.0.1/${port%%/*}"
	printf 'rubbish\r\n\r\n' >&3
	grep -q '400 Bad Request' <&3
EOF
run agent-replay serve rec -- bash check
expect_status 76
expect_out_has '[DONE]'
expect_err_has '1 request was not in the recording'

it 'ends with a signal when it has no command'
background agent-replay serve rec 2>said
await 20 grep -q listening said
pid=$!
url=$(sed 's/.* on //' said)
run curl -sS -d "$(jq -sc '.[0].request.body' rec)" "$url/v1/chat/completions"
expect_out_has '[DONE]'
kill "$pid"
wait "$pid"
status=$?
expect_status 0

it 'says what is wrong'
run agent-replay serve nothing
expect_status 66
run agent-replay record -o /no/such/dir/x -- true
expect_status 73
run agent-replay record -o /dev/full -- agent-ask hello
expect_status 74
echo rubbish >bad
run agent-replay serve bad -- true
expect_status 65
run agent-replay record -- true
expect_status 2
run agent-replay play x
expect_status 2

it 'passes an unreachable server on as an error'
run env OPENAI_BASE_URL=http://127.0.0.1:1/v1 agent-replay record -o rec -- \
	agent-ask --retries 0 hello
expect_status 69

done_testing
