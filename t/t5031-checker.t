#!/bin/sh
# The checker of bench/hub-crash sees each thing that must not be: commands
# that do wrong on purpose, in front of ours, are found out.

# shellcheck disable=SC2016
. "${0%/*}/lib.sh"

need sqlite3 setsid shuf
T_WAIT=170
mkdir -p liars/cmd
# liar NAME: a script from standard input, which knows the real one as $real.
liar() {
	{
		echo '#!/bin/sh'
		echo "real=$T_BUILD/cmd/$1"
		echo 'luck=$(od -An -N1 -tu1 /dev/urandom)'
		cat
		echo 'exec "$real" "$@"'
	} >"liars/cmd/$1"
	chmod +x "liars/cmd/$1"
}

it 'finds nothing where nothing is wrong'
mkdir -p good/.agent good/log
(
	cd good || exit
	: >errors
	id=$(agent-send -q taken --key k k)
	echo "A k $id" >log/sender.one
	agent-recv -1 --auto -q taken >/dev/null
	printf 'T %s.1\nK %s.1\n' "$id" "$id" >log/taker.a
	: >log/asker.x
	: >log/ended.x
)
run sh -c 'cd good && sh "$1"' sh "$T_SRC/bench/hub-check"
expect_status 0
expect_out ''

liar agent-send <<'END'
case "$((luck % 4)) $*" in
# it says that it took it, and forgets it
"0 "*--key*)	printf '01JD%022d\n' "$luck$$"; exit ;;
# twice, under different keys: two ids for what is one
"1 "*--key*)
	set -- "$@" --key "other.$luck.$$" ;;
esac
END
liar agent-recv <<'END'
case $* in
# acknowledged, whatever became of the lease
*--ack*)	"$real" "$@" 2>/dev/null; exit 0 ;;
# handed to two at a time
-1*)	m=$("$real" "$@") || exit
	printf '%s\n' "$m"
	"$real" --nak "$(printf '%s\n' "$m" | jq -r .lease)" 2>/dev/null
	exit 0 ;;
esac
END
liar agent-work <<'END'
# each task by two
set -- -q worked -j 2 sh -c 'sh job & sh job; wait'
END
liar agent-gate <<'END'
case $* in
# everybody decides
answer*)	"$real" "$@" 2>/dev/null; exit 0 ;;
# and is not heard, or not for what it was
*--key\ x.2\ *)	"$real" "$@" >/dev/null; exit 75 ;;
ask*)	"$real" "$@" | sed 's/^/not /'; exit 0 ;;
esac
END

it 'but much where it is'
run env AGENT_BUILD="$PWD/liars" PATIENCE=2 sh "$T_SRC/bench/hub-crash" 8
expect_status 1
for text in 'accepted and not delivered' 'accepted and not done' \
	'keys with two ids' 'messages that share a key' \
	'settled after the next was given' 'two workers at one task' \
	'gates with two answers' 'askers that got another answer' \
	'askers that wait for an answer that was given'
do
	expect_out_has "$text"
done

it 'and damage to the file'
sqlite3 good/.agent/hub.db 'pragma wal_checkpoint(truncate)' >/dev/null
printf 'garbage garbage garbage' |
	dd of=good/.agent/hub.db bs=1 seek=8192 conv=notrunc 2>/dev/null
run sh -c 'cd good && sh "$1"' sh "$T_SRC/bench/hub-check"
expect_status 1
expect_out_has damage

done_testing
