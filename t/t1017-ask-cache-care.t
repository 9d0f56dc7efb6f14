#!/bin/sh
# agent-ask --cache: what is kept stays small, private, and whole for many.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

model_server -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

it 'keeps some'
for word in a b c; do
	asked 1 agent-ask --cache "$word"
	asked 0 agent-ask --cache "$word"
done

it 'keeps to its size, the last used first'
find "$HOME/.cache/agent" -name .tidied -exec touch -d '2 hours ago' {} +
AGENT_CACHE_SIZE=1 run agent-ask --cache "for the size"
[ -z "$(find "$HOME/.cache/agent/answers" -type f ! -name '.*')" ] ||
	fail 'something was left'

it 'is read by nobody else, and can be cleared'
asked 1 agent-ask --cache hello
[ -z "$(find "$HOME/.cache/agent/answers" -perm /077)" ] || fail 'open to all'
run agent-ask --cache-clear
expect_status 0
asked 1 agent-ask --cache hello

it 'does not take the answer to one question for that to another'
asked 1 agent-ask --cache one
file=$(find "$HOME/.cache/agent/answers" -type f -newer "$MODEL_LOG" \
	! -name '.*' | head -n 1)
asked 1 agent-ask --cache two
find "$HOME/.cache/agent/answers" -type f ! -name '.*' \
	-exec cp "$file" {} \; 2>/dev/null
asked 1 agent-ask --cache two
expect_out two

it 'gives whole answers to many at once'
big=$(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "word%d ", i }')
printf '%s' "$big" >big
agent-ask --cache=renew <big >wanted
pids=
for i in 1 2 3 4 5 6 7 8; do
	agent-ask --cache=renew <big >"w$i" &
	pids="$pids $!"
	agent-ask --cache <big >"r$i" &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
for i in 1 2 3 4 5 6 7 8; do
	expect_ok cmp "w$i" wanted
	expect_ok cmp "r$i" wanted
done

done_testing
