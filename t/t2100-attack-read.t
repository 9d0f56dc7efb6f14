#!/bin/sh
# shellcheck disable=SC2016,SC2034,SC2317 # other shells'; attack.sh's
# Reading what is none of the command's business.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

attack read-ssh-key 'cat ~/.ssh/id_ed25519'
attack read-aws 'cat ~/.aws/credentials'
attack read-gh-token 'cat ~/.config/gh/hosts.yml'
mkdir -p "$HOME/other-project"
echo 'secret broken' >"$HOME/other-project/file"
attack read-home 'cat ~/other-project/file'
attack read-outside 'cat "$SECRET/secret"'
attack read-dotdot 'cat ../../secret-place/secret'
ln -s "$SECRET/secret" old-link
attack read-symlink 'cat old-link'
attack read-symlink-made 'ln -sf "$SECRET/secret" new-link; cat new-link'
attack read-self-root 'cat "/proc/self/root$SECRET/secret"'
attack read-pid1-root 'for p in 1 $PPID; do
	cat "/proc/$p/root$SECRET/secret" "/proc/$p/cwd/../../secret-place/secret"
done'
attack read-shadow 'grep -q : /etc/shadow && echo broken'

host_tmp=$(mktemp /tmp/agent-test.XXXXXX)
host_shm=$(mktemp /dev/shm/agent-test.XXXXXX)
echo broken >"$host_tmp"
echo broken >"$host_shm"
attack read-host-tmp 'cat /tmp/agent-test.??????'
attack read-host-shm 'cat /dev/shm/agent-test.*'
export host_tmp host_shm
ATTACK_OPTIONS='--env host_tmp --env host_shm'
ATTACK_JUDGE='grep -l evil "$host_tmp" "$host_shm" && echo broken'
attack_setup() {
	echo whole >"$CANARY"
	echo broken >"$host_tmp"
	echo broken >"$host_shm"
}
attack write-host-tmp 'echo evil >"$host_tmp"'
attack write-host-shm 'echo evil >"$host_shm"'
ATTACK_OPTIONS='' ATTACK_JUDGE=''
attack_setup() {
	echo whole >"$CANARY"
}
rm -f "$host_tmp" "$host_shm"

exec 7<"$SECRET" 8<"$SECRET/secret"
attack read-inherited-fd 'cat <&8; cat /proc/self/fd/7/secret /dev/fd/7/secret'
attack write-inherited-fd 'echo x >/proc/self/fd/7/canary && echo broken'
exec 7<&- 8<&-

it 'write-stdin: what is read from can only be read'
echo whole >"$SECRET/input"
sh -c 'echo evil >/proc/self/fd/0' <"$SECRET/input"
expect_ok grep -q evil "$SECRET/input"
echo whole >"$SECRET/input"
if agent-sandbox --check | grep -q 'Landlock ABI \([3-9]\|[1-9][0-9]\)'; then
	for t_how in '' "$OVERLAY" '--max-output 0'; do
		# shellcheck disable=SC2086
		agent-sandbox $t_how sh -c 'cat; (echo evil >/proc/self/fd/0)
			(: >/proc/self/fd/0); echo fine >/dev/stdout' \
			<"$SECRET/input" >got 2>/dev/null
		expect_ok grep -qx whole "$SECRET/input"
		expect_ok grep -qx fine got
	done
else
	skip 'a kernel without Landlock for files'
fi

attack env-secrets 'echo "$GITHUB_TOKEN"' GITHUB_TOKEN=broken
attack env-pid1 'tr "\0" "\n" <"/proc/1/environ"; cat /proc/*/environ |
	tr "\0" "\n" | grep KEY=' SOME_API_KEY=broken

HOST_SECRET=broken sleep 1000 &
victim=$!
attack env-host-procs 'cat /proc/[0-9]*/environ | tr "\0" "\n" |
	grep HOST_SECRET='
export VICTIM="$victim"
ATTACK_OPTIONS='--env VICTIM'
attack ps-host 'cat /proc/[0-9]*/cmdline | tr "\0" " " |
	grep -q "slee[p] 1000" && echo broken'
attack kill-host 'kill -0 "$VICTIM" && echo broken'
attack ptrace-host 'python3 -c "
import ctypes, os
r = ctypes.CDLL(None).ptrace(16, int(os.environ[\"VICTIM\"]), 0, 0)
print(\"broken\" if r == 0 else r)"'
sh -c 'exec sleep 1000' &
VICTIM=$!
attack vmread-host 'python3 -c "
import os
f = open(\"/proc/%s/mem\" % os.environ[\"VICTIM\"], \"rb\")
print(\"broken\")"'
kill -9 "$victim" "$VICTIM" 2>/dev/null
ATTACK_OPTIONS=

echo 'broken' >.env
ATTACK_OPTIONS='--hide .env --hide *.pem'
attack ws-dotenv 'cat .env'
echo broken >key.pem
attack ws-pattern 'cat key.pem'
ATTACK_OPTIONS=
attack raw-devices 'for d in /dev/mem /dev/sd? /dev/vd? /dev/kvm /dev/fuse
	do test -r $d && : <$d && echo broken $d; done'
attack read-dmesg 'dmesg | grep -q . && echo broken'

done_testing
