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
#
# From outside: AGENT_BUILD, the build tree (the source tree by default);
# T_WAIT, the seconds that one `run` may take; T_TOOL, a command to run ours
# under, such as 'valgrind -q --error-exitcode=99'.

set -u
umask 022
T_SRC=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
T_BUILD=${AGENT_BUILD:-$T_SRC}
T_NAME=$(basename -- "$0" .t)
T_WAIT=${T_WAIT:-60}
T_DIR=$(mktemp -d "${TMPDIR:-/tmp}/agent-test.XXXXXX") || exit 1
T_DIR=$(CDPATH='' cd -- "$T_DIR" && pwd -P)
t_count=0 t_failed=0 t_title='' t_bad='' t_cmd='' status=0
t_groups=''

# A killed test leaves nothing behind: what it started with `background` is
# ended with its children, its directory removed.
t_cleanup() {
	for t_pid in $t_groups; do
		kill -s KILL -- "-$t_pid" 2>/dev/null ||
			kill -s KILL "$t_pid" 2>/dev/null
	done
	cd / && chmod -R u+rwX "$T_DIR" 2>/dev/null
	rm -rf "$T_DIR"
}
trap t_cleanup EXIT
trap 'exit 1' HUP INT TERM

for t_var in $(env | sed -n 's/^\(AGENT_[A-Z_]*\)=.*/\1/p
	s/^\([A-Z_]*_API_KEY\)=.*/\1/p; s/^\(XDG_[A-Z_]*\)=.*/\1/p
	s/^\([A-Z]*_BASE_URL\)=.*/\1/p; s/^\(OLLAMA_[A-Z]*\)=.*/\1/p
	s/^\(GIT_[A-Z_]*\)=.*/\1/p'); do
	unset "$t_var"
done
unset TRACEPARENT NO_COLOR CLICOLOR_FORCE COLUMNS LINES MAKEFLAGS MAKELEVEL \
	http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
mkdir "$T_DIR/home" "$T_DIR/work" "$T_DIR/bin"
: >"$T_DIR/out"
: >"$T_DIR/err"
HOME=$T_DIR/home
PATH=$T_BUILD/cmd:$PATH
LC_ALL=C.UTF-8
TZ=UTC0
GIT_CONFIG_NOSYSTEM=1
export HOME PATH LC_ALL TZ GIT_CONFIG_NOSYSTEM
cd "$T_DIR/work" || exit 1
exec </dev/null

if [ -n "${T_TOOL:-}" ]; then
	while read -r t_name; do
		printf '#!/bin/sh\nexec %s %s "$@"\n' "$T_TOOL" \
			"$T_BUILD/cmd/$t_name" >"$T_DIR/bin/$t_name"
		chmod +x "$T_DIR/bin/$t_name"
	done <"$T_BUILD/cmd/.commands"
	PATH=$T_DIR/bin:$PATH
fi

diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# t_show WHAT FILE: the beginning of it, for a failure.
t_show() {
	[ ! -s "$2" ] || diag "$1  $(head -c 3000 "$2")"
}

# The end of the open test point.
t_close() {
	if [ -z "$t_title" ]; then
		[ -n "$t_bad" ] || return 0
		t_title='(outside of any test point)'
	fi
	t_count=$((t_count + 1))
	if [ -z "$t_bad" ]; then
		printf 'ok %d - %s\n' "$t_count" "$t_title"
	else
		t_failed=$((t_failed + 1))
		printf 'not ok %d - %s\n' "$t_count" "$t_title"
		diag "$t_bad"
		diag "command: $t_cmd"
		diag "status:  $status"
		t_show stdout: "$T_DIR/out"
		t_show stderr: "$T_DIR/err"
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

# skip WHY: the open point counts as passed, and says why it was not tried;
# one that has failed already stays failed.
skip() {
	[ -n "$t_bad" ] || t_title="$t_title # SKIP $*"
	t_close
}

# skip_all WHY: this host cannot run the file at all.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# need COMMAND...: without these the file is not run.
need() {
	for t_name; do
		command -v "$t_name" >"$T_DIR/out" ||
			skip_all "$t_name is not installed"
	done
}

# no_sandbox: says why nobody can make a sandbox on this host (a kernel or a
# container without user namespaces, a chroot); fails when agent-sandbox can,
# or bwrap alone, so that an agent-sandbox that does not work where one could
# be made is not taken for a reason.
no_sandbox() {
	if ! command -v bwrap >/dev/null; then
		echo 'bwrap is not installed'
	elif agent-sandbox true >/dev/null 2>"$T_DIR/why" ||
		bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true \
			2>/dev/null; then
		return 1
	else
		head -n 1 "$T_DIR/why"
	fi
}

# need_sandbox: without one the file is not run.
need_sandbox() {
	! t_why=$(no_sandbox) || skip_all "$t_why"
}

fail() {
	t_bad=${t_bad:+$t_bad
}$*
}

# run COMMAND...: its stdout goes to $T_DIR/out, stderr to $T_DIR/err, its
# status into $status.  One that takes longer than $T_WAIT seconds is killed,
# which is status 137: 124 might be what the test expects.
run() {
	t_cmd=$*
	case $(command -v -- "$1") in
	*/*)	timeout -s KILL "$T_WAIT" "$@" >"$T_DIR/out" 2>"$T_DIR/err" ;;
	*)	"$@" >"$T_DIR/out" 2>"$T_DIR/err" ;;
	esac
	status=$?
}

# background COMMAND...: started in a group of its own, killed with it at the
# end of the test; $! is both.  A shell starts what is in the background with
# SIGINT ignored; ours is not.
background() {
	setsid env --default-signal=INT,QUIT "$@" &
	t_groups="$t_groups $!"
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

# gone PID: that no such process is left, or only its remains; for await.
gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' \
		"/proc/$1/status" 2>/dev/null
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
	# shellcheck disable=SC1003
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

# expect_file FILE TEXT
expect_file() {
	if [ -f "$1" ]; then
		t_same "$1" "$2" "$1"
	else
		fail "there is no file '$1'"
	fi
}

# t_has WHAT FILE TEXT...: that it has each of these, literally.
t_has() {
	t_what=$1 t_file=$2
	shift 2
	for t_text; do
		grep -qF -e "$t_text" "$t_file" ||
			fail "$t_what lacks '$t_text'"
	done
}

t_lacks() {
	t_what=$1 t_file=$2
	shift 2
	for t_text; do
		! grep -qF -e "$t_text" "$t_file" ||
			fail "$t_what has '$t_text'"
	done
}

expect_out_has() {
	t_has stdout "$T_DIR/out" "$@"
}

expect_err_has() {
	t_has stderr "$T_DIR/err" "$@"
}

expect_out_lacks() {
	t_lacks stdout "$T_DIR/out" "$@"
}

expect_err_lacks() {
	t_lacks stderr "$T_DIR/err" "$@"
}

# expect_json FILTER: that jq gives true for all the values on stdout together
# (an array of them); `last` and `.[0]` pick one.
expect_json() {
	jq -es "$1" "$T_DIR/out" >"$T_DIR/jq.out" 2>"$T_DIR/jq.err" ||
		fail "stdout does not satisfy: $1
$(cat "$T_DIR/jq.err")"
}

done_testing() {
	t_close
	echo "1..$t_count"
	[ "$t_failed" -eq 0 ]
	exit
}
