#!/bin/sh
# agent-mem: input that is too large, too odd, or meant to break it.
. "${0%/*}/lib.sh"

need perl
export AGENT_MEMORY="$PWD/m.db"
agent-mem add --id a 'a plain note about tables' >/dev/null

it 'takes ten thousand tags, and finds by the last'
perl -e 'print q({"id":"t","text":"many tags","tags":["), join(q(","),
	map "tag$_", 1 .. 10000), qq("]}\n)' | agent-mem add --format ndjson >/dev/null
run agent-mem list -t tag10000 --format ndjson
expect_json '.[0].id == "t" and (.[0].tags | length) == 10000'
run agent-mem search --format ndjson tag:tag9999
expect_json '.[0].id == "t"'

it 'takes a note of five megabytes'
perl -e 'print q({"id":"f","text":"), join(" ", map "word$_", 1 .. 500000),
	qq("}\n)' | agent-mem add --format ndjson >/dev/null
run agent-mem search --format ndjson word499999
expect_json '.[0].id == "f" and (.[0].text | length) > 5000000'
run agent-mem search --format text word250000
[ "$(wc -c <"$T_DIR/out")" -lt 2000 ] || fail 'the whole note is shown'
run agent-mem rm f
expect_status 0

it 'refuses a note and a line that are too long, and goes on'
perl -e 'print q({"text":"), "x" x (65 << 20), qq("}\n{"id":"z","text":"after it"}\n)' |
	agent-mem add --format ndjson >told 2>said
[ $? -eq 65 ] || fail 'no status 65'
expect_ok grep -q '"z"' told

it 'answers a query of a hundred kilobytes'
perl -e 'print join " ", "tables", map "zz$_", "aaaa" .. "arzz"' >query
run sh -c 'agent-mem search --format ndjson - <query'
expect_status 0
expect_json '.[0].id == "a"'
perl -e 'print "(" x 50000, "\"" x 49999' >query
run sh -c 'agent-mem search - <query'
expect_status 1

it 'takes no query for syntax that it is not'
while read -r query; do
	run agent-mem search -- "$query"
	case $status in
	0 | 1) ;;
	*) fail "status $status for '$query'" ;;
	esac
done <<'END'
"
""
*
+
-x
a OR b NEAR(c, 2)
'; drop table note; --
tag:
since:never until:
+tag:x -tag:y "
%s%n%s%n
(((
a*b*c \ ^x {y} [z]
END
run agent-mem search -- 'plain "tables'
expect_out_has 'plain note'

it 'skips what is binary, and reads what is no UTF-8'
head -c 100000 /dev/urandom >bin
printf 'caf\351 and t\344bel in Latin-1\n' >latin.txt
run agent-mem add --files bin latin.txt
expect_status 0
expect_err_has 'not a text file'
run agent-mem search --format ndjson Latin
expect_json '.[0].path | endswith("latin.txt")'
run agent-mem search --format ndjson caf
expect_json '.[0].path | endswith("latin.txt")'
printf 'a note with \377\376 in it' | agent-mem add --id bytes >/dev/null
run agent-mem show bytes
expect_status 0

it 'leaves devices and FIFOs alone'
mkfifo pipe
run agent-mem add --files pipe /dev/zero
expect_status 0
expect_out_lacks 'added /'

it 'is sound after all that'
run agent-mem check
expect_status 0

it 'shows nothing that steers or deceives a terminal'
jq -nc '{id: "evil", text: "one \u001b[31mtwo\u009b2J \u202ethree\u2028four"}' |
	agent-mem add --format ndjson >/dev/null
run agent-mem search --format text one
expect_status 0
expect_out_has 'one two'
expect_ok perl -CI -0ne 'exit(/[\x{1b}\x{80}-\x{9f}\x{202e}\x{2028}]/)' \
	"$T_DIR/out"

done_testing
