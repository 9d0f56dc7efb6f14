#!/bin/sh
# shellcheck disable=SC2016,SC2034 # scripts for another shell; attack.sh's
# What a shared, writable workspace cannot hold, and an overlay does: files
# that act outside later.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

need git
attack_setup() {
	echo whole >"$CANARY"
	cd "$WS/.." && rm -rf "$WS" && mkdir "$WS" && cd "$WS" || exit
	git init -q . && git init -q sub && git init -q a/b/c/d
	mkdir link && git init -q store/a && ln -s ../store/a/.git link/.git
	git init -q --separate-git-dir .apart apart
	git config core.hooksPath hooks && git config include.path ../gitconfig
	echo old >"$SECRET/linked"
	ln "$SECRET/linked" hard
}

ATTACK_JUDGE='grep -q evil "$SECRET/linked" && echo broken'
attack_later hardlink-old 'echo evil >hard'

ATTACK_TOLD='may run by itself'
ATTACK_JUDGE='git -C new config core.fsmonitor | grep evil && echo broken'
attack_later git-new-repo 'git init -q new && git -C new config core.fsmonitor evil'
ATTACK_JUDGE='git -C new/deep config core.pager | grep evil && echo broken'
attack_later git-new-repo-deep 'git init -q new/deep &&
	git -C new/deep config core.pager evil'
ATTACK_JUDGE='git config core.pager | grep evil && echo broken'
attack git-commondir 'mkdir x; cp -r .git/. x; rm -f x/config
	printf "[core]\n\tpager = evil\n\trepositoryformatversion = 0\n" >x/config
	echo ../x >.git/commondir'
ATTACK_JUDGE='git -C sub config core.pager | grep evil && echo broken'
attack git-parent-swap 'cp -r sub new
	git config -f new/.git/config core.pager evil; mv sub old && mv new sub'
ATTACK_JUDGE='git -C a/b/c/d config core.pager | grep evil && echo broken'
attack git-deep-config 'git -C a/b/c/d config core.pager evil'
attack git-deep-swap 'cp -r a new
	git config -f new/b/c/d/.git/config core.pager evil; mv a old && mv new a'
attack git-deep-parent-swap 'cp -r a/b/c new
	git config -f new/d/.git/config core.pager evil
	mv a/b/c old && mv new a/b/c'
ATTACK_JUDGE='git -C link config core.pager | grep evil && echo broken'
attack git-link 'git -C link config core.pager evil'
attack git-link-swap 'cp -r store new; mv store old; mv new store
	git -C link config core.pager evil'
ATTACK_JUDGE='git -C apart config core.pager | grep evil && echo broken'
attack git-dir-apart 'git -C apart config core.pager evil'
ATTACK_JUDGE='git -C x/y/z/w config core.pager | grep evil && echo broken'
attack_later git-deep-new 'git init -q x/y/z/w &&
	git -C x/y/z/w config core.pager evil'
ATTACK_JUDGE='git -C .hidden/a config core.pager | grep evil && echo broken'
attack_later git-new-hidden 'git init -q .hidden/a &&
	git -C .hidden/a config core.pager evil'
ATTACK_JUDGE='test -e bare/hooks/update && git -C bare rev-parse --git-dir &&
	echo broken'
attack_later git-bare-hooks 'mkdir -p bare/objects bare/refs bare/hooks
	echo "ref: refs/heads/x" >bare/HEAD; echo evil >bare/hooks/update'
ATTACK_JUDGE='test -e .git/rebase-merge/git-rebase-todo && echo broken'
attack_later git-rebase-later 'mkdir .git/rebase-merge
	echo "exec evil" >.git/rebase-merge/git-rebase-todo'
ATTACK_JUDGE='grep -q evil hooks/pre-commit && echo broken'
attack_later git-hooks-path 'mkdir hooks; echo evil >hooks/pre-commit'
ATTACK_JUDGE='git config core.pager | grep evil && echo broken'
attack_later git-include 'git config -f gitconfig core.pager evil'
ATTACK_JUDGE='git -C bare.git config core.pager | grep evil && echo broken'
attack_later git-bare 'git init -q --bare bare.git &&
	git -C bare.git config core.pager evil'
for name in .envrc .bashrc .vscode/tasks.json .mcp.json .github/workflows/x.yml \
	.claude/settings.json .husky/pre-commit .gitmodules .npmrc agents.yaml \
	.agent/config.yaml; do
	ATTACK_JUDGE="test -s $name && echo broken"
	attack_later "ws-autorun $name" "mkdir -p \$(dirname $name)
		echo evil >$name"
done
ATTACK_JUDGE='test -s .envrc && echo broken'
ATTACK_TOLD="'.envrc'"
attack_later ws-autorun-flood 'python3 -c "
for i in range(20100): open(str(i), \"w\").close()"; echo evil >.envrc'
ATTACK_TOLD='may run by itself'
ATTACK_JUDGE='ls -A | grep -q rc && echo broken'
attack_later 'a name with control characters' 'mkdir "$(printf "a\nb\033[2J")"
	echo x >"$(printf "a\nb\033[2J")/.envrc"; : >rc; : >.zshrc'
expect_err_lacks "$(printf '\033')"

# what goes on while all of it is being killed is told too
it 'misses nothing that was made in the last moment'
cat >toggle.py <<'EOF'
import os, sys, time
names = [".envrc", ".bashrc", ".npmrc", ".exrc", ".zshrc", ".mcp.json"]
for i in range(120):
    if os.fork() == 0:
        os.close(1); os.close(2)
        while True:
            try:
                open(names[i % 6], "w").close(); os.unlink(names[i % 6])
            except OSError: pass
time.sleep(0.3)
os.write(1, bytes(2000000))
time.sleep(30)
EOF
for t_round in 1 2 3; do
	rm -f .[a-z]*rc .mcp.json
	run agent-sandbox --report report --max-output 1M python3 toggle.py
	expect_status 137
	for name in .envrc .bashrc .npmrc .exrc .zshrc .mcp.json; do
		[ ! -e "$name" ] || expect_ok grep -q "\"$name\"" report
	done
	rm report
done

# in the workspace itself only these can be kept from being read
ATTACK_JUDGE='' ATTACK_TOLD=''
attack_setup() {
	echo whole >"$CANARY"
	mkdir -p deep/er
	rm -rf copy moved
	for t_file in .env .env.local deep/er/.env deep/key.pem; do
		echo 'secret broken' >"$t_file"
	done
}
ATTACK_JUDGE='' ATTACK_TOLD='' ATTACK_OPTIONS=''
attack_later ws-dotenv-overlay 'cat .env'
attack_later ws-dotenv-local 'cat .env.local'
ATTACK_OPTIONS='--hide .env'
attack ws-dotenv 'cat .env'
attack ws-dotenv-link 'ln .env copy || ln -s .env copy; cat copy'
attack ws-dotenv-move 'mv .env moved; cat moved'
ATTACK_OPTIONS='--hide **/.env --hide .env --hide **/*.pem --hide deep/er
	--hide **/er --hide **/.env'
attack ws-dotenv-deep 'cat .env deep/er/.env'
attack ws-pem-deep 'cat deep/*.pem'
attack ws-dotenv-parent 'mv deep moved; cat moved/er/.env'

done_testing
