#!/bin/sh
# agent-mem search: the best of more notes than are looked at closely.
. "${0%/*}/lib.sh"

need jq

it 'finds the best of many that have the words, too'
awk 'BEGIN {
	print "{\"id\":\"best\",\"text\":\"lighthouse lamp repair\"}"
	for (i = 0; i < 600; i++)
		printf "{\"text\":\"number %d of the long list of things that somebody once wrote down about a lighthouse, among others\"}\n", i
}' | agent-mem -f m.db add --format ndjson >/dev/null
run agent-mem -f m.db search -n 3 --format ndjson 'lighthouse lamp repair'
expect_json '.[0].id == "best" and .[0].score > .[1].score'
run agent-mem -f m.db search -n 3 --format ndjson lighthouse
expect_json '.[0].id == "best"'

done_testing
