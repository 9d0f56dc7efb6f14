#!/bin/sh
# agent-watch: the journal, following, pipes that end.
. "${0%/*}/lib.sh"

log() {
	printf '{"type":"log","source":"/agent/dev","data":{"message":"%s"}}\n' "$1"
}

# has FILE TEXT
# shellcheck disable=SC2317 # called through await
has() {
	grep -qF -e "$2" "$1"
}

it 'says that there is no workspace'
run agent-watch
expect_status 66
expect_err_has "no workspace here"

mkdir -p .agent sub/dir
it 'says that there is no journal'
run agent-watch
expect_status 66

it 'finds the journal from below'
log one >.agent/journal.ndjson
cd sub/dir || exit
run agent-watch
expect_out '--:--:-- dev  log     one'
cd ../.. || exit
run agent-watch -C sub
expect_out '--:--:-- dev  log     one'

it 'reads a pipe instead, if there is one'
log piped | run agent-watch
expect_out '--:--:-- dev  log     piped'
log piped | run agent-watch --no-stdin
expect_out '--:--:-- dev  log     one'
run agent-watch <.agent/journal.ndjson
expect_out '--:--:-- dev  log     one'

it 'shows the last lines'
for i in two three; do log "$i"; done >>.agent/journal.ndjson
run agent-watch -n 2
expect_out '--:--:-- dev  log     two
--:--:-- dev  log     three'

it 'follows what is added, through a rotation'
background agent-watch -f -n 1 >live 2>live.err
watcher=$!
expect_ok await 20 has live three
log four >>.agent/journal.ndjson
expect_ok await 20 has live four
printf '{"type":"log","data":{"message":"fi' >>.agent/journal.ndjson
printf 've"}}\n' >>.agent/journal.ndjson
expect_ok await 20 has live five
mv .agent/journal.ndjson .agent/journal.1
log six >.agent/journal.ndjson
expect_ok await 20 has live six
expect_not has live two
expect_not test -s live.err

it 'ends of a signal as any filter does'
kill -TERM "$watcher"
wait "$watcher"
status=$?
expect_status 143

it 'waits for a journal that is not there yet'
rm .agent/journal.ndjson
background agent-watch -f >later
log seven >.agent/journal.ndjson
expect_ok await 20 has later seven

it 'ends when nobody reads any more, though nothing comes'
log eight >>.agent/journal.ndjson
run sh -c 'agent-watch -f | head -n 1'
expect_status 0
expect_out '--:--:-- dev  log     seven'
expect_err ''

it 'tells a full disk'
run sh -c 'agent-watch >/dev/full'
expect_status 74
expect_err_has 'No space left on device'

it 'refuses the journal of somebody else'
if [ "$(id -u)" -eq 0 ]; then
	chown 12345 .agent
	run agent-watch
	expect_status 77
	expect_err_has 'belongs to another user'
	AGENT_DIR=$PWD/.agent run agent-watch
	expect_status 0
else
	chmod o+w .agent
	run agent-watch
	expect_status 77
fi

done_testing
