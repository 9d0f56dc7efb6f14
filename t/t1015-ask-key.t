#!/bin/sh
# agent-ask: where keys come from, where they go, and where they never are.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server -e '{"match":"hang","stall":-1}' \
	-e '{"match":"echo401","status":401,"body":{"error":{"message":"bad key s3same-key"}}}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL
model_provider chat "$MODEL_URL/v1" 'key_env: TEST_KEY'

sent_key() {
	tail -n 1 "$MODEL_LOG" | jq -er .headers.authorization >key.sent
	expect_file key.sent "Bearer $1"
}

it 'reads the key from a descriptor, before anything else'
echo s3same-key >key
run sh -c 'TEST_KEY=other exec agent-ask --key-fd 3 hi 3<key'
expect_status 0
sent_key s3same-key
run sh -c 'agent-ask --key-fd 0 hi <key'
sent_key s3same-key
run sh -c 'agent-ask --cache --log --key-fd 0 only this <key'
expect_out 'only this'
run sh -c 'agent-ask --key-fd 0 <key'
expect_status 2
run sh -c 'printf one | agent-ask --key-fd 5 -j 1 --lines 5<key'
sent_key s3same-key
model_provider chat "$MODEL_URL/v1" 'key_cmd: echo another'
run sh -c 'agent-ask --key-fd 3 hi 3<key'
sent_key s3same-key

it 'tells which was used, blanked'
for how in '--key-fd 3' key_cmd TEST_KEY; do
	case $how in
	TEST_KEY) model_provider chat "$MODEL_URL/v1" 'key_env: TEST_KEY' ;;
	*) model_provider chat "$MODEL_URL/v1" 'key_cmd: cat key' ;;
	esac
	fd=
	[ "$how" != '--key-fd 3' ] || fd='--key-fd 3'
	run sh -c "TEST_KEY=s3same-key exec agent-ask --dry-run $fd hi 3<key"
	expect_status 0
	expect_json ".[0].key_from == \"$how\" and
		(.[0].headers | index(\"Authorization: Bearer ***\"))"
	expect_out_lacks s3same-key
done

it 'gives it to the first provider alone'
cat >"$HOME/.config/agent/config.yaml" <<Y
providers:
  one: { base_url: $MODEL_URL/status=500/v1 }
  two: { base_url: $MODEL_URL/v1, key_env: TWO_KEY }
Y
run sh -c 'TWO_KEY=of-two exec agent-ask -m two/a,one/b --key-fd 3 hi 3<key'
sent_key s3same-key
run sh -c 'agent-ask --dry-run -m one/b,two/a --key-fd 3 hi 3<key'
expect_status 77
expect_err_has TWO_KEY
model_provider chat "$MODEL_URL/v1" 'key_env: TEST_KEY'

it 'says when there is none'
run agent-ask --key-fd 9 hi
expect_status 77
expect_err_has '--key-fd 9: Bad file descriptor'
run sh -c 'agent-ask --key-fd 3 hi 3</dev/null'
expect_status 77
run agent-ask --key-fd x hi
expect_status 2

it 'does not wait for it for ever'
mkfifo never
run sh -c 'agent-ask --timeout 300ms --key-fd 3 hi 3<>never'
expect_status 124

it 'shows it nowhere'
export TEST_KEY=s3same-key
run agent-ask --log --json --cache echo401
expect_status 77
expect_out_lacks s3same-key
expect_err_lacks s3same-key
run agent-ask --log --json --cache -u hi
run agent-ask --dry-run hi
expect_not grep -raq s3same-key "$HOME/.local" "$HOME/.cache"
run agent-ask --history --json
expect_out_lacks s3same-key

it 'is in no list of processes and no core file'
unset TEST_KEY
background sh -c 'exec agent-ask --key-fd 3 hang 3<key'
pid=$!
await 20 grep -q hang "$MODEL_LOG"
expect_not grep -aq s3same-key "/proc/$pid/cmdline" "/proc/$pid/environ"
expect_ok grep -qx 00000000 "/proc/$pid/coredump_filter"
kill "$pid"

done_testing
