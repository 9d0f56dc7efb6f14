#!/bin/sh
# agent-mem: full disks, killed processes, many writers, wrong files.
. "${0%/*}/lib.sh"

need sqlite3
export AGENT_MEMORY="$PWD/m.db"

it 'says what is not a memory'
echo text >text.db
sqlite3 other.db 'create table t (x)'
mkdir dir.db
for f in text.db other.db dir.db; do
	run agent-mem -f "$f" add x
	expect_status 66
	run agent-mem -f "$f" search x
	expect_status 66
done

it 'refuses a memory of a newer version, and leaves it alone'
agent-mem -f new.db add one >/dev/null
sqlite3 new.db 'pragma user_version = 99; pragma wal_checkpoint(truncate)' >/dev/null
cp new.db before.db
run agent-mem -f new.db add two
expect_status 78
expect_err_has 'made by a newer version'
run agent-mem -f new.db search one
expect_status 78
expect_ok cmp new.db before.db

it 'finds damage, and says so'
seq 3000 | sed 's/.*/{"id":"n&","text":"note & of some words here"}/' |
	agent-mem -f torn.db add --format ndjson >/dev/null
sqlite3 torn.db 'pragma wal_checkpoint(truncate)' >/dev/null
perl -e 'open F, "+<", "torn.db"; for $p (9 .. 30) { seek F, $p * 4096, 0;
	print F "rubbish" x 50 }'
run agent-mem -f torn.db check
expect_status 65
[ -s "$T_DIR/err" ] || fail 'no problem was named'

it 'mends an index that is damaged'
seq 3000 | sed 's/.*/{"id":"n&","text":"note & of some words here"}/' |
	agent-mem -f index.db add --format ndjson >/dev/null
sqlite3 index.db "update index_data set data = zeroblob(20)"
run agent-mem -f index.db check
expect_status 65
run agent-mem -f index.db search words
[ "$status" -ge 1 ] || fail 'it found something in zeros'
run agent-mem -f index.db vacuum
run agent-mem -f index.db check
expect_status 0
run agent-mem -f index.db search 'note 77'
expect_status 0

it 'lets sixteen write at once, and loses nothing'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	(seq 20 | sed "s/.*/{\"text\":\"writer $i note & here\"}/" |
		agent-mem add --format ndjson >>"told.$i" || echo "$i" >>failed) &
done
wait
expect_not test -e failed
run agent-mem stats --format ndjson
expect_json '.[0].notes == 320'
[ "$(cat told.* | grep -c added)" -eq 320 ] || fail 'not all were told'

# killed N SIGNAL-TIME: a stream of notes is killed; what was told is there.
killed() {
	seq "$((n * 10000))" "$((n * 10000 + 3000))" |
		sed 's/.*/{"id":"k&","text":"kept note number & of the killed"}/' >in
	agent-mem -f k.db add --format ndjson <in >told 2>/dev/null &
	perl -e 'select undef, undef, undef, $ARGV[0] / 1000' "$1"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	jq -r 'select(.status) | .id' told 2>/dev/null | sort >want
	agent-mem -f k.db export | jq -r .id | sort >have
	[ -z "$(comm -23 want have)" ] || fail "lost: $(comm -23 want have | head -3)"
	agent-mem -f k.db check >said 2>&1 || fail "check: $(cat said)"
}

it 'keeps what it acknowledged when it is killed'
agent-mem -f k.db add first >/dev/null
for n in 1 2 3 4 5 6 7 8 9 10; do
	killed "$((n * 7))"
done

it 'is found again after that'
run agent-mem -f k.db search first
expect_status 0

# injected FAULT TEXT: add fails as told at each write, and nothing is torn.
injected() {
	for when in 1 2 3 5 8 13; do
		run strace -qq -f -o trace \
			-e trace=pwrite64,fdatasync,ftruncate \
			-e "inject=pwrite64,fdatasync,ftruncate:error=$1:when=$when" \
			agent-mem -f i.db add "note $1 $when"
		case $status in
		0 | 74) ;;
		*) fail "status $status for $1 at $when" ;;
		esac
		told=$status
		run agent-mem -f i.db search --exact "\"note $1 $when\""
		[ "$told" -ne 0 ] || [ "$status" -eq 0 ] || fail "lost $1 $when"
		run agent-mem -f i.db check
		expect_status 0
	done
}

it 'fails as it should when a write does'
agent-mem -f i.db add 'first of all' >/dev/null
if strace -qq -o trace true 2>/dev/null; then
	injected ENOSPC
	injected EIO
else
	skip 'strace does not work here'
fi

it 'says that the disk is full'
if strace -qq -o trace true 2>/dev/null; then
	run strace -qq -o trace -e trace=pwrite64 -e \
		inject=pwrite64:error=ENOSPC agent-mem -f i.db add more
	expect_status 74
	expect_err "agent-mem: cannot write 'i.db': disk full"
else
	skip 'strace does not work here'
fi

it 'fails on a full standard output'
run sh -c 'agent-mem search writer >/dev/full'
expect_status 74

it 'reads a copy where it may not write'
if [ "$(id -u)" -ne 0 ]; then
	mkdir ro
	sqlite3 i.db 'vacuum into "ro/i.db"'
	chmod 500 ro
	run agent-mem -f ro/i.db search first
	expect_status 0
	run agent-mem -f ro/i.db add x
	expect_status 77
else
	skip 'root may write everywhere'
fi

done_testing
