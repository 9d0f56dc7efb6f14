#!/bin/sh
# agent-route: corrections and measuring.
. "${0%/*}/lib.sh"

cat >agents.yaml <<'EOF'
agents:
  - {id: cook, description: "Kitchen, recipes and menus."}
  - {id: lawyer, description: "Contracts and lawsuits."}
EOF
mkdir -m 700 .agent
echo '{"id":"t1","prompt":"peel the quinces for zebulon"}' >task
agent-route <task >first

it 'takes a correction'
run agent-route --feedback t1 should-be=lawyer
expect_status 0
expect_ok jq -e '.agent == "lawyer" and .prompt == "peel the quinces for zebulon"
	and .verdict == "good"' .agent/route-examples.ndjson

it 'and knows better from then on'
run agent-route <task
expect_json '.[0].route | .agent == "lawyer" and .confidence == 1'
echo '{"prompt":"more quinces, zebulon"}' >like
run agent-route --no-stats <like
expect_json '.[0].route.agent == "lawyer"'

it 'takes praise and blame'
run agent-route --feedback t1 good
expect_status 0
run agent-route --feedback t1 bad
expect_status 0
expect_ok test "$(wc -l <.agent/route-examples.ndjson)" -eq 3

it 'refuses what it does not know'
run agent-route --feedback t1 perhaps
expect_status 2
expect_err_has "not 'perhaps'"
run agent-route --feedback t9 good
expect_status 66
run agent-route --feedback t1 should-be=nobody
expect_status 66
run agent-route --feedback t1
expect_status 2

it 'says which example is broken'
echo nonsense >bad.ndjson
run agent-route --examples bad.ndjson --no-stats <task
expect_status 65
expect_err_has 'bad.ndjson:1'

it 'measures, and ignores what the labels say'
rm .agent/route-examples.ndjson
cat >labelled <<'EOF'
{"id":"a","prompt":"a recipe for soup","agent":"cook","class":"light"}
{"id":"b","prompt":"sue them","agent":"cook","also_ok":["lawyer"],"class":"light"}
{"id":"c","prompt":"a menu for sunday","agent":"lawyer","class":"heavy"}
EOF
run agent-route --eval labelled
expect_status 0
expect_out_has 'agent: 2 of 3 right, 66.7 %' 'class: 2 of 3 right' \
	'wrong  c: cook instead of lawyer' 'wrong  c: light instead of heavy'

it 'tells what has changed since'
echo '{"prompt":"a menu for sunday","agent":"lawyer"}' >.agent/route-examples.ndjson
run agent-route --eval labelled
expect_out_has 'before: agent 66.7 %' 'changed c: lawyer, was cook' \
	'agent: 3 of 3 right'

it 'goes on after a bad label'
echo 'x' >>labelled
echo '{"prompt":"no agent"}' >>labelled
run agent-route --eval labelled
expect_status 65
expect_err_has 'line 4' 'line 5'
run agent-route --eval missing
expect_status 66

it 'finds most of what teams of several trades are asked'
for team in agency clinic lawfirm2 lawoffice magazine newsroom; do
	f=$T_SRC/t/fixtures/route/$team
	run agent-route -a "$f.yaml" --no-stats --eval "$f.ndjson"
	expect_status 0
	right=$(sed -n 's/^agent: .*, \([0-9]*\).* %$/\1/p' "$T_DIR/out")
	[ "$right" -ge 85 ] || fail "$team: $right %"
done

it 'survives being killed while it writes'
perl -e 'print qq({"id":"k$_","prompt":"a recipe"}\n) for 1 .. 3000' >many
for _ in 1 2 3 4 5; do
	(cat many; cat many; cat many) | agent-route >out-k 2>&1 &
	pid=$!
	await 10 test -s out-k
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
done
run agent-route --stats
expect_status 0
run sqlite3 "$HOME/.local/state/agent/route.db" 'pragma integrity_check'
expect_out 'ok'

done_testing
