#!/bin/sh
# agent-spawn --stay: a foreign agent that lives, and answers what it is sent,
# one message after the other, in one conversation.
# shellcheck disable=SC2086 # a pattern
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need jq
need_sandbox
fake codex codex-text
cat >fake <<'EOF'
#!/bin/sh
cd; test -e n || echo 0 >n
n=$(($(cat n) + 1)); echo $n >n
printf '%s\n' "$@" >args.$n; cat >in.$n
cat "$OLDPWD/said"
EOF
mkdir -m 700 .agent
home='.agent/runs/*/home'
stay() {
	background agent-spawn --stay codex --format ndjson >>"$T_DIR/stay" 2>&1
	stay=$!
}

it 'answers each message with its words, in its own session'
stay
run agent-send --wait 50 codex 'the first'
expect_status 0
expect_out Hello.
run agent-send --wait 50 -t task --format ndjson codex 'the second'
expect_json 'last | .type == "result" and .data.text == "Hello."'
expect_ok grep -q 'the first' $home/in.1
expect_ok grep -q 'the second' $home/in.2
expect_not grep -q 'the first' $home/in.2
expect_ok grep -q '^thread-1$' $home/args.2
expect_not grep -q '^resume$' $home/args.1

it 'ends when a person says so'
agent-send -t stop codex 'please' >"$T_DIR/sent" || fail 'not sent'
wait "$stay" || fail "status $?"

it 'goes on with the same session when it is started again'
run agent-send codex 'the third'
run agent-spawn --stay codex --idle-exit 0 --format ndjson
expect_status 0
expect_json 'last.data.answered == 1'
expect_ok grep -q 'the third' $home/in.3
expect_ok grep -q '^thread-1$' $home/args.3

done_testing
