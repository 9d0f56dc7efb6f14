#!/bin/sh
# crashtest: a flow with loops, gates, fan-out and failures keeps its word, and
# one that does not is found out.
. "${0%/*}/lib.sh"
need make jq
T_WAIT=300

it 'finds nothing wrong with flows'
"$T_SRC/t/graph.sh" 24 >g.flow.yaml
run "$T_SRC/scripts/crashtest" -n 6 -s 3 g.flow.yaml
expect_status 0
expect_out_has 'same results, nothing done twice'

it 'kills at one system call after the other'
if strace -qq -o "$T_DIR/trace" -e inject=getppid:error=EPERM true \
	2>"$T_DIR/why"; then
	cat >one.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'echo a'}
END
	run "$T_SRC/scripts/crashtest" -a -n 8 one.flow.yaml
	expect_status 0
	expect_out_has ' kills: same results, nothing done twice'
else
	skip 'strace is not there, or may not be used'
fi

it 'does not try a flow that cannot be run'
echo 'tasks: {a: {needs: b, run: x}}' >wrong.flow.yaml
run "$T_SRC/scripts/crashtest" wrong.flow.yaml
expect_status 1
expect_err_has "wrong.flow.yaml:1:"

it 'finds a flow whose results depend on being killed'
cat >bad.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'echo x >>file; wc -l <file'}
  b: {needs: a, run: 'echo x >>file; wc -l <file'}
  c: {needs: b, run: 'echo x >>file; wc -l <file'}
END
: >found
for seed in 1 2 3 4 5 6; do
	timeout 300 "$T_SRC/scripts/crashtest" -n 12 -s $seed bad.flow.yaml \
		>"$T_DIR/out" 2>&1 || break
done
expect_out_has 'WRONG: other results than undisturbed'

it 'tells what it wants'
run "$T_SRC/scripts/crashtest"
expect_status 2
expect_err_has 'usage: crashtest'

done_testing
