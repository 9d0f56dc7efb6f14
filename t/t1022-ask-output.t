#!/bin/sh
# agent-ask: what is written arrives whole or is an error, at any reader's
# pace, and does no harm on a terminal.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq perl sqlite3
model_server -e '{"match":"huge","big":3000000}' \
	-e '{"match":"evil","reasoning":"r\u001b]0;x\u0007s","text":"a\u001b[31mred\u001b[2J\u001b]52;c;ZXZpbA==\u0007b\u009bc\u0008\rd\n"}' \
	-e '{"match":"hang","text":"part and a lot more that never comes","stall":600}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

# A reader of a few bytes at a time.
# shellcheck disable=SC2016
slow='while (sysread STDIN, $b, 997) { $n += length $b } print "$n\n"'

it 'gives a slow reader all of 64 KiB and a byte, and of 3 MB'
perl -e 'print "x" x 65537' >in
run sh -c 'agent-ask <in | perl -e "$0"' "$slow"
expect_out 65538
perl -e 'print "x" x 3_000_000' >in
run sh -c 'agent-ask <in | perl -e "$0"' "$slow"
expect_out 3000001
run sh -c 'agent-ask --json huge | perl -e "$0" >/dev/null'
expect_status 0
run sh -c 'agent-ask --json huge | tail -n 1 | jq -e ".type == \"result\""'
expect_status 0

it 'ends quietly when the reader leaves'
run sh -c 'agent-ask huge | head -c 10'
expect_err ''
run sh -c '{ agent-ask huge; echo $? >code; } | head -c 10'
[ "$(cat code)" -eq 141 ] || fail "status $(cat code)"

it 'fails on a full disk, however it writes'
for how in '' --json '--no-stream' '-x' '--dry-run' '--schema name'; do
	# shellcheck disable=SC2086
	run sh -c 'agent-ask $0 "{\"name\":\"a\"}" >/dev/full' "$how"
	expect_status 74
done
echo hi >in
run sh -c 'agent-ask --lines <in >/dev/full'
expect_status 74
run sh -c 'agent-ask --embed --lines -m test/e <in >/dev/full'
expect_status 74
run sh -c 'agent-ask hi >&-'
expect_status 74

it 'keeps what had come when it is told to end'
background sh -c 'exec agent-ask --log hang >out'
pid=$!
await 20 test -s out
kill -TERM "$pid"
wait "$pid"
status=$?
expect_status 143
expect_ok grep -q '^part ' out
expect_not grep -q comes out
run agent-ask --history
expect_out_has hang

it 'lets no control sequence through to a terminal'
if command -v script >/dev/null; then
	run script -qec 'agent-ask evil' /dev/null
	expect_out_has red
	for bad in '[31m' '[2J' ']52;' ']0;' "$(printf '\007')" \
		"$(printf '\010')"; do
		expect_out_lacks "$bad"
	done
	[ "$(tr -d '\n' <"$T_DIR/out" | grep -c "$(printf '\302\233')")" -eq 0 ] ||
		fail 'a C1 control came through'
else
	skip 'script(1) is not installed'
fi

it 'shows reasoning on a terminal, not in a pipe'
run sh -c 'agent-ask evil 2>notes >/dev/null'
expect_file notes ''
if command -v script >/dev/null; then
	run script -qec 'agent-ask evil 2>&1 | cat' /dev/null
	run script -qec 'agent-ask evil >/dev/null' /dev/null
	expect_out_has "$(printf '\033[2mrs')"
	run script -qec 'agent-ask -q evil >/dev/null' /dev/null
	expect_out_lacks rs
fi

it 'leaves 64 at once one history, whole'
i=0 pids=
while [ "$i" -lt 64 ]; do
	agent-ask --no-stdin --log "number $i" >/dev/null 2>>errors &
	pids="$pids $!"
	i=$((i + 1))
done
for pid in $pids; do
	wait "$pid" || fail "one failed: $(cat errors)"
done
run agent-ask --history --json number
expect_status 0
run sqlite3 "$HOME/.local/state/agent/asked.db" \
	"select count(*) from conversations where beginning like 'number%'"
expect_out 64

done_testing
