# shellcheck shell=sh disable=SC2034
# lib.sh: what every test in t/ starts with:
#
#	. "${0%/*}/lib.sh"
#
#	it 'says how many'
#	run agent-thing --count <input
#	expect_status 0
#	expect_out '3'
#
#	done_testing
#
# A test runs in a fresh directory of its own, with our commands first in
# PATH, a HOME of its own, no keys, stdin from /dev/null.  `it` opens a test
# point and closes the one before; a point fails when any expectation after
# it does, and then says what was run, its status, its output and its errors.

set -u
T_SRC=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
T_BUILD=${AGENT_BUILD:-$T_SRC}
T_NAME=$(basename -- "$0" .t)
T_WAIT=${T_WAIT:-60}		# seconds that one `run` may take
T_DIR=$(mktemp -d "${TMPDIR:-/tmp}/agent-test.XXXXXX") || exit 1
T_DIR=$(CDPATH='' cd -- "$T_DIR" && pwd -P)
t_count=0 t_failed=0 t_title='' t_bad='' t_cmd='' status=0
t_pids=''

# A killed test leaves nothing behind: what it started with `background` is
# ended, its directory removed.
t_cleanup() {
	for t_pid in $t_pids; do
		kill -9 "$t_pid" 2>/dev/null
	done
	cd / && chmod -R u+rwX "$T_DIR" 2>/dev/null
	rm -rf "$T_DIR"
}
trap t_cleanup EXIT
trap 'exit 1' HUP INT TERM

for t_var in $(env | sed -n 's/^\(AGENT_[A-Z_]*\)=.*/\1/p
	s/^\([A-Z_]*_API_KEY\)=.*/\1/p; s/^\(XDG_[A-Z_]*\)=.*/\1/p
	s/^\([A-Z]*_BASE_URL\)=.*/\1/p; s/^\(OLLAMA_[A-Z]*\)=.*/\1/p'); do
	unset "$t_var"
done
unset TRACEPARENT NO_COLOR http_proxy https_proxy all_proxy HTTP_PROXY \
	HTTPS_PROXY ALL_PROXY
mkdir "$T_DIR/home" "$T_DIR/work"
HOME=$T_DIR/home
PATH=$T_BUILD/cmd:$PATH
LC_ALL=C.UTF-8
export HOME PATH LC_ALL
cd "$T_DIR/work" || exit 1
exec </dev/null

diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# The end of the open test point.
t_close() {
	[ -n "$t_title" ] || return 0
	t_count=$((t_count + 1))
	if [ -z "$t_bad" ]; then
		printf 'ok %d - %s\n' "$t_count" "$t_title"
	else
		t_failed=$((t_failed + 1))
		printf 'not ok %d - %s\n' "$t_count" "$t_title"
		diag "$t_bad"
		diag "command: $t_cmd"
		diag "status:  $status"
		[ ! -s "$T_DIR/out" ] || diag "stdout:  $(head -c 3000 "$T_DIR/out")"
		[ ! -s "$T_DIR/err" ] || diag "stderr:  $(head -c 3000 "$T_DIR/err")"
	fi
	t_title='' t_bad=''
}

it() {
	t_close
	t_title=$*
	: >"$T_DIR/out"
	: >"$T_DIR/err"
	status=0 t_cmd=''
}

# skip WHY: the open point counts as passed, and says why it was not tried.
skip() {
	t_title="$t_title # SKIP $*"
	t_close
}

# skip_all WHY: this host cannot run the file at all.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

fail() {
	t_bad=${t_bad:+$t_bad
}$*
}

# run COMMAND...: its stdout goes to $T_DIR/out, stderr to $T_DIR/err, its
# status into $status.  One that takes longer than $T_WAIT seconds is killed.
run() {
	t_cmd=$*
	case $(command -v "$1") in
	/*) timeout -k 5 "$T_WAIT" "$@" >"$T_DIR/out" 2>"$T_DIR/err" ;;
	*) "$@" >"$T_DIR/out" 2>"$T_DIR/err" ;;
	esac
	status=$?
}

# background COMMAND...: started, killed at the end of the test; $! is it.
background() {
	"$@" &
	t_pids="$t_pids $!"
}

# await SECONDS COMMAND...: until it succeeds; false when it never did.
await() {
	t_until=$(($(date +%s) + $1))
	shift
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -le "$t_until" ] || return 1
		perl -e 'select undef, undef, undef, 0.02'
	done
}

expect_status() {
	[ "$status" -eq "$1" ] || fail "expected status $1, got $status"
}

# expect_ok COMMAND...: that it succeeds.
expect_ok() {
	"$@" || fail "failed: $*"
}

expect_not() {
	! "$@" || fail "did not fail: $*"
}

# t_same WHAT WANTED FILE
t_same() {
	printf '%s\n' "$2" >"$T_DIR/want"
	# a missing last newline is no difference to a reader of $(...)
	sed -e '$a\' "$3" >"$T_DIR/got"
	[ -n "$2" ] || : >"$T_DIR/want"
	cmp -s "$T_DIR/want" "$T_DIR/got" ||
		fail "$1 differs:
$(diff -u "$T_DIR/want" "$T_DIR/got" | sed 1,2d | head -40)"
}

# expect_out TEXT: that stdout is exactly this.
expect_out() {
	t_same stdout "$1" "$T_DIR/out"
}

expect_err() {
	t_same stderr "$1" "$T_DIR/err"
}

# expect_out_has TEXT...: that stdout has each of these, literally.
expect_out_has() {
	for t_text; do
		grep -qF -e "$t_text" "$T_DIR/out" ||
			fail "stdout lacks '$t_text'"
	done
}

expect_err_has() {
	for t_text; do
		grep -qF -e "$t_text" "$T_DIR/err" ||
			fail "stderr lacks '$t_text'"
	done
}

expect_out_lacks() {
	for t_text; do
		! grep -qF -e "$t_text" "$T_DIR/out" ||
			fail "stdout has '$t_text'"
	done
}

expect_err_lacks() {
	for t_text; do
		! grep -qF -e "$t_text" "$T_DIR/err" ||
			fail "stderr has '$t_text'"
	done
}

# expect_json FILTER: that jq gives true for all the values on stdout together
# (an array of them); `last` and `.[0]` pick one.
expect_json() {
	jq -es "$1" "$T_DIR/out" >/dev/null 2>"$T_DIR/jq.err" ||
		fail "stdout does not satisfy: $1
$(cat "$T_DIR/jq.err")"
}

done_testing() {
	t_close
	echo "1..$t_count"
	[ "$t_failed" -eq 0 ]
	exit
}
