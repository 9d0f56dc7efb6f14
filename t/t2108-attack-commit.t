#!/bin/sh
# shellcheck disable=SC2016,SC2034,SC2154 # scripts for another shell, lib.sh
# What an overlay holds must not come out of it unasked, nor harm who looks.
. "${0%/*}/lib.sh"

need git python3
need_sandbox
agent-sandbox --overlay=probe --on-exit discard true 2>/dev/null ||
	skip_all 'no overlay on this host'
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
	GIT_COMMITTER_EMAIL=a@b
mkdir ws
git init -q ws
git -C ws commit -q --allow-empty -m one
git -C ws worktree add -q "$T_DIR/linked"
git init -q ws/dir.git
git init -q --bare ws/bare

# refused PATH SCRIPT: what the script makes, PATH, is not taken unasked.
refused() {
	it "asks before it takes $1"
	run agent-sandbox -C ws --overlay=x sh -c "$2"
	expect_status 0
	run agent-sandbox -C ws --overlay=x commit
	expect_status 77
	expect_err_has "$1: "
	run agent-sandbox -C ws --overlay=x discard
	expect_status 0
}

refused out 'mkdir -p d/e/f; ln -s ../../.. d/e/f/up
	ln -s d/e/f/up/../../.. out'
refused dir.git/.git/hooks/pre-commit 'echo x >dir.git/.git/hooks/pre-commit'
refused .git/worktrees/linked/commondir \
	'echo ../../../evil >.git/worktrees/linked/commondir'
refused .git/rebase-merge/git-rebase-todo 'mkdir .git/rebase-merge
	echo "exec evil" >.git/rebase-merge/git-rebase-todo'
refused bare/config 'git -C bare config core.fsmonitor evil'
refused bare/hooks/update 'echo evil >bare/hooks/update'
refused new/HEAD 'mkdir -p new/objects new/refs new/hooks
	echo "ref: refs/heads/x" >new/HEAD; echo evil >new/hooks/update'
refused .git 'rm -rf .git'
refused .git/config 'rm .git/config'

it 'takes what is none of that'
run agent-sandbox -C ws --overlay=x sh -c 'mkdir -p a/b config; echo x >a/b/c
	echo x >config/hooks; ln -s ../b/c a/b/l; ln -s a/b dir
	echo x >file; git add file
	git -c user.name=a -c user.email=a@b commit -qm two'
expect_status 0
run agent-sandbox -C ws --overlay=x commit
expect_status 0
expect_ok test -e ws/dir/l
expect_ok git -C ws log -1 HEAD -- file

it 'takes a file of nothing but holes as that'
run agent-sandbox -C ws --overlay=x sh -c 'truncate -s 300M hole
	echo end >>hole'
run agent-sandbox -C ws --overlay=x commit
expect_status 0
expect_ok test "$(du -k ws/hole | cut -f1)" -lt 1000
expect_ok test "$(tail -c 4 ws/hole)" = end
expect_ok test "$(wc -c <ws/hole)" -eq 314572804
rm ws/hole

it 'survives a tree that is deeper than its stack'
cat >ws/deep.py <<'EOF'
import os
for i in range(1500):
    os.mkdir("d"); os.chdir("d")
EOF
for by in kernel copy; do
	run agent-sandbox -C ws --overlay=x --overlay-by "$by" python3 deep.py
	[ "$status" -eq 0 ] || continue
	run agent-sandbox -C ws --overlay=x diff
	expect_status 65
	expect_err_has 'directories deep'
	run agent-sandbox -C ws --overlay=x commit
	expect_status 65
	run agent-sandbox -C ws --overlay=x discard
	expect_status 0
done

it 'makes no copy of such a tree'
(cd ws && python3 deep.py)
run agent-sandbox -C ws --overlay=x --overlay-by copy true
expect_status 125
expect_err_has 'directories deep'
rm -rf ws/d

it 'shows nothing that steers a terminal'
run agent-sandbox -C ws --overlay=x sh -c \
	'printf "a\033]52;c;ZXZpbA==\007\033[2Jb\n" >escape
	echo "*.sh -diff" >.gitattributes; echo seen >seen.sh'
agent-sandbox -C ws --overlay=x diff >plain
run python3 -c 'import os, pty, sys
sys.stdout.flush(); pty.spawn(sys.argv[1:])' \
	agent-sandbox -C ws --overlay=x diff
expect_out_has '+ab' '+seen'
expect_out_lacks "$(printf '\033')"
expect_ok grep -q "$(printf '\033')" plain

done_testing
