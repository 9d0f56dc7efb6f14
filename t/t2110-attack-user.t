#!/bin/sh
# All attacks once more as an ordinary user, when the tests run as root: much
# of what holds root does not hold a user, and the other way round.
. "${0%/*}/lib.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'these are an ordinary user'"'"'s already'
need setpriv

# as_user COMMAND...: as nobody, with nothing of root's.
as_user() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
		env -u HOME -C /tmp AGENT_BUILD="$T_BUILD" TMPDIR=/tmp "$@"
}
# What bwrap alone can do here and agent-sandbox cannot is no reason to skip.
as_user "$T_BUILD/cmd/agent-sandbox" --read-only true 2>why ||
	as_user bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev true \
		2>/dev/null ||
	skip_all "nobody makes no sandbox here: $(cat why)"

for file in "$T_SRC"/t/t210[0-9]-attack-*.t "$T_SRC"/t/t2010-*.t \
	"$T_SRC"/t/t2700-*.t; do
	it "$(basename "$file" .t), as an ordinary user"
	run as_user "$file"
	expect_status 0
	expect_out_lacks 'not ok'
done

done_testing
