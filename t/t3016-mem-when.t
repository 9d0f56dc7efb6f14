#!/bin/sh
# agent-mem search: questions of which only the time can be found.
. "${0%/*}/lib.sh"

need jq
# ago DAYS: that time.
ago() {
	date -u -d "$1 days ago" +%Y-%m-%dT%H:%M:%SZ
}

printf '{"id":"%s","text":"%s","time":"%s"}\n' \
	yes 'Acme wants a discount' "$(ago 1)" \
	week 'The printer was mended' "$(ago 5)" \
	old 'The lease was signed' "$(ago 90)" >notes
agent-mem add --format ndjson <notes >/dev/null

it 'gives what was noted then, the newest first'
run agent-mem search --format ndjson 'what happened yesterday?'
expect_json '[.[].id | select(.)][0] == "yes" and length == 2'
run agent-mem search --format ndjson 'what did they do this week'
expect_json '.[0].id == "yes" and .[1].id == "week" and length == 3'
run agent-mem search --format ndjson latest
expect_json '.[0].id == "yes"'

it 'finds by words where there are some'
run agent-mem search --format ndjson 'who signed the lease last week'
expect_json '.[0].id == "old"'

it 'finds nothing where there is nothing'
run agent-mem search --format ndjson 'zorblax'
expect_status 1
run agent-mem search --format ndjson 'yesterday tag:none'
expect_status 1

it 'counts from its end in a memory that was left'
jq -c 'select(.id == "old")' notes | agent-mem -f left.db add \
	--format ndjson >/dev/null
run agent-mem -f left.db search --format ndjson 'what happened yesterday?'
expect_json '.[0].id == "old"'

done_testing
