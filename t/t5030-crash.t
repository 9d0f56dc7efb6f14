#!/bin/sh
# The hub under kill -9, stopped takers, a clock that jumps, a full disk: what
# was accepted is delivered, nothing twice at a time.  bench/hub-crash does
# the same for as long as one likes.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need sqlite3 setsid shuf
T_WAIT=170
mkdir .agent

it 'keeps its promises through some rounds of bad luck'
run env AGENT_BUILD="$T_BUILD" sh "$T_SRC/bench/hub-crash" 6
expect_status 0
expect_out_has 'all well'

it 'on a full disk, refuses what it cannot keep, and loses nothing else'
cat >full <<'END'
mount -t tmpfs -o size=600k,mode=700 tmpfs .agent || exit 99
text=$(head -c 3000 /dev/zero | tr '\0' x)
: >accepted
i=0
while [ "$i" -lt 400 ]; do
	i=$((i + 1))
	agent-send a "$i $text" >>accepted 2>error
	status=$?
	[ "$status" -eq 0 ] || break
done
[ "$status" -eq 74 ] || { echo "status $status"; cat error; }
mount -o remount,size=4m .agent
agent-send a last >>accepted || echo 'cannot go on'
agent-recv --auto a | jq -r .id >delivered
cmp accepted delivered
agent-send --check
END
run unshare -Urm sh full
if [ -e accepted ]; then
	expect_status 0
	expect_out ''
else
	skip 'no user namespaces here'
fi

it 'loses nothing to a kill at any of its system calls'
if strace -o /dev/null true 2>/dev/null; then
	mkdir -p k/.agent
	agent-send -C k a x >/dev/null
	agent-recv -C k --auto a >/dev/null
	for call in pwrite64 fdatasync openat flock write; do
		n=1
		while [ "$n" -le 24 ]; do
			strace -qq -o /dev/null -e "trace=$call" \
				-e "inject=$call:signal=KILL:when=$n" \
				agent-send -C k --key "$call.$n" a "$call.$n" \
				>/dev/null 2>&1 && break
			agent-send -C k --key "$call.$n" a "$call.$n" \
				>/dev/null || fail "cannot send after $call $n"
			echo "$call.$n" >>sent
			n=$((n + 4))
		done
	done
	agent-recv -C k --auto --format text a >got
	while read -r key; do
		[ "$(grep -cx "$key" got)" = 1 ] ||
			fail "$key came $(grep -cx "$key" got) times"
	done <sent
	run agent-send -C k --check
	expect_status 0
else
	skip 'no strace here'
fi

done_testing
