#!/bin/sh
# agent-flow step, killed: never two at once, nothing that is done done twice.
. "${0%/*}/lib.sh"
need flock

# A program that tells when another of it runs, and leaves a child that has
# left its process group.
cat >"$T_DIR/bin/work" <<'END'
#!/bin/sh
exec 8>>busy
flock -n 8 || echo overlap >>overlaps
echo begin >>log
[ $# -eq 0 ] || {
	setsid sleep 1000 &
	echo $! >left.tmp
	mv left.tmp left
}
[ "$1" != hang ] || wait
echo end >>log
END
chmod +x "$T_DIR/bin/work"
PATH=$T_DIR/bin:$PATH
steps=.agent/flows/steps/steps

it 'ends what a killed one has left before it begins anew'
background agent-flow step a sh -c '[ -e go ] || exec work hang; exec work'
owner=$!
expect_ok await 10 [ -e left ]
left=$(cat left)
kill -s KILL "$owner"
expect_ok await 10 gone "$owner"
expect_not gone "$left"
: >go
run agent-flow step a sh -c '[ -e go ] || exec work hang; exec work'
expect_status 0
expect_ok gone "$left"
expect_not [ -e overlaps ]
expect_file log 'begin
begin
end'

it 'leaves nothing running behind'
rm -f left log
run agent-flow step b work leave
expect_status 0
expect_ok gone "$(cat left)"

it 'ends in order at a signal, without a result'
rm -f left log
background agent-flow step c work hang
owner=$!
expect_ok await 10 [ -e left ]
kill -s TERM "$owner"
wait "$owner"
status=$?
expect_status 143
expect_ok await 10 gone "$(cat left)"
expect_not [ -e $steps/c/result.json ]

it 'runs once what four want at once'
rm -f log
pids=''
for i in 1 2 3 4; do
	agent-flow step d sh -c 'work; echo same' >out$i &
	pids="$pids $!"
done
for p in $pids; do
	wait "$p" || fail "status $?"
done
expect_file log 'begin
end'
expect_ok [ "$(sort -u out1 out2 out3 out4)" = same ]
expect_not [ -e overlaps ]

it 'does not wait for ever for another'
rm -f left
background agent-flow step e work hang
expect_ok await 10 [ -e left ]
run agent-flow step --wait 10ms e work
expect_status 75
expect_err "agent-flow: another process is at work on 'e'"

# can_inject: whether strace is there and may be used.
can_inject() {
	strace -qq -o "$T_DIR/trace" -e inject=getppid:error=EPERM true \
		2>"$T_DIR/why"
}

# killed_at CALL N: a step that is killed at its Nth CALL, and then asked for
# again; false when there is no such call.
killed_at() {
	rm -rf .agent log
	mkdir -m 700 .agent
	! strace -qq -o "$T_DIR/trace" -e "inject=$1:signal=KILL:when=$2" \
		agent-flow step k work >"$T_DIR/out" 2>&1 || return 1
	finished=no
	[ ! -e $steps/k/result.json ] || finished=yes
	before=$(grep -c end log 2>"$T_DIR/why")
	run agent-flow step k work
	expect_status 0
	[ $finished = no ] || [ "$(grep -c end log)" = "$before" ] ||
		fail "done twice after a kill at $1 $2"
	jq -e '.result == "ok"' $steps/k/result.json >"$T_DIR/out" ||
		fail "no result after a kill at $1 $2"
}

it 'keeps its word when it is killed at any system call'
rm -f busy
if can_inject; then
	kills=0
	for call in openat write fsync rename flock mkdir clone pwrite64 \
		waitid wait4 close; do
		n=1
		while [ $n -lt 100 ] && killed_at $call $n; do
			n=$((n + 1))
		done
		kills=$((kills + n - 1))
	done
	expect_not [ -e overlaps ]
	[ $kills -gt 50 ] || fail "killed only $kills times"
else
	skip 'strace is not there, or may not be used'
fi

it 'takes a full disk for what it is, and goes on'
rm -rf .agent log
mkdir -m 700 .agent
if can_inject; then
	run strace -qq -o "$T_DIR/trace" -e inject=fsync:error=ENOSPC:when=3+ \
		agent-flow step f work
	expect_status 125
	expect_err_has 'No space left on device'
	expect_not [ -e $steps/f/result.json ]
	run agent-flow step f work
	expect_status 0
else
	skip 'strace is not there, or may not be used'
fi

done_testing
