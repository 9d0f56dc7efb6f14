#!/bin/sh
# shellcheck disable=SC2016,SC2034,SC2154 # scripts for another shell, lib.sh
# A command that has the same workspace as the one that is about to start.
. "${0%/*}/lib.sh"

need git python3
need_sandbox
mkdir -p ws/sub secret-place
echo broken >secret-place/secret
git init -q ws/made && mv ws/made/.git ws/sub/.git && rmdir ws/made
ln -s ../../secret-place ws/sub/link
cat >toggle.py <<'EOF'
import ctypes
libc = ctypes.CDLL(None)
while True:
    libc.renameat2(-100, b"ws/sub/.git", -100, b"ws/sub/link", 2)
    libc.usleep(400)
EOF
python3 toggle.py &
toggle=$!

it 'mounts nothing but what is in the workspace'
t_round=0
while [ "$t_round" -lt 120 ]; do
	t_round=$((t_round + 1))
	agent-sandbox -C ws sh -c 'cat sub/.git/secret; echo x >sub/.git/new' \
		2>/dev/null
done >out
kill "$toggle"
wait "$toggle" 2>/dev/null
expect_not grep -q broken out
expect_not test -e secret-place/new

it 'starts when all is still, whatever the names are'
mkdir 'a b\c'
git init -q 'a b\c/d	e'
git init -q 'a b\c'
for options in '' '--ro .git --rw .git' '--hide d*' '--git none' '--taint off --git write'; do
	# shellcheck disable=SC2086
	run agent-sandbox -C 'a b\c' $options true
	expect_status 0
done

done_testing
