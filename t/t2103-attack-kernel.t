#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
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
attack sys-openat2 "$(call 437 '-100, b"/", (ctypes.c_uint64 * 3)(), 24')"
attack sys-clone3 "$(call 435 '(ctypes.c_uint64 * 11)(0x10000000), 88')"
attack sys-userns 'unshare -U true && echo broken'
attack sys-setns "$(call 308 'os.open("/proc/self/ns/user", 0), 0')"
attack sys-chroot 'python3 -c "import os; os.chroot(\"/\"); print(\"broken\")"'
attack hostname 'h=$(hostname); hostname "$h" && echo broken'
attack vmread "$(call 310 'os.getpid(), None, 0, None, 0, 0')"

for family in 'sys-packet AF_PACKET,SOCK_RAW' 'sys-raw AF_INET,SOCK_RAW,1' \
	'sys-raw6 AF_INET6,SOCK_RAW,58' 'vsock AF_VSOCK,SOCK_STREAM' \
	'sys-alg AF_ALG,SOCK_SEQPACKET'; do
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

# a server of the host on each kind of socket, none of which must answer
cat >server.py <<'EOF'
import os, socket, sys, threading
def serve(s):
    s.listen(16)
    def loop():
        while True:
            c, _ = s.accept()
            c.sendall(b"broken\n")
            c.close()
    threading.Thread(target=loop, daemon=True).start()
def unix(name):
    s = socket.socket(socket.AF_UNIX); s.bind(name); serve(s)
t = socket.socket(); t.bind(("127.0.0.1", 0)); serve(t)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
base = sys.argv[1]
unix("\0" + base); unix(base + "/unix.sock")
with open(base + "/ports.tmp", "w") as f:
    f.write("%d %d" % (t.getsockname()[1], u.getsockname()[1]))
os.rename(base + "/ports.tmp", base + "/ports")
data, who = u.recvfrom(100)
open(base + "/udp", "w").write("broken")
threading.Event().wait()
EOF
background python3 server.py "$SECRET"
await 20 test -e "$SECRET/ports"
read -r TCP UDP <"$SECRET/ports"
export TCP UDP
ATTACK_OPTIONS='--env TCP --env UDP'
connect() {
	cat <<-EOF
	python3 -c 'import os, socket
	s = socket.socket($1)
	s.settimeout(5)
	s.connect($2)
	print(s.recv(100).decode())'
	EOF
}
attack loopback-tcp "$(connect socket.AF_INET \
	'("127.0.0.1", int(os.environ["TCP"]))')"
attack unix-abstract "$(connect socket.AF_UNIX '"\0" + os.environ["SECRET"]')"
attack unix-path "$(connect socket.AF_UNIX \
	'os.environ["SECRET"] + "/unix.sock"')"
it 'loopback-udp'
run agent-sandbox --env UDP python3 -c 'import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("127.0.0.1", int(os.environ["UDP"])))'
expect_not test -e "$SECRET/udp"
ATTACK_OPTIONS=

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

attack sysv-shm 'ipcs -m | grep -q 0x000a9e27 && echo broken' \
	SHM="$(python3 -c 'import ctypes
ctypes.CDLL(None).shmget(0xa9e27, 4096, 0o1666)')"
ipcrm -M 0xa9e27 2>/dev/null

done_testing
