#!/bin/sh
# agent-undo knows its last checkpoint without git, and is not misled.
. "${0%/*}/lib.sh"
command -v git >/dev/null || skip_all 'there is no git'

mkdir -m 700 .agent
echo one >file
note=.agent/checkpoints.git/agent-last

mkdir bin
# shellcheck disable=SC2016 # for another shell
printf '#!/bin/sh\necho "$1" >>"%s"\nexec "%s" "$@"\n' "$PWD/log" \
	"$(command -v git)" >bin/git
chmod +x bin/git
printf '/bin/\n/log\n/good\n' >.gitignore

# took WORDS N: takes one, which says so, and asks git N times for the last.
took() {
	: >log
	run env PATH="$PWD/bin:$PATH" agent-undo take
	expect_status 0
	expect_out_has "$1"
	expect_ok [ "$(grep -c for-each-ref log)" -eq "$2" ]
}

it 'asks git when there is none'
took '' 1
first=$(git --git-dir=.agent/checkpoints.git rev-parse checkpoints)

it 'does not ask git for what it noted'
took 'nothing has changed' 0

it 'takes a change all the same'
echo two >file
took '' 0
second=$(git --git-dir=.agent/checkpoints.git rev-parse checkpoints)
expect_not [ "$first" = "$second" ]
expect_ok [ "$(git --git-dir=.agent/checkpoints.git rev-parse \
	checkpoints^)" = "$first" ]
cp "$note" good

it 'asks where the note is of another checkpoint, torn, empty or gone'
sed "s/^$second/$first/" good >"$note"
took 'nothing has changed' 1
cut -c1-60 good >"$note"
took 'nothing has changed' 1
: >"$note"
took 'nothing has changed' 1
rm "$note"
took 'nothing has changed' 1

it 'asks where the branch is not a file'
cp good "$note"
git --git-dir=.agent/checkpoints.git pack-refs --all
took 'nothing has changed' 1

it 'notes again'
echo three >file
took '' 1
took 'nothing has changed' 0

done_testing
