#!/bin/sh
# agent-mem consolidate: fewer notes, by rules and by a model.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"

export AGENT_MEMORY="$PWD/m.db"

# says LINE ...: a model that says these in turn, then nothing; what it was
# asked is in asked.N.
says() {
	rm -f asked.* turn
	printf '%s\n' "$@" >answers
}
cat >model <<'END'
#!/bin/sh
n=$(($(cat turn 2>/dev/null || echo 0) + 1))
echo $n >turn
cat >asked.$n
line=$(sed -n ${n}p answers)
[ "$line" = fail ] && exit 69
printf '%s\n' "${line:-{\"actions\":[]\}}"
END
chmod +x model
note() { agent-mem add --id "$1" --time "$2" "$3" >/dev/null; }
consolidate() { run agent-mem consolidate --command ./model "$@"; }
note a 2025-01-01 'The greenhouse pump is made by Grundfos and stands in shed 2'
note b 2025-02-01 'The greenhouse pump has a filter, cleaned in May'
note c 2025-03-01 'The greenhouse key is with Anna'
note d 2025-06-01 'The greenhouse key is with Bela now'
note e 2025-04-01 'Nothing whatsoever resembles these words'
agent-mem add --id p -t pinned 'The greenhouse pump must never run dry' >/dev/null

it 'shows what it would do, and does nothing'
says '{"actions":[{"do":"merge","ids":["a","b"],"text":"Pump: Grundfos, shed 2, filter cleaned in May"}]}'
consolidate --dry-run
expect_status 0
expect_out 'merge a, b: Pump: Grundfos, shed 2, filter cleaned in May
0 expired, 2 merged, 0 replaced, 0 refused'
run agent-mem list --format ndjson
expect_json 'map(select(.text)) | length == 6'

it 'asks about notes that are alike, not about pinned ones'
expect_ok grep -q '"id":"a"' asked.1
expect_not grep -q '"id":"e"' asked.1
expect_not grep -q '"id":"p"' asked.1

it 'does nothing when the model fails, and goes on from there'
says fail
consolidate
expect_status 69
run agent-mem consolidate
expect_status 0

it 'merges, replaces and expires, and keeps all of it'
says '{"actions":[
{"do":"merge","ids":["a","b"],"text":"Pump: Grundfos, shed 2, filter cleaned in May"},
{"do":"replace","ids":["c"],"by":"d"},{"do":"expire","ids":["zzz"]},
{"do":"replace","ids":["d"],"by":"a"},{"do":"merge","ids":["p","d"],"text":"x"}]}'
tr -d '\n' <answers >one && mv one answers
consolidate --format ndjson
expect_status 0
expect_json 'map(select(.refused)) | .[0] ==
	{"expired":0,"merged":2,"replaced":1,"refused":3}'
run agent-mem list --format ndjson
expect_json 'map(select(.text) | .text) | sort == ["Nothing whatsoever resembles these words",
	"Pump: Grundfos, shed 2, filter cleaned in May",
	"The greenhouse key is with Bela now", "The greenhouse pump must never run dry"]'
run agent-mem show a b c
expect_status 0

it 'can be undone'
run agent-mem undo
run agent-mem list --format ndjson
expect_json 'map(.id) | contains(["a", "b"])'
run agent-mem undo
expect_out_has 'merge c'
run agent-mem list --format ndjson
expect_json 'map(.id) | index("c") != null'

it 'does not ask again about what it has seen'
says
consolidate
expect_not test -e asked.2
says
consolidate
expect_not test -e asked.1

it 'refuses an answer that is none'
note x 2025-07-01 'The greenhouse door is painted green'
note y 2025-07-02 'The greenhouse door is green since July'
says 'no JSON'
consolidate
expect_status 76
says '{"other":1}'
consolidate
expect_status 65
run agent-mem check
expect_status 0

it 'asks a model by agent-ask'
answer '' '{"actions":[{"do":"expire","ids":["x"]}]}' >rec
run agent-mem consolidate -m replay:rec
expect_status 0
expect_out 'expire x
1 expired, 0 merged, 0 replaced, 0 refused'

done_testing
