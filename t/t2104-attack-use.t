#!/bin/sh
# shellcheck disable=SC2016,SC2034 # scripts for another shell; attack.sh's
# Using up the machine, and what is left behind.  The controls run in a plain
# bwrap line, which bounds nothing but ends with it.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

ATTACK_CONTROL="bwrap --bind / / --dev-bind /dev /dev --proc /proc
	--unshare-pid --die-with-parent --new-session"

attack fork-bomb 'perl -e "
	my \$n = 0;
	while (\$n < 1400) {
		my \$pid = fork;
		last if !defined \$pid;
		if (!\$pid) { sleep 100; exit }
		\$n++;
	}
	print \$n < 1200 ? qq(held) : qq(broken);
	kill 9, -1"'
it 'three gigabytes are more than one gets unasked'
run agent-sandbox python3 -c 'x = bytearray(3 << 30); print("broken")'
expect_out_lacks broken
ATTACK_OPTIONS='--memory 256M'
attack mem-one 'python3 -c "x = bytearray(600 << 20); print(\"broken\")"'
# Where no control group bounds it, the sum is looked at ten times a second.
attack mem-many 'python3 -c "
import os, signal, time
r, w = os.pipe()
for i in range(4):
    if os.fork() == 0:
        x = bytearray(120 << 20)
        os.write(w, b\"x\")
        signal.pause()
end = time.monotonic() + 1
while time.monotonic() < end and not os.waitpid(-1, os.WNOHANG)[0]:
    time.sleep(0.02)
os.set_blocking(r, False)
print(\"broken\" if len(os.read(r, 4)) == 4 and
    not os.waitpid(-1, os.WNOHANG)[0] and time.monotonic() >= end
    else \"held\")
os.kill(-1, 9)"'
ATTACK_OPTIONS='--memory 4G --tmp-size 8M'
attack fill-anywhere 'for d in /tmp ~ /run /var/tmp /dev/shm /var / /dev; do
	if head -c 90000000 /dev/zero >"$d/agent-test-fill"; then
		echo "broken $d"; fi; rm -f "$d/agent-test-fill"; done 2>/dev/null'
ATTACK_OPTIONS='--file-size 2M'
ATTACK_JUDGE='test "$(wc -c <fill)" -gt 2097152 && echo broken'
attack fill-ws 'head -c 4M /dev/zero >fill'
ATTACK_OPTIONS='--ulimit nofile=64' ATTACK_JUDGE=''
attack ulimit 'exec 3</ && python3 -c "import os
for i in range(100): os.open(\"/\", 0)
print(\"broken\")"'
ATTACK_OPTIONS=''
attack fds 'ulimit -n 20000; python3 -c "import os
try:
    for i in range(19000): os.open(\"/\", 0)
    print(\"broken\")
except OSError:
    print(\"held\")"'
attack output-flood 'yes | head -c 64M; echo broken'

# what is left behind holds a FIFO open: its reader sees no end
mkfifo held-open
it 'daemon-outlives'
setsid sh -c 'exec 9<>held-open; : >started; exec sleep 30' &
await 5 test -e started
run timeout 1 cat held-open
expect_status 124
kill -9 "$!"
run sh -c 'agent-sandbox sh -c "(setsid sleep 1000 9>&1) & :" >held-open &
	timeout 20 cat held-open'
expect_status 0

it 'daemon-hang'
run timeout 20 sh -c 'agent-sandbox sh -c "(setsid sleep 1000) & echo end" |
	cat'
expect_status 0
expect_out end

it 'rm -rf / removes what is in the workspace, nothing else'
echo keep >"$HOME/keep"
mkdir victim
run agent-sandbox -C victim sh -c \
	'rm -rf --no-preserve-root / 2>/dev/null; echo done'
expect_ok test -e "$HOME/keep"
expect_ok test -e "$CANARY"
expect_ok test -x /bin/sh

done_testing
