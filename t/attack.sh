# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# attack.sh: what the tests of attacks share.
#
#	attack NAME 'SCRIPT'
#
# The script is run by sh in a workspace and says "broken" when it got what it
# wanted.  First without a sandbox: an attack that cannot succeed on this host
# proves nothing and is skipped.  Then in one, where it must not.
#
# $SECRET is a directory beside the workspace with a file "secret", $CANARY
# one that must stay as it is.

need python3
need_sandbox

SECRET=$T_DIR/secret-place
CANARY=$SECRET/canary
ATTACK_OPTIONS=
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

attack() {
	it "$1"
	t_script=$2
	shift 2
	attack_setup
	run env "$@" sh -c "$t_script"
	if ! grep -q broken "$T_DIR/out"; then
		skip 'it cannot succeed on this host'
		return
	fi
	attack_setup
	# the caller's own variables, as a shell of the person has them
	# shellcheck disable=SC2086
	run env "$@" agent-sandbox --env SECRET --env CANARY --env WS \
		$ATTACK_OPTIONS sh -c "$t_script"
	[ "$status" -ne 125 ] || fail 'the sandbox did not start'
	expect_out_lacks broken
	grep -qx whole "$CANARY" || fail 'the canary was changed'
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
