#!/bin/sh
# A workspace that looks as it did needs no git to know that it is the same.
. "${0%/*}/lib.sh"
need git flock
. "$T_SRC/t/later.sh"

# takes WORDS: there is something to take, and git is asked
takes() {
	later agent-undo take
	expect_out_lacks unchanged
	expect_ok grep -q add "$T_DIR/log"
}

# same: there is nothing to take, and git is not asked
same() {
	later agent-undo take
	expect_out "$(agent-undo list | sed -n '1s/ .*//p') (nothing has changed)"
	expect_ok [ ! -s "$T_DIR/log" ]
}

mkdir -m 700 .agent
mkdir d
echo one >d/file

it 'takes the first, and knows that it stands'
takes
same
same

it 'starts git for a change'
echo two >d/file
takes
same

it 'starts git for a change that keeps size and time'
touch -r d/file "$T_DIR/time"
echo owt >d/file
touch -r "$T_DIR/time" d/file
takes
same

it 'starts git for what is new, moved, executable or gone'
echo x >d/new
takes
mv d/new new
takes
chmod +x new
takes
rm new
takes
same

it 'finds no change in what checkpoints leave out'
mkdir .git
echo x >.git/HEAD
echo x >.agent/x
same
rm -r .git

it 'looks again after a rollback'
first=$(agent-undo list | sed -n '$s/ .*//p')
later agent-undo restore "$first"
expect_file d/file one
same

it 'does not trust what has changed a moment ago'
takes_now() {
	: >"$T_DIR/log"
	run env PATH="$T_DIR/bin:$PATH" agent-undo take
	expect_status 0
	expect_ok grep -q add "$T_DIR/log"
}
echo three >d/file
takes_now
takes_now

it 'starts no git but under the lock, which nobody else has then'
# shellcheck disable=SC2016 # for another shell
printf '#!/bin/sh\nflock -n "%s" true && echo "$1" >>"%s"\nexec "%s" "$@"\n' \
	"$PWD/.agent/checkpoints.lock" "$T_DIR/free" "$(command -v git)" \
	>"$T_DIR/bin/git"
export PATH="$T_DIR/bin:$PATH"
echo four >d/file
run agent-undo take
expect_status 0
echo five >d/file
run agent-undo diff '~0'
expect_out_has +five
agent-undo restore '~0' >"$T_DIR/out"
sed '/^rev-parse$/d' "$T_DIR/free" >"$T_DIR/rest"
expect_file "$T_DIR/rest" ''

done_testing
