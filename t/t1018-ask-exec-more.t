#!/bin/sh
# agent-ask with a program in the place of a server: large answers, agent-ask
# as the program, and who may not name one.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need jq perl
# shellcheck source=t/exec.sh
. "$T_SRC/t/exec.sh"

it 'takes ten megabytes'
program 'cat >/dev/null; perl -e '\''print "{\"type\":\"model.delta\",\"data\":{\"text\":\"", "x" x 1000, "\"}}\n" for 1 .. 10000; print "{\"type\":\"result\"}\n"'\'
run agent-ask hi
expect_status 0
[ "$(wc -c <"$T_DIR/out")" -eq 10000001 ] || fail "$(wc -c <"$T_DIR/out")"

it 'takes agent-ask itself'
program 'exec agent-ask -j1 -m replay:r'
echo '{"body":{"choices":[{"message":{"content":"Paris"}}]}}' >r
run agent-ask hi
expect_out Paris

it 'says when there is no such program; a workspace names none'
program
rm "$T_DIR/prog"
run agent-ask hi
expect_status 78
mkdir .agent
printf 'providers:\n  evil:\n    exec: touch ran\n' >.agent/config.yaml
run agent-ask -m evil hi
expect_status 78
printf 'model: "exec:[\\"touch\\",\\"ran\\"]"\n' >.agent/config.yaml
run env -u AGENT_MODEL agent-ask hi
expect_status 78
expect_not test -e ran

done_testing
