#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# What is different when root starts it.
. "${0%/*}/lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'for root'
need_sandbox
chmod 755 "$T_DIR" "$T_DIR/work"

it 'says why root cannot write a workspace of somebody else'
mkdir -m 755 theirs
chown 65534:65534 theirs
run agent-sandbox -C theirs sh -c ': >file'
expect_not test "$status" -eq 0
expect_err_has 'belongs to uid 65534' 'setpriv --reuid=65534'
run agent-sandbox -C theirs --read-only true
expect_err ''

it 'shows of /etc what programs need, and no secrets'
run agent-sandbox ls -A /etc
expect_out_has passwd group hosts nsswitch.conf
for name in shadow gshadow sudoers ssh krb5.keytab cron.d; do
	! grep -qx "$name" "$T_DIR/out" || fail "/etc/$name is there"
done

it 'has no capability, and cannot write the settings of the kernel'
run agent-sandbox sh -c 'id -u; grep CapEff /proc/self/status
	(: >>/proc/sys/kernel/core_pattern) || echo held'
expect_out_has 0 0000000000000000 held

done_testing
