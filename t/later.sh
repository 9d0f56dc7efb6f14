# shellcheck shell=sh
# later.sh: what a checkpoint does when files have settled, after lib.sh:
#
#	. "$T_SRC/t/later.sh"
#	later agent-undo take
#
# What git is asked meanwhile is a line each in $T_DIR/log.

cc -shared -fPIC -o "$T_DIR/shim" "$T_SRC/t/clock-shim.c" -ldl \
	2>"$T_DIR/why" || skip_all 'there is no compiler'

# shellcheck disable=SC2016 # for another shell
printf '#!/bin/sh\necho "$*" >>"%s"\nexec "%s" "$@"\n' "$T_DIR/log" \
	"$(command -v git)" >"$T_DIR/bin/git"
chmod +x "$T_DIR/bin/git"
echo 60 >"$T_DIR/offset"

# later COMMAND...: a minute from now, when files that change now have settled
later() {
	: >"$T_DIR/log"
	run env PATH="$T_DIR/bin:$PATH" LD_PRELOAD="$T_DIR/shim" \
		CLOCK_OFFSET="$T_DIR/offset" "$@"
	expect_status 0
}
