#!/bin/sh
# agent-mem add --files: documents by the part, kept in step with the files.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"
mkdir -p docs/sub docs/.hidden

# section N WORD: a Markdown section long enough to be a part of its own.
section() {
	echo "## Chapter $1"
	echo
	yes "the $2 is described here at some length" | head -n 20
	echo
}

{ section 1 lighthouse; section 2 harbour; section 3 ferry; } >docs/guide.md
echo 'all about the anchor' >docs/sub/anchor.txt
echo secret >docs/.hidden/x.md
head -c 2000 /dev/zero >docs/image.bin

it 'keeps apart parts that are the same'
{ section 1 pier; section 2 buoy; section 1 pier; } >twice.md
run agent-mem -f twice.db add --files --chunk twice.md
run agent-mem -f twice.db search --format ndjson pier
expect_json '[.[] | select(.line) | .line] | length == 2 and .[0] != .[1]'

it 'adds a tree, without what is hidden or binary'
run agent-mem add --files --chunk docs -t manual
expect_status 0
expect_out_has 'added ' '2 added' '1 skipped'
expect_err "agent-mem: '$PWD/docs/image.bin' is not a text file, skipping it"

it 'finds the part, with its lines'
run agent-mem search --format ndjson 'harbour'
expect_json '.[0].path == "'"$PWD"'/docs/guide.md" and .[0].line > 20 and
	.[0].tags == ["manual"]'
id2=$(jq -rs '.[0].id' "$T_DIR/out")
lines=$(jq -rs '.[0] | "\(.line),\(.last_line)p"' "$T_DIR/out")

it 'keeps the text of the file'
sed -n "$lines" docs/guide.md >want
run agent-mem show "$id2"
expect_ok diff -B want "$T_DIR/out"

it 'skips what has not changed'
run agent-mem add --files --chunk docs/guide.md docs/sub
expect_out '2 unchanged'

it 'skips what was only touched'
touch docs/guide.md
run agent-mem add --files --chunk docs/guide.md
expect_out '1 unchanged'

it 'updates what has changed, and keeps the ids of the rest'
{ section 1 lighthouse; echo; section 2 harbour; section 3 submarine; } \
	>docs/guide.md
run agent-mem add --files --chunk docs/guide.md
expect_out_has '1 changed'
run agent-mem search --format ndjson submarine
expect_json '.[0].path != null'
run agent-mem search ferry
expect_status 1
run agent-mem search --format ndjson harbour
expect_json ".[0].id == \"$id2\""

it 'takes out a file that has gone, from a list on standard input'
rm docs/sub/anchor.txt
run sh -c 'find docs/*.md | agent-mem add --files --chunk'
expect_out_has '1 unchanged  1 gone'
run agent-mem search anchor
expect_status 1

it 'keeps files whose directory is away, until told'
mv docs away
run sh -c 'agent-mem add --files </dev/null'
run agent-mem search harbour
expect_status 0
run agent-mem add --files --remove away/guide.md
run agent-mem search --format ndjson harbour
expect_json '.[0].path == "'"$PWD"'/away/guide.md"'

it 'filters by path and kind'
run agent-mem add 'the harbour is noted'
run agent-mem search --notes --format ndjson harbour
expect_json 'length == 2 and .[0].path == null'
run agent-mem search --documents --format ndjson harbour
expect_json 'all(.[:-1][]; .path != null)'
run agent-mem search --path "$PWD/elsewhere" harbour
expect_status 1
run agent-mem search --path "$PWD/away" harbour
expect_status 0

it 'removes a document'
run agent-mem rm --path away/guide.md
expect_status 0
run agent-mem search --documents harbour
expect_status 1
run agent-mem rm --path away/guide.md
expect_status 66

it 'cuts one line of 10 MB, and what is no UTF-8'
perl -e 'print "word\xff" x 2000000' >huge.txt
run agent-mem add --files --chunk huge.txt
expect_status 0
run agent-mem search --format ndjson word
expect_json '.[0].path | endswith("huge.txt")'

it 'goes on after a file that it cannot read'
echo fine >fine.txt
run agent-mem add --files missing.txt fine.txt
expect_status 66
expect_out_has '1 added'
expect_err "agent-mem: no file '$PWD/missing.txt'"

it 'does not hang on a FIFO, a device, a loop of links'
mkfifo fifo
ln -s . loop
run agent-mem add --files fifo /dev/zero loop
expect_status 0

it 'is sound'
run agent-mem check
expect_status 0

done_testing
