#!/bin/sh
# shellcheck disable=SC2016,SC2034,SC2317 # other shells'; attack.sh's
# The surface of the kernel, sockets, and leftovers.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

# the numbers are those of x86-64
[ "$(uname -m)" = x86_64 ] || skip_all 'written for x86-64'

attack sys-keyctl "$(call 248 'b"user", b"a", b"b", 1, -4')"
attack sys-bpf "$(call 321 '0, (ctypes.c_char * 128)(), 128')"
attack sys-perf "$(call 298 '(ctypes.c_uint64 * 16)(0, 112 << 32), 0, -1, -1, 0')"
attack sys-userfaultfd "$(call 323 1)"
attack sys-io_uring "$(call 425 '4, (ctypes.c_char * 128)()')"
attack sys-kexec "$(call 246 '0, 0, None, 0')"
attack sys-module "$(call 175 'b"x", 1, b""')"
attack sys-handle "$(call 304 '-1, b"x", 0')"
attack sys-fsopen "$(call 430 'b"tmpfs", 0')"
attack sys-clock "$(call 227 '0, None')"
attack sys-open-tree-attr "$(call 467 '-100, b"/", 0, None, 0')"
attack sys-openat2 "$(call 437 '-100, b"/", (ctypes.c_uint64 * 3)(), 24')"
attack sys-clone3 "$(call 435 '(ctypes.c_uint64 * 11)(0x10000000), 88')"
attack sys-userns 'unshare -U true && echo broken'
attack sys-setns "$(call 308 'os.open("/proc/self/ns/user", 0), 0')"
attack sys-chroot 'python3 -c "import os; os.chroot(\"/\"); print(\"broken\")"'
attack hostname 'h=$(hostname); hostname "$h" && echo broken'
attack vmread "$(call 310 'os.getpid(), None, 0, None, 0, 0')"

for family in 'sys-packet AF_PACKET,SOCK_RAW' 'sys-raw AF_INET,SOCK_RAW,1' \
	'sys-raw6 AF_INET6,SOCK_RAW,58' 'vsock AF_VSOCK,SOCK_STREAM' \
	'sys-alg AF_ALG,SOCK_SEQPACKET' 'netlink-netfilter AF_NETLINK,SOCK_RAW,12' \
	'netlink-audit AF_NETLINK,SOCK_RAW,9'; do
	attack "${family%% *}" "python3 -c 'from socket import *
socket(${family#* })
print(\"broken\")'"
done

cat >int80.c <<'EOF'
#include <stdio.h>
int main(void)
{
	long r;
	/* keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1) in 32 bits */
	__asm__ volatile ("int $0x80" : "=a"(r) : "a"(288L), "b"(0L),
	    "c"(-1L), "d"(1L) : "memory", "r8", "r9", "r10", "r11");
	puts(r > 0 ? "broken" : "held");
	return 0;
}
EOF
if gcc -o int80 int80.c 2>/dev/null; then
	attack sys-int80 ./int80
fi

attack caps 'grep -q "^CapEff:.*[1-9a-f]" /proc/self/status && echo broken'
attack caps-bounding 'grep -q "^CapBnd:.*[1-9a-f]" /proc/self/status &&
	echo broken'
attack no-new-privs 'grep -q "^NoNewPrivs:.0" /proc/self/status && echo broken'
attack seccomp 'grep -q "^Seccomp:.0" /proc/self/status && echo broken'
attack init-unfiltered 'grep -q "^Seccomp:.0" /proc/1/status && echo broken'
attack init-writable '(: >>/proc/1/mem) && echo broken'
attack oom-immune 'echo -900 >/proc/self/oom_score_adj && echo broken'
attack core-dump 'rm -f core*; ulimit -c unlimited 2>/dev/null; sh -c "kill -SEGV \$\$"
	for f in core*; do test -s "$f" && echo broken; done'

# a datagram is judged by who gets it
cat >server.py <<'EOF'
import os, socket, sys
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
with open(sys.argv[1] + "/port.tmp", "w") as f:
    f.write(str(u.getsockname()[1]))
os.rename(sys.argv[1] + "/port.tmp", sys.argv[1] + "/port")
while u.recvfrom(100):
    open(sys.argv[1] + "/udp", "w").write("broken")
EOF
background python3 server.py "$SECRET"
await 20 test -e "$SECRET/port"
UDP=$(cat "$SECRET/port")
export UDP
attack_setup() {
	echo whole >"$CANARY"
	rm -f "$SECRET/udp"
}
ATTACK_OPTIONS='--env UDP'
ATTACK_JUDGE='for i in 1 2 3 4 5 6 7 8 9; do
	test -e "$SECRET/udp" && echo broken && exit
	perl -e "select undef, undef, undef, 0.02"; done'
attack loopback-udp 'python3 -c "import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b\"x\", (\"127.0.0.1\", int(os.environ[\"UDP\"])))"'
ATTACK_OPTIONS='' ATTACK_JUDGE=''

attack net-ifaces 'ls /proc/sys/net/ipv4/conf | grep -qv "^\(all\|default\|lo\)$" &&
	echo broken'
it 'reaches nothing, at once'
run agent-sandbox python3 -c 'import socket
for a in ("192.0.2.1", "169.254.169.254", "10.0.0.1"):
    try:
        socket.create_connection((a, 80), 30); print("broken")
    except OSError as e:
        print(e.errno)
try:
    socket.getaddrinfo("example.com", 80); print("broken")
except OSError:
    print("no name")'
expect_out '101
101
101
no name'

# segments and keys of the caller
SHM=$(python3 -c 'import ctypes
print(ctypes.CDLL(None).shmget(0xa9e27, 4096, 0o1666))')
attack sysv-shm 'ipcs -m | grep -q 0x000a9e27 && echo broken'
ipcrm -m "$SHM"
cat >withkey.py <<'EOF'
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.syscall(250, 1, b"agent-test")	# a session keyring of its own
libc.syscall(248, b"user", b"agent-test-key", b"broken", 6, -3)
os.execvp(sys.argv[1], sys.argv[1:])
EOF
ATTACK_WRAP="python3 $PWD/withkey.py"
attack keyring-read 'python3 -c "import ctypes
libc = ctypes.CDLL(None)
key = libc.syscall(249, b\"user\", b\"agent-test-key\", None, 0)
b = ctypes.create_string_buffer(16)
libc.syscall(250, 11, key, b, 16)
print(b.value)"'
ATTACK_WRAP=''

done_testing
