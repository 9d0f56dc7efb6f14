#!/bin/sh
# A sandbox within a sandbox, and what is told of refusals.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need jq unshare
need_sandbox
SELF=$(command -v agent-sandbox)
mkdir ws

# outer COMMAND...: in a sandbox that shows our programs.
outer() {
	run agent-sandbox -C ws --ro "$T_BUILD" "$@"
}

it 'makes one in one, when told'
outer --nested --best-effort pids "$SELF" --best-effort pids \
	sh -c 'echo "$AGENT_SANDBOX"; echo x >made; cat ~/nothing 2>/dev/null
	cat /proc/sys/kernel/hostname'
expect_status 0
expect_out '2
agent'
expect_ok test -e ws/made

it 'makes none otherwise, and names the mend'
outer "$SELF" true
expect_status 125
expect_err_has '--nested' 'nothing was run'

it 'is not opened to the kernel by it'
outer --nested --best-effort pids sh -c '
	cat /proc/sys/kernel/core_pattern >p
	cat p 2>/dev/null >/proc/sys/kernel/core_pattern && echo broken
	grep -q "^CapEff:.*[1-9a-f]" /proc/self/status && echo broken
	unshare -Urm sh -c "umount -l /proc/sys || mount -o remount,rw /usr" \
		2>/dev/null && echo broken
	true'
expect_out ''

it 'gives no file the capabilities of whoever is in it'
cat >ws/cap.py <<'EOF'
import os, struct
open("tool", "w").close()
try:
    os.setxattr("tool", "security.capability",
        struct.pack("<IIIII", 0x02000001, 2, 0, 0, 0))
    print("broken")
except OSError as e:
    print(e.errno)
EOF
if (cd ws && unshare -Ur python3 cap.py) | grep -q broken; then
	outer --nested --best-effort pids unshare -Ur python3 cap.py
	expect_out 95
	outer --nested --best-effort pids --report "$PWD/r" \
		unshare -Ur python3 cap.py
	expect_out 95
fi

it 'names the system calls that were refused'
run agent-sandbox -C ws --report 1 sh -c 'unshare -U true 2>/dev/null
	unshare -U true 2>/dev/null; mount -t tmpfs x /tmp 2>/dev/null; true'
expect_json 'map(select(.type == "sandbox.deny").data.name) ==
	["unshare", "mount"]'

it 'refuses with the same errors as without a report'
errors='import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
for nr in (272, 435, 425, 248, 321, 161):
    print(libc.syscall(nr, 0, 0, 0), ctypes.get_errno())
try: socket.socket(socket.AF_VSOCK)
except OSError as e: print(e.errno)'
run agent-sandbox -C ws python3 -c "$errors"
cp "$T_DIR/out" plain
run agent-sandbox -C ws --report report python3 -c "$errors"
cmp -s plain "$T_DIR/out" || fail "$(diff plain "$T_DIR/out")"

done_testing
