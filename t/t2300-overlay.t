#!/bin/sh
# Changes kept aside: shown as a patch, taken, dropped, judged.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need git
need_sandbox
# how, for who runs this once for each way
BY=--overlay-by=${OVERLAY_BY:-auto}
agent-sandbox "$BY" --overlay=probe --on-exit discard true 2>probe.txt ||
	skip_all "no overlay here: $(cat probe.txt)"

# fresh: a repository with a file of each kind, and no overlay of it.
fresh() {
	chmod -R u+rwx "$HOME/.local"
	cd "$T_DIR/work" && rm -rf ws "$HOME/.local" && mkdir ws && cd ws ||
		exit
	git init -q .
	mkdir dir gone
	echo one >dir/file && echo two >gone/file && echo same >kept
	echo hard >hard && ln hard "$T_DIR/work/outside-$$" 2>/dev/null
	printf 'a\0b' >binary
	echo '#!/bin/sh' >script
	git add . && git -c user.name=a -c user.email=b commit -qm first
}

# what a patch must carry over
CHANGE='echo more >>dir/file; rm -r gone; mkdir -p new/deep; echo x >new/deep/f
printf "c\0d" >binary; chmod +x script; rm kept; ln -s dir/file kept; : >empty'

it 'leaves the workspace as it is'
fresh
find . -type f -exec cksum {} + | sort >../before
run agent-sandbox "$BY" --overlay sh -c "$CHANGE; echo changed >hard; echo x >.envrc"
expect_status 0
expect_err ''
find . -type f -exec cksum {} + | sort >../after
expect_ok cmp ../before ../after

it 'is entered again, under its name'
run agent-sandbox "$BY" --overlay cat dir/file hard
expect_out 'one
more
changed'
run agent-sandbox "$BY" --overlay=other cat dir/file
expect_out one

it 'gives a patch that git apply takes, and commit does the same'
fresh
run agent-sandbox "$BY" --overlay sh -c "$CHANGE"
run agent-sandbox diff
expect_status 0
cp "$T_DIR/out" ../patch
rm -rf ../other && git clone -q . ../other
expect_ok git -C ../other apply ../patch
run agent-sandbox commit
expect_status 0
diff -r -x .git . ../other >../diff.txt || fail "$(cat ../diff.txt)"
expect_ok test -x script
expect_ok test -L kept
run agent-sandbox diff
expect_status 66

it 'commits a part'
fresh
run agent-sandbox "$BY" --overlay sh -c 'mkdir a b; echo x >a/f; echo x >b/f'
run agent-sandbox commit a
expect_status 0
expect_ok test -e a/f
expect_not test -e b
run agent-sandbox diff
expect_out_has '+++ b/b/f'
expect_out_lacks '+++ b/a/f'

it 'drops all'
run agent-sandbox discard
expect_status 0
run agent-sandbox commit
expect_status 66
expect_not test -e b

it 'refuses what has changed meanwhile'
fresh
run agent-sandbox "$BY" --overlay sh -c 'echo x >>kept; echo y >fine'
await 5 sh -c 'echo meanwhile >>kept; test kept -nt script'
run agent-sandbox commit
expect_status 1
expect_err_has "'kept' has changed"
expect_not test -e fine

it 'takes risky changes only by name'
for risk in 'echo x >.envrc' 'mkdir .vscode; echo x >.vscode/tasks.json' \
	'git init -q sub' 'git config a.b c' 'echo x >.git/hooks/pre-commit' \
	'ln -s /etc/passwd link' 'ln -s ../../out link' 'mkfifo pipe' \
	'mv .git old; mkdir .git; echo x >.git/config' \
	'echo ../x >.git/commondir' 'mkdir .github; echo x >.github/x.yml'; do
	fresh
	run agent-sandbox "$BY" --overlay sh -c "$risk; echo x >harmless"
	expect_status 0
	run agent-sandbox commit
	[ "$status" -eq 77 ] || fail "$risk: status $status"
	expect_err_has '--accept'
	expect_not test -e harmless
done
fresh
run agent-sandbox "$BY" --overlay sh -c 'echo x >.envrc'
run agent-sandbox commit --accept .envrc
expect_status 0
expect_ok test -e .envrc

it 'takes commits made inside'
fresh
run agent-sandbox "$BY" --overlay sh -c 'echo z >z; git add z
	git -c user.name=a -c user.email=b commit -qm second'
run agent-sandbox commit
expect_status 0
run git log --oneline --format=%s
expect_out 'second
first'
expect_ok git fsck --no-dangling

it 'does not follow links when it writes'
fresh
mkdir ../target
run agent-sandbox "$BY" --overlay sh -c 'mkdir way; echo x >way/f'
ln -s ../target way
run agent-sandbox commit
expect_not test -e ../target/f

it 'commits or drops at the end'
fresh
run agent-sandbox "$BY" --overlay --on-exit commit sh -c 'echo x >made'
expect_ok test -e made
run agent-sandbox "$BY" --overlay --on-exit commit sh -c 'echo x >failed; exit 3'
expect_status 3
expect_not test -e failed
run agent-sandbox "$BY" --overlay --on-exit discard true
run agent-sandbox diff
expect_status 66

it 'is for one at a time'
fresh
mkfifo "$T_DIR/work/ready"
agent-sandbox "$BY" --overlay sh -c 'echo; sleep 1000' >"$T_DIR/work/ready" &
pid=$!
read -r _ <"$T_DIR/work/ready"
run agent-sandbox "$BY" --overlay true
expect_status 125
expect_err_has 'somebody is in the overlay'
kill -9 "$pid"
wait "$pid" 2>/dev/null
await 10 agent-sandbox "$BY" --overlay true || fail 'it stays locked'

done_testing
