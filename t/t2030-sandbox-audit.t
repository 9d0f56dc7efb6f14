#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# What --audit sees of a command that writes where it may not.
. "${0%/*}/lib.sh"

need jq
need_sandbox
mkdir ws

# denied OPTION...: what the records say of refusals, sorted.
denied() {
	run agent-sandbox -C ws --audit "$T_DIR/trail" "$@"
	jq -r 'select(.type == "sandbox.deny").data | .path // .name' \
		"$T_DIR/trail" | sort >"$T_DIR/out"
	rm -f "$T_DIR/trail"
}

it 'names writes to what is read-only, once'
denied sh -c 'echo x >/usr/evil; echo x >/usr/evil; mkdir /etc/new; cd /usr
	rm -f bin/env; mv bin/env bin/evil; ln -s x lib/link; : >>/etc/passwd'
expect_out '/etc/new
/etc/passwd
/usr/bin/env
/usr/bin/evil
/usr/evil
/usr/lib/link'

it 'says nothing of what may be written'
denied sh -c 'echo x >file; mkdir dir; mv file dir; rm -r dir; echo >/dev/null
	echo x >/tmp/x; cat /etc/passwd /no/such 2>/dev/null; echo x >no/such' 
expect_out ''
expect_not test -e ws/dir

it 'still refuses what the filter refuses, and names it'
denied sh -c 'cp /bin/sh s; chmod u+s s; unshare -U true
	python3 -c "import os; os.open(\"t\", os.O_CREAT | os.O_RDWR, 0o4755)"'
expect_out 'fchmodat
openat
unshare'
expect_not test -u ws/s
expect_not test -u ws/t

it 'reports to two places'
run sh -c 'agent-sandbox -C ws --audit 1 --report 2 true >one 2>two'
expect_ok cmp one two
run agent-sandbox --audit /no/such/file true
expect_status 125

it 'bears paths that are no paths'
denied python3 -c 'import ctypes, os
libc = ctypes.CDLL(None)
for at in (0, 1, 2**47 - 1, -1):
    libc.syscall(257, -100, ctypes.c_void_p(at), 0o101, 0o600)
libc.syscall(257, -100, b"x" * 70000, 0o101, 0o600)
libc.syscall(257, 999, b"relative", 0o101, 0o600)
libc.syscall(257, -100, b"", 0o101, 0o600)
libc.syscall(257, -100, b"/usr/a\nb\033[2J", 0o101, 0o600)'
expect_status 0
grep -q '^/usr/a' "$T_DIR/out" || fail 'the path is missing'

done_testing
