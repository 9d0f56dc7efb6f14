#!/bin/sh
# agent-ask: keys that a command gives.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

sent_key() {
	tail -n 1 "$MODEL_LOG" | jq -er .headers.authorization >key.sent
	expect_file key.sent "Bearer $1"
}

it 'asks for it while others are answered'
cat >"$HOME/.config/agent/config.yaml" <<Y
providers:
  slow: { base_url: $MODEL_URL/v1, key_cmd: 'echo run >>ran; cat keyhole' }
  test: { base_url: $MODEL_URL/v1, key_env: TEST_KEY }
Y
mkfifo keyhole answers
printf '{"id":"%s","prompt":"hi","model":"%s"}\n' 1 slow/a 2 slow/b 3 test/c >in
background sh -c 'TEST_KEY=k exec agent-ask --unordered -j 3 <in >answers'
exec 4<answers
read -r first <&4
echo "$first" >first
expect_ok grep -q '"task":"3"' first
echo s3same-key >keyhole
cat <&4 >others
exec 4<&-
[ "$(grep -c '"type":"result"' others)" -eq 2 ] || fail 'not answered'
sent_key s3same-key
expect_file ran run

it 'needs none for what needs none'
cat >"$HOME/.config/agent/config.yaml" <<Y
providers:
  slow: { base_url: $MODEL_URL/v1, key_cmd: 'echo run >>ran; cat keyhole' }
Y
rm ran
run agent-ask --dry-run -m slow/a hi
expect_status 0
expect_json '.[0].headers | index("Authorization: Bearer ***")'
expect_not test -e ran

it 'ends one that never ends, and says what it does wrong'
run sh -c 'exec agent-ask -m slow/a --timeout 300ms hi 5<>keyhole'
expect_status 124
for cmd in 'exit 3' true 'cat /dev/zero' /no/such; do
	model_provider chat "$MODEL_URL/v1" "key_cmd: '$cmd'"
	run agent-ask hi
	case $cmd in
	cat*) expect_status 65 ;;
	*) expect_status 77 ;;
	esac
	expect_err_has key_cmd
done

it 'asks for another when it is refused'
model_server -k good -e '{"echo":true}'
model_provider chat "$MODEL_URL/v1" "key_cmd: 'cat keys; echo good >keys'"
echo bad >keys
seq 5 >in
run agent-ask --lines -j 5 <in
expect_status 0
expect_json '[.[] | select(.type == "result")] | length == 5'
sent_key good
echo bad >keys
run agent-ask hi
expect_status 0
expect_out hi

done_testing
