#!/bin/sh
# agent-flow and the disk: what is synced when, and what a crash of the machine
# may have taken.
. "${0%/*}/lib.sh"
need make jq
steps=.agent/flows/steps/steps

# can_trace: whether strace is there and may be used.
can_trace() {
	strace -qq -o "$T_DIR/trace" true 2>"$T_DIR/why"
}

it 'has a result on the disk before anybody is told of it'
if can_trace; then
	agent-flow step before true
	run strace -y -qq -s 900 -o "$T_DIR/trace" -e trace=fsync,rename,write \
		agent-flow step order echo it
	expect_status 0
	awk '/^fsync.*1\/stdout>/ { print 1 }
	/^fsync.*result\.json\..*tmp>/ { print 2 }
	/^rename.*result\.json/ { print 3 }
	/^fsync.*steps\/order>/ { print 4 }
	/^write.*journal\.ndjson>.*result/ { print 5 }' "$T_DIR/trace" |
		tr -d '\n' >order
	expect_file order 12345
else
	skip 'strace is not there, or may not be used'
fi

it 'syncs the intent of what runs for more than a moment'
if can_trace; then
	mkfifo go
	background strace -y -qq -o "$T_DIR/trace" -e trace=fsync \
		agent-flow step long sh -c 'read -r x <go'
	expect_ok await 20 grep -q 'fsync.*intent\.json' "$T_DIR/trace"
	expect_not [ -e $steps/long/result.json ]
	echo x >go
	expect_ok await 20 [ -e $steps/long/result.json ]
else
	skip 'strace is not there, or may not be used'
fi

it 'goes on when an intent was lost, or only its name is there'
run agent-flow step lost sh -c 'echo one; exit 75'
expect_status 75
: >$steps/lost/intent.json
echo old >$steps/lost/1/output.json
run agent-flow step lost echo two
expect_status 0
expect_out two
expect_not [ -e $steps/lost/1/output.json ]
rm $steps/lost/intent.json
run agent-flow step --force lost echo two
expect_status 0
expect_ok jq -e '.attempt == 2' $steps/lost/result.json

it 'makes again what was lost of a plan'
cat >p.flow.yaml <<'END'
sandbox: none
tasks:
  a: {run: 'echo a'}
  b: {needs: a, run: 'echo b'}
END
agent-flow compile p.flow.yaml >mk
for file in .agent/flows/p/plan/*.json; do
	: >"$file"
done
run agent-flow run p.flow.yaml
expect_status 0

it 'has a stamp that is the result, and does without such links'
expect_ok [ .agent/flows/p/steps/a/result.json -ef \
	"$(echo .agent/flows/p/stamps/a.*)" ]
if strace -qq -o "$T_DIR/trace" -e inject=link:error=EPERM true \
	2>"$T_DIR/why"; then
	rm .agent/flows/p/stamps/b.*
	name=$(basename .agent/flows/p/plan/b.*.json .json)
	run strace -f -qq -o "$T_DIR/trace" -e inject=link:error=EPERM \
		agent-flow task p "$name"
	expect_status 0
	expect_ok [ -e ".agent/flows/p/stamps/$name" ]
else
	skip 'strace is not there, or may not be used'
fi

done_testing
