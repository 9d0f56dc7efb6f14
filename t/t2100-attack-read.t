#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# Reading what is none of the command's business.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

attack read-ssh-key 'cat ~/.ssh/id_ed25519'
attack read-aws 'cat ~/.aws/credentials'
attack read-gh-token 'cat ~/.config/gh/hosts.yml'
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
rm -f "$host_tmp" "$host_shm"

exec 7<"$SECRET" 8<"$SECRET/secret"
attack read-inherited-fd 'cat <&8; cat /proc/self/fd/7/secret /dev/fd/7/secret'
attack write-inherited-fd 'echo x >/proc/self/fd/7/canary && echo broken'
exec 7<&- 8<&-

attack env-secrets 'echo "$GITHUB_TOKEN"' GITHUB_TOKEN=broken
attack env-pid1 'tr "\0" "\n" <"/proc/1/environ"; cat /proc/*/environ |
	tr "\0" "\n" | grep KEY=' SOME_API_KEY=broken

sh -c 'exec sleep 1000' &
victim=$!
export VICTIM="$victim"
ATTACK_OPTIONS='--env VICTIM'
attack ps-host 'cat /proc/*/cmdline | grep -q "slee[p].1000" && echo broken'
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
