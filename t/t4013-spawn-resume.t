#!/bin/sh
# agent-spawn: going on after kill -9, after the end, and on another way.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml

it 'tells the model what may have happened when it was killed'
{
	calls '(.messages | length) == 2' \
		write_file '{"path":"finished","content":"x"}' \
		shell '{"command":"echo once >>effects; touch begun; sleep 1002.'$$'"}'
	answer '(.messages[3].content | startswith("created")) and
		(.messages[4].content | startswith("error: interrupted"))' \
		'went on'
} >rec
agent-spawn go >"$T_DIR/first" 2>&1 &
pid=$!
expect_ok await 20 test -e begun
# the other call of the turn may end after this one has begun
expect_ok await 20 grep -q tool.result .agent/runs/*/conversation.ndjson
kill -9 $pid
wait $pid 2>"$T_DIR/ignored"
echo changed >finished
run agent-spawn -r last
expect_status 0
expect_json 'last.data | .text == "went on" and .turns == 2'
expect_ok [ "$(cat effects)" = once ]

it 'does not run again what had finished'
expect_ok [ "$(cat finished)" = changed ]

it 'leaves nothing of the killed one behind'
expect_not grep -aqsz "^1002.$$\$" /proc/[0-9]*/cmdline

it 'gives the result of a finished run once more'
before=$(wc -l <.agent/journal.ndjson)
run agent-spawn -r last
expect_status 0
expect_json 'length == 1 and .[0].data.text == "went on"'
expect_ok [ "$(wc -l <.agent/journal.ndjson)" -eq "$before" ]

it 'adds to the journal what the killed one had no time for'
sed -i '$d' .agent/journal.ndjson
run agent-spawn -r last
expect_status 0
expect_ok cmp -s "$T_DIR/out" - <<END
$(tail -n 1 .agent/journal.ndjson)
END

it 'goes on with a finished run when it is told more'
answer '.messages[-1] == {"role":"user","content":"and now?"} and
	.messages[-2].content == "went on"' more >rec
run agent-spawn -c 'and now?'
expect_status 0
expect_json 'last.data | .text == "more" and .turns == 3'
expect_ok [ "$(find .agent/runs -name conversation.ndjson | wc -l)" -eq 1 ]

it 'goes another way in a copy'
id=$(ls .agent/runs)
sum=$(cksum <.agent/runs/"$id"/conversation.ndjson)
answer '.messages[-2].content == "more"' other >rec
run agent-spawn -r "$(echo "$id" | tail -c 7)" --fork-session 'or else?'
expect_status 0
expect_json "last | .data.text == \"other\" and .run != \"$id\""
expect_ok [ "$(cksum <.agent/runs/"$id"/conversation.ndjson)" = "$sum" ]

it 'cuts off a line that a crash left torn'
rm -rf .agent
calls '' shell '{"command":"true"}' >rec
run agent-spawn --max-turns 1 go
printf '{"specversion":"1.0","id":"x","sou' >>"$(echo .agent/runs/*/conv*)"
answer '.messages | length == 4' mended >rec
run agent-spawn -c
expect_status 0
expect_json 'last.data.text == "mended"'
expect_ok jq -es 'last.type == "result"' .agent/runs/*/conversation.ndjson

it 'tells a conversation that is none'
sed -i '1s/.*/{"a":1}/' .agent/runs/*/conversation.ndjson
run agent-spawn -c go on
expect_status 65
expect_err_has 'line 1: not a record'

it 'goes on with the model and the mode that it began with'
rm -rf .agent
{
	answer '(.messages | length) == 2' looked
	calls '.messages[-1].content == "do it"' shell '{"command":"touch t"}'
	answer '.messages[-1].content | contains("plan mode")' 'only looked'
} >rec
printf 'agents:\n- id: dev\n' >agents.yaml
run agent-spawn -m replay:rec --permission-mode plan go
run agent-spawn -c "do it"
expect_json 'last.data.text == "only looked"'
expect_not [ -e t ]
printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml

it 'has one owner'
rm -rf .agent begun
calls '' shell '{"command":"touch begun; exec sleep 1003"}' >rec
background agent-spawn go >"$T_DIR/first" 2>&1
owner=$!
expect_ok await 20 test -e begun
run agent-spawn -c
expect_status 75
expect_err_has "owned by process $owner"
kill -TERM $owner
wait $owner

it 'does not know every run'
run agent-spawn -r ABCDEFGH
expect_status 66
expect_err_has "there is no run 'ABCDEFGH'"

it 'comes to the right end however often it is killed'
rm -rf .agent effects
# The N-th call that ended well writes N, unless it is there.
n=1
while [ $n -le 6 ]; do
	calls "[.messages[] | select(.role == \"tool\" and
		(.content | startswith(\"error: interrupted\") | not))] |
		length == $n - 1" shell \
		"{\"command\":\"grep -qx $n effects || echo $n >>effects\"}"
	n=$((n + 1))
done >rec
answer '' finished >>rec
id=01JD0000000000000000000001
tries=0
while [ $tries -lt 15 ]; do
	tries=$((tries + 1))
	timeout -s KILL 0.0$((tries % 7 + 2)) agent-spawn --run $id go \
		>/dev/null 2>&1
done
run agent-spawn --run $id go
expect_status 0
expect_ok [ "$(tr -d '\n' <effects)" = 123456 ]
expect_ok jq -es 'last.data.text == "finished"' .agent/journal.ndjson
expect_ok jq -es '[.[] | select(.type == "tool.result" and .data.ok)] |
	length == 6' .agent/runs/*/conversation.ndjson

done_testing
