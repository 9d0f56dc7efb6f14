#!/bin/sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # for another shell, lib.sh
# What an overlay's own state, and taking it over, could be made to do.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

need jq
STATE=$HOME/.local/state/agent/overlay
[ -n "$OVERLAY" ] || skip_all 'no overlay on this host'
OVERLAY=''

# What another sandbox of the same user keeps aside.
attack_setup() {
	echo whole >"$CANARY"
	[ ! -d "$STATE" ] || chmod -R u+rwx "$STATE"
	rm -rf "$STATE"
	agent-sandbox --overlay=first sh -c 'echo "secret broken" >kept'
}
attack overlay-read "cat $STATE/*/first/upper/kept $STATE/*/first/merged/kept"
attack overlay-read-copy "cat $STATE/*/*/*/kept"
ATTACK_JUDGE="grep -qs evil $STATE/*/first/*/kept && echo broken"
attack overlay-write "echo evil | tee $STATE/*/first/upper/kept"
ATTACK_JUDGE="grep -qs copy $STATE/*/first/by && echo broken"
attack overlay-kind "for f in $STATE/*/first/by; do echo copy 0 >\$f; done"
ATTACK_JUDGE=''

# in_overlay OPTION SCRIPT: as a sandbox for a script, by any way.
in_overlay() {
	run agent-sandbox --overlay=x "$1" --env SECRET sh -c "$2"
}

for by in kernel fuse copy; do
	agent-sandbox --overlay=probe --overlay-by "$by" --on-exit discard \
		true 2>/dev/null || continue

	it "overlay-mark: marks of overlays are not the command's to set, $by"
	mkdir -p low && echo low >low/file
	in_overlay --overlay-by="$by" 'mkdir -p up; python3 -c "
import os
for name in \"overlay\", \"fuseoverlayfs\":
    for what, v in ((\"redirect\", \"/../../../..\" + os.environ[\"SECRET\"]),
            (\"redirect\", \"../secret-place\"), (\"opaque\", \"y\")):
        for path in \"up\", \"low\":
            try: os.setxattr(path, \"user.%s.%s\" % (name, what), v.encode())
            except OSError: pass"'
	in_overlay --overlay-by="$by" 'cat up/secret low/secret'
	expect_out_lacks broken
	# fuse-overlayfs does let "opaque": a deletion, which diff shows
	[ "$by" != fuse ] || expect_ok sh -c 'agent-sandbox --overlay=x diff |
		grep -q "deleted file"'
	[ "$by" = fuse ] || run agent-sandbox --overlay=x commit
	grep -qx low low/file || fail 'the workspace lost a file'
	agent-sandbox --overlay=x discard 2>/dev/null

	it "overlay-gone: a name is no deletion, $by"
	echo mine >mine
	in_overlay --overlay-by="$by" 'touch .wh.mine .wh..wh..opq'
	run agent-sandbox --overlay=x --accept '*' commit
	grep -qx mine mine || fail 'the workspace lost a file'
	agent-sandbox --overlay=x discard 2>/dev/null
	rm -f .wh*
done

# Somebody who shares the workspace moves a link to and fro meanwhile.
race() {
	python3 -c '
import os
secret = os.environ["SECRET"]
while True:
    for kind in (lambda: os.mkdir("way"), lambda: os.symlink(secret, "way")):
        try: kind()
        except OSError: pass
        try: os.rename("way", "gone")
        except OSError: pass
        try: os.unlink("gone")
        except OSError:
            try: os.system("rm -rf gone")
            except OSError: pass' &
}
race_lost() {
	[ -e "$SECRET/planted" ]
}

it 'commit-race: the control does follow the link'
ln -sfn "$SECRET" way
mkdir -p plain/way && echo x >plain/way/planted
cp -r plain/way/. way/
expect_ok race_lost
rm -rf "$SECRET/planted" way plain

it 'commit-race: a link that comes and goes is never followed'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	in_overlay --overlay-by=auto 'mkdir -p way; echo x >way/planted'
	race
	racer=$!
	agent-sandbox --overlay=x commit >/dev/null 2>&1
	kill "$racer" && wait "$racer" 2>/dev/null
	rm -rf way gone
	agent-sandbox --overlay=x discard 2>/dev/null
done
expect_not race_lost

it 'report-link: a link left in the way of a report is not followed'
for t_option in --report --audit; do
	ln -sfn "$CANARY" report
	run agent-sandbox "$t_option" report true
	expect_status 125
	expect_ok grep -qx whole "$CANARY"
done
run agent-sandbox --report /dev/stdout true
expect_status 0
expect_out_has sandbox.end

it 'record-forge: a name cannot end a record, or reach a terminal'
run agent-sandbox --audit "$T_DIR/audit" sh -c 'for name in \
	"$(printf "/usr/a\n{\"type\":\"sandbox.forged\"}")" \
	"$(printf "/usr/\033[2Jb")"; do echo x >"$name"; done'
jq -e . "$T_DIR/audit" >/dev/null || fail 'a line is no record'
expect_ok grep -q forged "$T_DIR/audit"
expect_not grep -q '^{"type":"sandbox.forged"' "$T_DIR/audit"
expect_not grep -q "$(printf '\033')" "$T_DIR/audit"

done_testing
