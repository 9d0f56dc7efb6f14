#!/bin/sh
# Leases: what is not settled comes back, what is settled does not.
. "${0%/*}/lib.sh"

mkdir .agent

# lease FILE: the name of the lease of the record in it.
lease() {
	jq -r .lease "$1"
}

it 'acknowledges, twice if need be'
agent-send a m >/dev/null
agent-recv -1 a >m
run agent-recv --ack "$(lease m)"
expect_status 0
run agent-recv --ack "$(lease m)"
expect_status 0
run agent-recv --list a
expect_out ''

it 'hands back with a reason, under the next number'
agent-send b m >/dev/null
agent-recv -1 b >m
agent-recv --nak --why 'no time' "$(lease m)"
run agent-recv --list b
expect_json '.[0].state == "ready" and .[0].error == "no time"'
agent-recv -1 b >m2
case $(lease m2) in
*.2) ;;
*) fail 'not the second delivery' ;;
esac

it 'refuses who comes with an old lease'
run agent-recv --ack "$(lease m)"
expect_status 1
expect_err_has 'delivered again (2)'
run agent-recv --ack "$(lease m2)"
expect_status 0

it 'lets what is handed back rest'
agent-send c m >/dev/null
agent-recv -1 c >m
agent-recv --nak --pause 1h "$(lease m)"
run agent-recv c
expect_status 1
run agent-recv --list c
expect_json '.[0].state == "paused"'

it 'delivers again when a lease ran out, while we wait'
agent-send d m >/dev/null
agent-recv -1 --lease 0.05 d >/dev/null
run agent-recv -1 --wait 50 d
expect_json '.[0].lease | endswith(".2")'

it 'lasts longer when extended'
agent-send e m >/dev/null
agent-recv -1 --lease 0.2 e >m
agent-recv --extend 1h "$(lease m)"
run agent-recv -1 --wait 0.5 e
expect_status 1

it 'gives up after some deliveries'
agent-send --tries 2 f m >/dev/null
for i in 1 2; do
	agent-recv -1 f >m
	agent-recv --nak --why "failure $i" "$(lease m)"
done
run agent-recv f
expect_status 1
run agent-recv --dead f
expect_json '.[0].error == "failure 2" and .[0].tries == 2'
run agent-recv --again "$(jq -r .id "$T_DIR/out")"
run agent-recv f
expect_status 0

it 'comes back at once when its process is killed'
agent-send g m >/dev/null
rm m
background agent-recv -f g >m
holder=$!
await 20 test -s m || fail 'nothing was delivered'
agent-recv -1 --wait 50 g >m2 &
other=$!
kill -9 "$holder"
wait "$other"
run cat m2
expect_json '.[0].lease | endswith(".2")'

it 'comes back at once when the owner of a lease ends'
agent-send h m >/dev/null
sh -c 'agent-recv -1 --owner $$ h' >m
run agent-recv -1 --wait 50 h
expect_json '.[0].lease | endswith(".2")'

it 'gives back what it holds when it is asked to end'
agent-send i m >/dev/null
# some rounds, as a signal may come at any instant
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	: >m
	background agent-recv -f i >m
	holder=$!
	until [ -s m ]; do :; done
	kill "$holder"
	await 20 gone "$holder" || fail "did not end, the ${i}th time"
	wait "$holder"
done
run agent-recv i
expect_json '.[0].lease | endswith(".1")'

it 'prints the next one when the one before is settled'
agent-send j one >/dev/null
agent-send j two >/dev/null
rm m
background agent-recv -f j >m
await 20 test -s m || fail 'nothing was delivered'
[ "$(wc -l <m)" -eq 1 ] || fail 'two at a time'
agent-recv --ack "$(lease m)"
await 20 grep -q two m || fail 'the second did not come'

it 'works on no more than the limit of a queue'
agent-send -q k --limit 1
agent-send -q k one >/dev/null
agent-send -q k two >/dev/null
agent-recv -1 -q k >m
run agent-recv -1 -q k
expect_status 1
agent-recv --ack "$(lease m)"
run agent-recv -1 -q k
expect_status 0

it 'feeds a FIFO and does what comes through the other'
agent-send l 'do it' >/dev/null
background agent-recv --fifo box l
await 20 test -p box.out || fail 'there is no FIFO'
read -r m <box
printf 'reply %s done\n' "$(printf '%s\n' "$m" | jq -r .lease)" >box.out
run agent-recv --auto --wait 50 --format text
expect_out "done"
run agent-recv --list l
expect_out ''

it 'loses nothing when its output is full'
agent-send n m >/dev/null
run sh -c 'agent-recv --auto n >/dev/full'
expect_status 74
run agent-recv --auto --wait 20 n
expect_status 0

it 'counts nothing against what a reader that left did not read'
for i in 1 2 3 4 5 6; do
	# how many are written before head is gone, nobody can say
	agent-send p "$i" >/dev/null
	agent-send p "$i again" >/dev/null
	agent-recv -f --auto p | head -n 1 >/dev/null
done
agent-send p 9 >/dev/null
await 20 sh -c '! agent-recv --list p | grep -q leased'
run agent-recv --dead p
expect_out ''
run agent-recv --auto --format text p
expect_out_has 9

it 'ends when nobody reads any more'
background sh -c 'agent-recv -f o | true; : >ended'
await 20 test -e ended || fail 'it goes on'

done_testing
