#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# Using up the machine; each is tried with the limits that hold by default or
# with smaller ones, never without a sandbox.
. "${0%/*}/lib.sh"

need python3
need_sandbox

it 'a fork bomb stays in its room'
run agent-sandbox --timeout 20 python3 -c 'import os, signal
n = 0
try:
    while n < 3000:
        if os.fork() == 0:
            signal.pause()
        n += 1
except OSError:
    pass
print("held" if n < 1100 else "broken")'
expect_out held

it 'one process and several cannot take all the memory'
run agent-sandbox python3 -c 'x = bytearray(5 << 30); print("broken")'
expect_out_lacks broken
run agent-sandbox --memory 300M sh -c 'for i in 1 2 3 4 5 6; do
	python3 -c "import time; x = bytearray(120 << 20); time.sleep(20)" &
	p="$p $!"; done; for i in $p; do wait "$i" || exit 1; done; echo broken'
expect_out_lacks broken

it 'private places cannot be filled'
run agent-sandbox --memory 4G --tmp-size 8M sh -c 'for d in / /tmp ~ /run \
	/var/tmp /dev /dev/shm /var; do
	if head -c 100000000 /dev/zero >"$d/fill" 2>/dev/null; then
		echo "broken $d"; fi; rm -f "$d/fill"; done'
expect_out ''

it 'a file in the workspace cannot take more than its limit'
run agent-sandbox --file-size 2M sh -c 'head -c 4M /dev/zero >fill'
expect_not test "$status" -eq 0
expect_ok test "$(wc -c <fill)" -le 2097152

it 'descriptors are limited'
run agent-sandbox python3 -c 'import os
fds = []
try:
    while len(fds) < 20000: fds.append(os.open("/", 0))
    print("broken")
except OSError:
    print("held")'
expect_out held

it 'output is limited by default'
run sh -c 'agent-sandbox sh -c "yes | head -c 64M" | wc -c'
[ "$(cat "$T_DIR/out")" -lt 60000000 ] || fail 'all of it came out'

it 'a daemon does not outlive it, nor hold its output open'
run timeout 20 sh -c 'agent-sandbox sh -c "(setsid sleep 1000) & echo end" |
	cat'
expect_status 0
expect_out end

it 'rm -rf / removes what is in the workspace, nothing else'
echo keep >"$HOME/keep"
mkdir ws
run sh -c 'cd ws && echo x >a && agent-sandbox sh -c "rm -rf --no-preserve-root / 2>/dev/null; echo done"'
expect_ok test -e "$HOME/keep"
expect_ok test -x /bin/sh

done_testing
