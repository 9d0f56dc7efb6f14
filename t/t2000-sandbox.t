#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# agent-sandbox passes its command through: status, streams, signals.
. "${0%/*}/lib.sh"

need python3 jq

need_sandbox

it 'ends with the status of the command'
run agent-sandbox sh -c 'echo out; echo err >&2; exit 7'
expect_status 7
expect_out out
expect_err err

it 'knows the name of its own loopback'
run agent-sandbox getent hosts localhost
expect_status 0
run agent-sandbox --net host getent hosts localhost
expect_status 0

it 'tells a signal'
run agent-sandbox sh -c 'kill -USR1 $$'
expect_status 138

it 'tells what is not there from what cannot be executed'
run agent-sandbox no-such-command
expect_status 127
expect_err "agent-sandbox: cannot run 'no-such-command': No such file or directory"
run agent-sandbox /etc/passwd
expect_status 126

it 'passes standard input on'
seq 1 20000 >numbers
run sh -c 'agent-sandbox cat <numbers | cmp - numbers'
expect_status 0
run sh -c 'agent-sandbox cat numbers | head -n 1'
expect_status 0
expect_out 1

it 'works with closed standard descriptors and an empty environment'
run sh -c 'agent-sandbox true <&- >&- 2>&-'
expect_status 0
run env -i "$(command -v agent-sandbox)" sh -c 'echo fine'
expect_status 0
expect_out fine

it 'forwards a signal'
mkfifo ready
agent-sandbox sh -c 'trap "exit 9" TERM; sleep 1000 & echo >ready; wait' &
pid=$!
read -r _ <ready
kill -TERM "$pid"
wait "$pid"
status=$?
expect_status 9

it 'leaves nothing behind when it is killed'
mkfifo alive
agent-sandbox sh -c '(setsid sh -c "echo; exec sleep 1000") >alive' &
pid=$!
exec 4<alive
read -r _ <&4
kill -9 "$pid"
wait "$pid" 2>/dev/null
# the end of file comes when the last of them has gone
run timeout 20 cat <&4
exec 4<&-
expect_status 0

it 'ends what the command left behind'
run agent-sandbox sh -c 'setsid sleep 1000 & exit 3'
expect_status 3

it 'passes a changed file out and starts in the same directory'
mkdir sub
run sh -c 'cd sub && agent-sandbox -C .. sh -c "pwd; echo new >../made"'
expect_status 0
expect_out "$PWD/sub"
expect_ok grep -q new made

it 'counts time'
run agent-sandbox --timeout 0.1 sleep 100
expect_status 124
expect_err_has 'the limit on timeout was reached'

it 'limits memory, of one process and of all'
eats='import sys, time
x = bytearray(int(sys.argv[1]) << 20)
time.sleep(float(sys.argv[2]))'
run agent-sandbox --memory 200M python3 -c "$eats" 20 0
expect_status 0
run agent-sandbox --memory 100M python3 -c "$eats" 300 0
expect_not test "$status" -eq 0
run agent-sandbox --memory 100M sh -c 'for i in 1 2 3 4; do
	python3 -c "$1" 60 20 & p="$p $!"; done
	for i in $p; do wait $i || exit 1; done' sh "$eats"
expect_not test "$status" -eq 0
expect_err_has 'the limit on memory was reached'

it 'limits processes'
run agent-sandbox --pids-limit 40 python3 -c 'import os, signal
n = 0
try:
	while n < 1000:
		if os.fork() == 0:
			signal.pause()
		n += 1
except OSError:
	pass
print("few" if n < 450 else n)'
expect_out few

it 'limits output'
run agent-sandbox --max-output 1M yes
expect_status 137
expect_err_has 'the limit on output was reached'

it 'limits the size of a file'
run agent-sandbox --file-size 1M sh -c 'head -c 3M /dev/zero >big'
expect_not test "$status" -eq 0
[ "$(wc -c <big)" -le 1048576 ] || fail "big is $(wc -c <big)"

it 'reports as records'
run sh -c 'agent-sandbox --report 3 --report 1 sh -c "exit 4"'
expect_status 125
run agent-sandbox --report 1 --timeout 60 sh -c 'exit 4'
expect_status 4
expect_json 'map(.type) == ["sandbox.start", "sandbox.end"]'
expect_json '.[0].data.rules.net == "none" and .[1].data.status == 4'

it 'refuses what it cannot do'
run agent-sandbox --ro /no/such/file true
expect_status 125
run agent-sandbox --ulimit none=1 true
expect_status 125
run agent-sandbox -C / true
expect_status 125
run sh -c 'agent-sandbox true </'
expect_status 125
expect_err_has 'is a directory'
run sh -c 'cd && agent-sandbox true'
expect_status 125
expect_err_has 'the home directory would be writable'

done_testing
