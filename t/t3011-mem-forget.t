#!/bin/sh
# agent-mem forget: what need not be kept for ever.
. "${0%/*}/lib.sh"

it 'forgets by age, count and tag, never what is pinned; and can be undone'
for i in 1 2 3 4 5 6; do
	agent-mem -f f.db add -t log --time "2025-0$i-01" "line $i of the log" >/dev/null
done
agent-mem -f f.db add -t log -t pinned --time 2024-01-01 'log of the first day' >/dev/null
agent-mem -f f.db add -t log --importance 0.9 --time 2024-02-01 'log that counts' >/dev/null
agent-mem -f f.db add --time 2024-01-01 'something else' >/dev/null
run agent-mem -f f.db forget
expect_status 2
run agent-mem -f f.db forget -t log --keep 2 --dry-run
expect_out '4 forgotten'
run agent-mem -f f.db forget -t log --until 2025-03-01
expect_out '2 forgotten'
run agent-mem -f f.db forget -t log --keep 2
expect_out '2 forgotten'
run agent-mem -f f.db list --format ndjson
expect_json 'map(select(.text) | .text) == ["line 6 of the log", "line 5 of the log",
	"log that counts", "something else", "log of the first day"]'
run agent-mem -f f.db undo
run agent-mem -f f.db search --format ndjson 'line of the log'
expect_json 'map(select(.text | . and startswith("line"))) | length == 3'

it 'forgets history when told'
run agent-mem -f f.db vacuum --until 2100-01-01
expect_status 0
run agent-mem -f f.db undo
expect_status 1
run agent-mem -f f.db check
expect_status 0

done_testing
