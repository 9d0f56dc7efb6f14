#!/bin/sh
# agent-flow run, killed and cancelled and parked: it goes on with the same
# command.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
need make flock

cat >"$T_DIR/bin/work" <<'END'
#!/bin/sh
exec 8>>"busy.$1"
flock -n 8 || echo overlap >>overlaps
echo "begin $1" >>log
cat >/dev/null
echo "end $1" >>log
END
chmod +x "$T_DIR/bin/work"
PATH=$T_DIR/bin:$PATH
{
	printf 'sandbox: none\ntasks:\n'
	for i in 1 2 3 4 5 6; do
		echo "  a$i: {run: [work, a$i]}"
		echo "  b$i: {needs: a$i, run: [work, b$i]}"
	done
	echo '  end: {needs: [b1, b2, b3, b4, b5, b6], run: [work, end]}'
} >k.flow.yaml

# stands N: that so many tasks have ended.
stands() {
	[ "$(grep -c end log)" -ge "$1" ]
}

it 'goes on after the whole was killed, and does nothing twice'
: >log
for n in 1 3 6 9; do
	background agent-flow run -j 2 k.flow.yaml >"$T_DIR/records"
	group=$!
	expect_ok await 20 stands $n
	kill -s KILL "$group" 2>"$T_DIR/why"
	find .agent/flows/k/steps -name result.json >ended
	while read -r file; do
		cp "$file" "$file.then"
	done <ended
done
run agent-flow run -j 2 k.flow.yaml
expect_status 0
expect_not [ -e overlaps ]
while read -r file; do
	cmp -s "$file" "$file.then" || fail "$file was done twice"
done <ended
expect_ok [ "$(grep -c '^end end' log)" -eq 1 ]

it 'does no task twice when two run it at once'
rm -rf .agent log
agent-flow run -j 2 k.flow.yaml >one 2>&1 &
agent-flow run -j 2 k.flow.yaml >two 2>&1 || fail "status $?"
wait $! || fail "status $?"
expect_ok [ "$(sort log | uniq -d | wc -l)" -eq 0 ]
expect_ok [ "$(grep -c end log)" -eq 14 ]
expect_not [ -e overlaps ]

it 'signals nobody who is not at work on it, whatever number is left'
mkfifo end
background sh -c 'trap "echo hit >hit" TERM; : >there; read -r x <end; :'
stranger=$!
expect_ok await 10 [ -e there ]
printf 'sandbox: none\ntasks:\n  ask: {gate: "Is it right?"}\n' >s.flow.yaml
run agent-flow run s.flow.yaml
expect_status 75
echo "$stranger" >.agent/flows/s/steps/ask/lease
run agent-flow cancel s
expect_status 0
echo x >end
wait "$stranger"
expect_not [ -e hit ]

it 'cancels what runs, until it is asked for again'
cat >c.flow.yaml <<'END'
sandbox: none
tasks:
  long: {run: 'touch begun; [ -e go ] || exec tail -f /dev/null'}
  after: {needs: long, run: echo never}
END
background agent-flow run c.flow.yaml >"$T_DIR/records"
flow=$!
expect_ok await 20 [ -e begun ]
run agent-flow cancel c long
expect_status 0
wait $flow
status=$?
expect_status 1
run agent-flow status c
expect_out_has 'cancelled   long' 'omitted     after'
touch go
run agent-flow run c.flow.yaml
expect_status 1
run agent-flow run --retry-failed c.flow.yaml
expect_status 0

it 'ends in order when it is interrupted'
rm -rf begun go .agent
background agent-flow run c.flow.yaml >"$T_DIR/records"
flow=$!
expect_ok await 20 [ -e begun ]
kill -s INT $flow
wait $flow
status=$?
expect_status 130
expect_not [ -e .agent/flows/c/steps/long/result.json ]

it 'parks at a gate, and goes on when it is answered'
cat >g.flow.yaml <<'END'
sandbox: none
tasks:
  ask: {gate: 'Shall it be $(done)?'}
  do: {needs: ask, run: echo did}
  other: {run: echo other}
END
run agent-flow run g.flow.yaml
expect_status 75
run agent-flow status g
expect_out_has 'parked      ask' 'waiting     do' 'ok          other'
id=$(agent-gate list --json | jq -r .id)
agent-gate answer "$id" approve >"$T_DIR/why" 2>&1 || fail "cannot answer"
run agent-flow run g.flow.yaml
expect_status 0

it 'takes a no for a no'
run agent-flow run --force ask g.flow.yaml
expect_status 75
id=$(agent-gate list --json | jq -r .id)
agent-gate answer "$id" deny >"$T_DIR/why" 2>&1 || fail "cannot answer"
run agent-flow run g.flow.yaml
expect_status 1
run agent-flow status g
expect_out_has 'denied      ask' 'omitted     do'

done_testing
