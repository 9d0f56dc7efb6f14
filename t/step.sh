# shellcheck shell=sh disable=SC2016
# step.sh: a program that counts how often it was run, after lib.sh:
#
#	. "$T_SRC/t/step.sh"
#	run agent-flow step a count 1
#	expect_runs 1
#
# It prints "out ARGUMENTS", and "err ARGUMENTS" to standard error, and ends
# with $STATUS.

cat >"$T_DIR/bin/count" <<'END'
#!/bin/sh
echo "$AGENT_STEP_KEY" >>"$COUNT"
echo "out $*"
echo "err $*" >&2
exit "${STATUS:-0}"
END
chmod +x "$T_DIR/bin/count"
PATH=$T_DIR/bin:$PATH
COUNT=$T_DIR/count
export COUNT
: >"$COUNT"

# expect_runs N: that it ran so often since the last call.
expect_runs() {
	runs=$(wc -l <"$COUNT")
	[ "$runs" -eq "$1" ] || fail "ran $runs times, not $1"
	cp "$COUNT" "$T_DIR/last"
	: >"$COUNT"
}
