#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# Making git, an editor or a shell outside run what the command left.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

need git
HOME=$T_DIR/home git config --global user.name test
HOME=$T_DIR/home git config --global user.email test@localhost
fresh() {
	cd "$WS/.." && rm -rf "$WS" && mkdir -p "$WS/sub" && cd "$WS" || exit
	git init -q . && git init -q sub
	rm -rf .git/hooks
}

attack_setup() {
	echo whole >"$CANARY"
	fresh
}
fresh
# judged from outside: in an overlay the command may do as it likes
ATTACK_JUDGE='test -s .git/hooks/pre-commit && echo broken'
attack git-hooks 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit'
attack git-hooks-rename 'mkdir h; echo x >h/pre-commit; rm -rf .git/hooks
	mv h .git/hooks'
ATTACK_JUDGE='git config core.fsmonitor | grep evil && echo broken'
attack git-config 'git config core.fsmonitor evil'
attack git-config-rename 'cp .git/config c; git config -f c core.fsmonitor evil
	mv -f c .git/config'
attack git-dir-swap 'cp -r .git x; git config -f x/config core.fsmonitor evil
	mv .git y && mv x .git'
attack git-dir-file 'cp -r .git x; git config -f x/config core.fsmonitor evil
	rm -rf .git; mv .git y; echo "gitdir: x" >.git'
attack git-worktree-config 'git config extensions.worktreeConfig true
	printf "[core]\n\tfsmonitor = evil\n" >.git/config.worktree'
ATTACK_JUDGE='test -e .git/config || echo broken'
attack git-dir-remove 'rm -rf .git'
ATTACK_JUDGE='test -s sub/.git/hooks/pre-commit && echo broken'
attack git-nested-hooks 'mkdir -p sub/.git/hooks
	echo x >sub/.git/hooks/pre-commit'
ATTACK_JUDGE='git -C sub config core.pager | grep evil && echo broken'
attack git-nested-config 'git -C sub config core.pager evil'
ATTACK_JUDGE=''

# linked worktrees are anywhere, and led by what is in the repository
attack_setup() {
	echo whole >"$CANARY"
	fresh
	git commit -q --allow-empty -m one
	rm -rf "$T_DIR/wt" && git worktree add -q "$T_DIR/wt"
	mkdir -p evil/x/y && cp -r .git/objects .git/refs .git/HEAD evil
	printf "[core]\n\tpager = evil\n\trepositoryformatversion = 0\n" \
		>evil/config
}
export T_DIR
ATTACK_JUDGE='git -C "$T_DIR/wt" config core.pager | grep evil && echo broken'
attack git-worktree 'echo ../../../evil >.git/worktrees/wt/commondir'
attack git-worktree-swap 'cd .git && cp -r worktrees new &&
	echo ../../../evil >new/wt/commondir && mv worktrees old &&
	mv new worktrees'
attack git-worktree-link 'cp -r .git/worktrees/wt/. evil/x/y
	rm -rf .git/worktrees/wt; ln -s ../../evil/x/y .git/worktrees/wt'
attack git-worktree-links 'mkdir evil/x/wt; cp -r .git/worktrees/wt/. evil/x/wt
	rm -rf .git/worktrees; ln -s ../evil/x .git/worktrees'
ATTACK_JUDGE=''
attack_setup() {
	echo whole >"$CANARY"
	fresh
}

it 'finds that in the repository of a linked worktree too'
fresh
git commit -q --allow-empty -m one && git worktree add -q "$T_DIR/wt1" &&
	git worktree add -q "$T_DIR/wt2"
run agent-sandbox -C "$T_DIR/wt1" --env WS sh -c \
	'echo ../../../evil >"$WS/.git/worktrees/wt2/commondir"'
expect_err_has 'moved aside' "$WS/.git/worktrees/wt2/commondir"
expect_not test -e .git/worktrees/wt2/commondir
run agent-sandbox sh -c 'git worktree add -q new-one'
expect_err_lacks 'moved aside'

it 'says that a new repository was made'
fresh
run agent-sandbox sh -c 'git init -q new/one'
expect_status 0
expect_err_has "'new/one/.git'"

it 'says that a repository was redirected'
fresh
run agent-sandbox sh -c 'mkdir x; cp -r .git/* x; echo ../x >.git/commondir'
expect_err_has "'.git/commondir'"

it 'says what shells, editors and agents would act on'
for name in .envrc .vscode/tasks.json .mcp.json .claude/settings.json \
	.github/workflows/x.yml sub/.envrc; do
	fresh
	run agent-sandbox sh -c 'mkdir -p "$(dirname "$1")"; echo x >"$1"' \
		sh "$name"
	expect_status 0
	expect_err_has 'may run by itself'
done

it 'says nothing of what was there before'
run agent-sandbox sh -c 'echo x >file'
expect_err ''

it 'moves it aside'
fresh
run agent-sandbox --taint quarantine sh -c 'echo x >.envrc'
expect_not test -e .envrc
expect_ok test -e .envrc.quarantine-*

it 'fails because of it'
run agent-sandbox --taint fail sh -c 'echo x >.envrc'
expect_status 125

it 'lets commits, branches, stashes and worktrees work'
fresh
run agent-sandbox --env GIT_AUTHOR_NAME=a --env GIT_AUTHOR_EMAIL=a@b \
	--env GIT_COMMITTER_NAME=a --env GIT_COMMITTER_EMAIL=a@b sh -ec '
	echo 1 >f; git add f; git commit -qm one; git checkout -qb side
	echo 2 >f; git commit -qam two; git checkout -q -; git merge -q side
	echo 3 >f; git stash -q; git gc -q; git worktree add -q ../ws/tree side^
	git log --oneline'
expect_status 0
expect_ok git fsck

it 'shows a linked worktree its repository, and no other'
git worktree add -q "$T_DIR/linked"
run agent-sandbox -C "$T_DIR/linked" --env GIT_AUTHOR_NAME=a \
	--env GIT_AUTHOR_EMAIL=a@b --env GIT_COMMITTER_NAME=a \
	--env GIT_COMMITTER_EMAIL=a@b \
	sh -c 'cd "$0" && echo x >new && git add new && git commit -qm linked &&
	git log --oneline -1' "$T_DIR/linked"
expect_status 0
expect_out_has linked
mkdir "$T_DIR/hostile"
echo "gitdir: $WS/.git" >"$T_DIR/hostile/.git"
run agent-sandbox -C "$T_DIR/hostile" cat "$WS/.git/config"
expect_status 1

it 'opens or closes the repository as asked'
run agent-sandbox --git write git config a.b c
expect_status 0
run agent-sandbox --git none sh -c 'echo x >.git/x'
expect_not test "$status" -eq 0

done_testing
