#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# Writing where the command has no business, or what runs later.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

try='&& echo broken'
attack write-outside "echo x >\"\$SECRET/made\" $try"
rm -f "$SECRET/made"

# on the host itself: $HOME is the test's own
attack write-home-rc 'echo x >>~/.bashrc; grep -q secret ~/.bashrc && echo broken'
it 'write-home-new'
run agent-sandbox sh -c 'mkdir -p ~/.config/autostart && echo x >~/.config/autostart/x.desktop && echo x >~/new'
expect_not test -e "$HOME/new"
expect_not test -e "$HOME/.config/autostart"

attack write-canary 'echo x >"$CANARY" && echo broken'
attack write-dotdot 'echo x >../../secret-place/canary && echo broken'
ln -s "$CANARY" link
attack symlink-write 'echo x >link && echo broken'
attack symlink-made 'ln -sf "$SECRET" d; echo x >d/canary && echo broken'
attack hardlink-made 'ln "$CANARY" hard && echo x >hard && echo broken'
rm -f hard
attack self-root-write 'echo x >"/proc/self/root$CANARY" && echo broken'
attack cwd-write 'echo x >"/proc/$PPID/cwd/../../secret-place/canary" &&
	echo broken'
attack proc-sys-write 'cat /proc/sys/kernel/core_pattern >core &&
	cat core >/proc/sys/kernel/core_pattern && echo broken'
attack sysrq '(: >>/proc/sysrq-trigger) && echo broken'
attack write-system 'for d in /etc /usr/local/bin /usr /opt; do
	touch $d/agent-test && rm $d/agent-test && echo broken; done'
attack remount-rw 'mount -o remount,rw /usr && echo broken'
attack mount-tmpfs 'mkdir -p m; mount -t tmpfs none m && echo broken &&
	umount m'
attack umount-mask 'umount -l /proc/sys || umount -l ~; cat ~/.ssh/* &&
	echo broken' HOME="$HOME"
attack userns-remount 'unshare -Urm sh -c "mount -t tmpfs none /opt" &&
	echo broken'
attack setuid-plant 'cp /bin/sh sh && chmod 4755 sh && test -u sh &&
	echo broken'
attack setuid-mknod 'python3 -c "
import os
os.close(os.open(\"s\", os.O_CREAT | os.O_WRONLY, 0o4755))
print(\"broken\" if os.stat(\"s\").st_mode & 0o4000 else \"held\")"'
attack device-plant 'mknod disk b 8 0 && echo broken'
rm -f disk sh s core
attack cgroup-write 'mkdir /sys/fs/cgroup/*/agent-test && echo broken &&
	rmdir /sys/fs/cgroup/*/agent-test'
attack sys-write 'f=/sys/kernel/mm/transparent_hugepage/enabled
	(: >>$f) && echo broken'
attack ws-swap 'mv "$WS" "$WS-away" && ln -s / "$WS" && echo broken; rm "$WS"
	mv "$WS-away" "$WS"'

done_testing
