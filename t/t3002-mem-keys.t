#!/bin/sh
# agent-mem: key-values, lists, states.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"

it 'sets and gets'
run agent-mem set build.green abc123
expect_status 0
run agent-mem get build.green
expect_out abc123

it 'takes any text, also from standard input'
run sh -c 'printf "a\nb \"c\"" | agent-mem set odd'
run agent-mem get odd
expect_out 'a
b "c"'
run agent-mem set empty ''
run agent-mem get empty
expect_status 0

it 'says that a key is not there'
run agent-mem get nothing
expect_status 1
expect_out ''

it 'sets only what is as expected'
run agent-mem cas lock '' me
expect_status 0
run agent-mem cas lock '' you
expect_status 1
run agent-mem cas lock you they
expect_status 1
run agent-mem cas lock me you
expect_status 0
run agent-mem get lock
expect_out you

it 'lets a key expire'
run agent-mem set --expires 2001-01-01 gone x
run agent-mem get gone
expect_status 1
run agent-mem cas --expires 1h gone '' again
expect_status 0

it 'counts'
run agent-mem incr n
expect_out 1
run agent-mem incr n 41
expect_out 42
run agent-mem incr n -- -2
expect_out 40
run agent-mem incr lock
expect_status 65
run agent-mem set big 9223372036854775807
run agent-mem incr big
expect_status 65
expect_err "agent-mem: 'big' would become too large"

it 'counts right when many count'
for i in 1 2 3 4 5 6 7 8; do
	(for j in 1 2 3 4 5; do agent-mem incr many >/dev/null || echo "$i$j" >>failed; done) &
done
wait
expect_not test -e failed
run agent-mem get many
expect_out 40

it 'takes a key for one of many'
for i in 1 2 3 4 5 6 7 8; do
	(! agent-mem cas owner '' "$i" || echo "$i" >>won) &
done
wait
[ "$(wc -l <won)" -eq 1 ] || fail "$(wc -l <won) have won"

it 'lists keys'
run agent-mem keys build
expect_out build.green
run agent-mem keys --format ndjson b
expect_json 'map(.key) | contains(["big", "build.green"])'

it 'deletes, and undoes that'
run agent-mem del build.green
run agent-mem get build.green
expect_status 1
run agent-mem undo
run agent-mem get build.green
expect_out abc123
run agent-mem del nothing
expect_status 1

it 'keeps lists in order'
for v in one two three; do agent-mem push q "$v"; done
run agent-mem items q
expect_out 'one
two
three'
run agent-mem pop q
expect_out one
run agent-mem pop --all q
expect_out three
run agent-mem pop q
run agent-mem pop q
expect_status 1

it 'hands out each item once'
seq 40 | while read -r i; do agent-mem push work "$i"; done
for i in 1 2 3 4; do
	(while agent-mem pop work >>taken; do :; done) &
done
wait
[ "$(sort -n taken | uniq | wc -l)" -eq 40 ] || fail "$(sort -n taken | uniq -c)"

it 'saves and loads bytes'
head -c 300000 /dev/urandom >blob
run sh -c 'agent-mem save run1 <blob'
expect_out 1
run sh -c 'agent-mem load run1 | cmp - blob'
expect_status 0

it 'keeps the last versions'
for i in 2 3 4; do echo "$i" | agent-mem save --keep 3 run1 >/dev/null; done
run agent-mem load run1
expect_out 4
run agent-mem load --revision 2 run1
expect_out 2
run agent-mem load --revision 1 run1
expect_status 1
run agent-mem load nothing
expect_status 1
run agent-mem states --format ndjson
expect_json '.[:3] | map(.version) == [2, 3, 4]'

it 'refuses keys that are none'
run agent-mem set '' x
expect_status 65
run agent-mem set "$(printf 'a\nb')" x
expect_status 65

it 'does not lock anybody while it waits for a value'
mkfifo slow
background sh -c 'agent-mem set slow <slow'
exec 5>slow
T_WAIT=5 run agent-mem set other x
expect_status 0
echo v >&5
exec 5>&-

done_testing
