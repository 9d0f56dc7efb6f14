#!/bin/sh
# agent-undo: what is not an ordinary file with an ordinary name.
. "${0%/*}/lib.sh"
command -v git >/dev/null || skip_all 'there is no git'
mkdir -m 700 .agent

# Every name with what is there, but for .agent, .git and empty directories.
cat >"$T_DIR/state" <<'END'
use File::Find;
find({ no_chdir => 1, wanted => sub {
	if (m,/\.(git|agent)$,) { $File::Find::prune = 1; return }
	my $is = -l $_ ? "-> " . readlink : -f _ ? do {
		open my $f, "<", $_ or die; local $/;
		my $text = <$f> // ""; (-x $_ ? "x " : "- ") .
		length($text) . " " . unpack("%32C*", $text) . " " .
		substr $text, 0, 99 } : return;
	push @all, "$_ $is\n" } }, ".");
print sort @all;
END
state() {
	perl "$T_DIR/state"
}

mkdir sub "$(printf 'new\nline')" dir2file other
printf '* text eol=crlf\n*.c filter=lfs ident\n' >.gitattributes
# shellcheck disable=SC2016
# shellcheck disable=SC2016
printf 'a\r\nb\n$Id$\n' >sub/x.c
: >zero
printf 'x' >"$(printf 'bad\377name')"
printf 'y' >"$(printf 'new\nline/f\ng')"
for name in ' lead' 'tr ' '-dash' ':(top)magic' '*' '[x]' 'a\b' '"q"'; do
	echo "$name" >"./$name"
done
echo run >run && chmod 755 run
ln -s nowhere dangling
ln -s sub link2dir
echo t >file2dir
echo t >dir2file/t
head -c 3000000 /dev/zero >large
echo o >other/o
state >"$T_DIR/before"
first=$(agent-undo take)

it 'goes back to all of it'
chmod 644 run
rm zero dangling link2dir file2dir "$(printf 'bad\377name')" ./' lead' \
	./-dash './:(top)magic' './*' './[x]' './a\b'
rm -r "$(printf 'new\nline')" dir2file
ln -s elsewhere dangling
mkdir link2dir file2dir newdir
echo in >link2dir/in
echo in >file2dir/in
echo in >newdir/in
echo f >dir2file
printf 'A\r\nB\n' >sub/x.c
echo x >>large
mkfifo fifo
state >"$T_DIR/after"
run agent-undo restore "$first"
expect_status 0
state >"$T_DIR/out"
expect_ok cmp -s "$T_DIR/before" "$T_DIR/out"

it 'takes that back'
run agent-undo restore '~1'
expect_status 0
state >"$T_DIR/out"
expect_ok cmp -s "$T_DIR/after" "$T_DIR/out"

it 'sees a change that leaves size and time as they were'
agent-undo take >"$T_DIR/out"
touch -r sub/x.c "$T_DIR/time"
printf 'Z\r\nB\n' >sub/x.c
touch -r "$T_DIR/time" sub/x.c
run agent-undo diff '~0'
expect_out_has '+Z'

it 'keeps the rest where a repository has no commit yet'
git init -q made
echo more >./more
run agent-undo take
expect_status 0
expect_err "agent-undo: left out: 'made/' does not have a commit checked out"
run agent-undo diff '~1'
expect_status 0
expect_out_has more

it 'goes on keeping files where somebody makes a repository of them'
git init -q other
git -C other -c user.name=u -c user.email=u@h commit -q --allow-empty -m x
echo changed >other/o
run agent-undo take
run agent-undo restore "$first" other
expect_ok [ "$(cat other/o)" = o ]

it 'removes what is new in a part, and nothing else'
echo new >sub/new
echo new >new2
run agent-undo restore '~0' sub
expect_not [ -e sub/new ]
expect_ok [ -e new2 ]

it 'fails where nothing can be kept'
echo new >new
chmod 500 .agent/checkpoints.git/objects .agent/checkpoints.git/objects/*
if [ "$(id -u)" -eq 0 ]; then
	# root may write where nobody may
	chmod 700 .agent/checkpoints.git/objects
	mv .agent/checkpoints.git/objects objects
	: >.agent/checkpoints.git/objects
fi
run agent-undo take
expect_not [ "$status" -eq 0 ]

it 'puts a first checkpoint into one pack, whatever a killed one left'
mkdir -p many/.agent && cd many || exit 1
for i in 1 2 3 4 5 6 7 8 9; do
	mkdir "d$i"
	for k in 1 2 3 4 5 6 7 8 9; do
		echo "$i $k" >"d$i/f$k"
	done
done
run env PATH="$T_DIR/nothing" "$T_BUILD/cmd/agent-undo" take
expect_status 127
mkdir -p .agent/checkpoints.git/objects/pack
echo half >.agent/checkpoints.git/objects/pack/tmp_pack_half
run agent-undo take
expect_status 0
first=$(cat "$T_DIR/out")
run find .agent/checkpoints.git/objects -type f -size -2 -name '*[0-9a-f]'
expect_ok [ "$(wc -l <"$T_DIR/out")" -lt 15 ]
run find .agent/checkpoints.git/objects/pack -name '*.pack' -o -name 'tmp_*'
expect_ok [ "$(wc -l <"$T_DIR/out")" -eq 1 ]
rm -r d1 d2/f2
run agent-undo restore "$first"
run agent-undo diff "$first"
expect_out ''
expect_file d1/f9 '1 9'

done_testing
