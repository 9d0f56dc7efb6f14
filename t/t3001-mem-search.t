#!/bin/sh
# agent-mem search: the right note first, without any model.
. "${0%/*}/lib.sh"

export AGENT_MEMORY="$PWD/m.db"
cat >notes <<'END'
{"id":"ship","text":"Parcels leave the warehouse at noon, by courier.","time":"2025-01-10"}
{"id":"cam","text":"parseHTTPHeader in net_util.c drops folded lines","tags":["bug"],"time":"2025-02-01"}
{"id":"code","text":"Error codes: E-1042 is a full tank, E-1043 a broken valve.","time":"2025-02-03"}
{"id":"path","text":"Logs of the greenhouse lie in /var/log/gh/pump-3.log","time":"2025-02-04"}
{"id":"fr","text":"Le café Größenwahn öffnet um neun Uhr","time":"2025-02-05"}
{"id":"zh","text":"服务器每天凌晨三点自动备份数据库","time":"2025-02-06"}
{"id":"de","text":"Nebenkostenabrechnung liegt im Ordner"}
{"id":"ru","text":"Ключи от склада лежат у Ивана","time":"2025-02-07"}
{"id":"old","text":"The heater is set to 18 degrees.","tags":["heating"],"time":"2025-01-05","author":"ana"}
{"id":"new","text":"The heater is set to 21 degrees since the tomatoes froze.","tags":["heating"],"time":"2025-05-05","supersedes":["old"],"author":"ben"}
{"id":"phrase1","text":"water the blue pots first, then the red","time":"2025-03-01"}
{"id":"phrase2","text":"the first blue van brings water and pots","time":"2025-03-02"}
{"id":"stand","text":"Stand-up is in the seed room at 8:15","time":"2025-03-03"}
{"id":"ver","text":"Controller firmware v2.14.3 resets the clock","time":"2025-03-04"}
END
agent-mem add --format ndjson <notes >/dev/null

# first ID QUERY...: that the first hit is this.
first() {
	want=$1
	shift
	run agent-mem search --format ndjson "$@"
	expect_status 0
	expect_json ".[0].id == \"$want\""
}

# none QUERY...: that nothing is found.
none() {
	run agent-mem search --format ndjson "$@"
	expect_status 1
	expect_json 'length == 1 and .[0].type == "result"'
}

everything() {
	it "finds forms of a word ($1)"
	first ship 'leaving parcel'

	it "finds identifiers whole and in parts ($1)"
	first cam parseHTTPHeader
	first cam parsehttpheader
	first cam 'http header'
	first cam 'net util'
	first code E-1043
	first path /var/log/gh/pump-3.log
	first path pump-3
	first ver v2.14.3
	first stand standup

	it "finds through misspellings ($1)"
	first ship warehuose
	first new 'heater tomatos froz'

	it "finds words made of words ($1)"
	first de Abrechnung
	first de Aktenordner

	it "finds by synonyms ($1)"
	first ship 'when are shipments dispatched'

	it "knows no case and no accents ($1)"
	first fr 'CAFE grossenwahn'
	first ru 'КЛЮЧИ'

	it "finds in scripts without spaces ($1)"
	first zh 数据库备份
	first zh 凌晨

	it "puts what replaced another first, and finds both ($1)"
	first new 'heater degrees'
	expect_json '.[1].id == "old" and .[1].superseded_by == "new"'
	first old 'what was the heater set to before'

	it "takes phrases, musts and must-nots ($1)"
	first phrase1 '"blue pots" water'
	expect_json 'length == 2'
	first phrase2 'water pots -red'
	first phrase2 'pots +van'
	none 'pots +nowhere'

	it "filters ($1)"
	first old 'degrees author:ana'
	first new 'degrees tag:heating since:2025-04-01'
	first old degrees --until 2025-02-01
	none degrees -t nothing
	none 'tag:nothing'

	it "lists what a filter alone names ($1)"
	first new tag:heating
	expect_json 'length == 3'

	it "takes begin* ($1)"
	first path 'greenh*'
}

everything 'not indexed'
agent-mem vacuum
everything 'indexed'

it 'explains'
run agent-mem search --explain --format ndjson 'warehuose dispatched'
expect_json '.[0].explain.words | map(.how) | contains(["spelling"])'

it 'says what it took for what'
run agent-mem search --format text warehuose
expect_err "agent-mem: taking 'warehuose' as 'warehouse'"

it 'looks for exactly this when told'
run agent-mem search --exact warehuose
expect_status 1

it 'makes text for a prompt, no more than was asked for'
run agent-mem search --context 30 'heater degrees'
expect_out_has '[new ' 'set to 21 degrees'
expect_out_lacks '18 degrees'
[ "$(wc -c <"$T_DIR/out")" -le 120 ] || fail 'more than 120 bytes'

it 'survives every syntax'
# shellcheck disable=SC1003,SC2016
for q in '"' '""' '"""' '--' '+' '*' '-"' 'a" OR "b' "'; drop table note" \
	'NEAR(a b)' '(((' 'tag:' 'since:never' 'text:*' '^a' 'a AND' '\' '%' \
	'-a -b' '{"$gt":1}' ':' 'x:y:z' '﻿' '🙂' "$(printf '\001\177')"; do
	run agent-mem search -- "$q"
	[ "$status" -le 1 ] || fail "status $status for '$q'"
	[ ! -s "$T_DIR/err" ] || fail "'$q' says: $(cat "$T_DIR/err")"
done

it 'answers lines of queries'
printf '%s\n' '{"id":"q1","query":"E-1042"}' '{"query":7}' \
	'{"id":"q2","query":"firmware"}' >queries
run agent-mem search --format ndjson <queries
expect_status 65
expect_json '.[0].query_id == "q1" and .[0].id == "code" and
	any(.[]; .query_id == "q2" and .id == "ver")'

it 'uses synonyms of the user'
mkdir -p config/agent
echo 'zorblax, courier' >config/agent/synonyms
run env XDG_CONFIG_HOME="$PWD/config" agent-mem search --format ndjson zorblax
expect_json '.[0].id == "ship"'

it 'ends quietly when the reader goes'
run sh -c 'agent-mem search pots | head -c 1 >/dev/null'
expect_status 0

done_testing
