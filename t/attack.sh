# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# attack.sh: what the tests of attacks share.
#
#	attack NAME 'SCRIPT' [VARIABLE=VALUE...]
#
# The script is run by sh in a workspace and says "broken" when it got what it
# wanted.  First without a sandbox: an attack that cannot succeed on this host
# proves nothing and is skipped.  Then in one, and in one with an overlay,
# where it must not.
#
#	attack_later NAME 'SCRIPT'
#
# What a shared workspace cannot hold, and what happens outside: the script
# may do what it wants, and ATTACK_JUDGE, a script that is run outside
# afterwards, says "broken".  Held by the overlay; without one it must be told
# on stderr what was done, if ATTACK_TOLD is in it.
#
# $SECRET is a directory beside the workspace with a file "secret", $CANARY
# one that must stay as it is.  ATTACK_OPTIONS are more options, ATTACK_WRAP
# words to run all of it under; ATTACK_CONTROL, words to run the control
# under, where it would harm the host (a plain bwrap line, say).

need python3
need_sandbox

SECRET=$T_DIR/secret-place
CANARY=$SECRET/canary
ATTACK_OPTIONS='' ATTACK_WRAP='' ATTACK_CONTROL='' ATTACK_JUDGE='' ATTACK_TOLD=''
mkdir -p "$SECRET" "$HOME/.ssh" "$HOME/.config/gh" "$HOME/.aws" ws
echo "secret broken" >"$SECRET/secret"
for t_file in .ssh/id_ed25519 .config/gh/hosts.yml .aws/credentials .bashrc
do
	echo "secret broken" >"$HOME/$t_file"
done
cd ws || exit 1
WS=$PWD
export SECRET CANARY WS

# What a test wants before each run.
attack_setup() {
	echo whole >"$CANARY"
}

# An overlay, if the kernel has them for us.
OVERLAY=
! agent-sandbox --overlay=probe --on-exit discard true 2>/dev/null ||
	OVERLAY='--overlay=attack --on-exit discard'

# attack_broke: whether the last run did, by its own word or by the judge's.
attack_broke() {
	if [ -n "$ATTACK_JUDGE" ]; then
		sh -c "$ATTACK_JUDGE" 2>/dev/null | grep -q broken
	else
		grep -q broken "$T_DIR/out"
	fi
}

# attack_alone: without a sandbox; false when it cannot succeed here.
attack_alone() {
	attack_setup
	# shellcheck disable=SC2086
	run $ATTACK_CONTROL $ATTACK_WRAP env "$@" sh -c "$t_script"
	attack_broke
}

# attack_in OPTIONS [VARIABLE=VALUE...]
attack_in() {
	t_more=$1
	shift
	attack_setup
	# the caller's own variables, as a shell of the person has them
	# shellcheck disable=SC2086
	run $ATTACK_WRAP env "$@" agent-sandbox --env SECRET --env CANARY \
		--env WS $t_more $ATTACK_OPTIONS sh -c "$t_script"
	[ "$status" -ne 125 ] || fail 'the sandbox did not start'
	grep -qx whole "$CANARY" || fail 'the canary was changed'
}

attack() {
	it "$1"
	t_script=$2
	shift 2
	if ! attack_alone "$@"; then
		skip 'it cannot succeed on this host'
		return
	fi
	for t_how in '' "$OVERLAY"; do
		attack_in "$t_how" "$@"
		! attack_broke || fail "it broke out${t_how:+ of an overlay}"
	done
}

attack_later() {
	it "$1"
	t_script=$2
	shift 2
	attack_alone "$@" || fail 'the control did not succeed'
	attack_in '' "$@"
	[ -z "$ATTACK_TOLD" ] || expect_err_has "$ATTACK_TOLD"
	if [ -z "$OVERLAY" ]; then
		skip 'no overlay on this host'
		return
	fi
	attack_in "$OVERLAY" "$@"
	! attack_broke || fail 'it broke out of an overlay'
}

# call NAME NUMBER ARGUMENTS: a script that makes a system call and says
# "broken" unless it was refused.
call() {
	cat <<-EOF
	python3 -c 'import ctypes, os
	libc = ctypes.CDLL(None, use_errno=True)
	r = libc.syscall($1, $2)
	e = ctypes.get_errno()
	print("broken" if r >= 0 or e not in (1, 38, 97) else "held", r, e)'
	EOF
}
