#!/bin/sh
# agent-undo: checkpoints, and back.
. "${0%/*}/lib.sh"
command -v git >/dev/null || skip_all 'there is no git'

it 'wants a workspace'
run agent-undo
expect_status 66
expect_err_has "no '.agent'"

mkdir -m 700 .agent
printf 'one\r\ntwo' >a
mkdir sub && echo deep >sub/file
printf '*.o\n' >.gitignore
echo object >x.o
ln -s a link

it 'has no checkpoints at first'
run agent-undo
expect_status 0
expect_out 'there are no checkpoints'

it 'takes one'
run agent-undo -m 'the first' take
expect_status 0
first=$(cat "$T_DIR/out")
expect_ok [ ${#first} -eq 12 ]

it 'takes no second when nothing has changed'
run agent-undo take
expect_status 0
expect_out "$first (nothing has changed)"

# All kinds of change.
echo more >>a
chmod +x sub/file
rm link
printf x >"a \"b\" \$(c)
d"
echo new >x.o

it 'shows what has changed, as a patch'
run agent-undo diff "$first"
expect_status 0
expect_out_has '+twomore' 'new mode 100755' 'deleted file mode 120000'
expect_out_lacks x.o

it 'shows that in some paths'
run agent-undo diff '~0' sub
expect_status 0
expect_out_has 'new mode 100755'
expect_out_lacks twomore

it 'goes back, byte for byte'
run agent-undo restore "$first"
expect_status 0
before=$(sed 's/.* //' "$T_DIR/out")
expect_ok [ "$(od -c a | cksum)" = "$(printf 'one\r\ntwo' | od -c | cksum)" ]
expect_ok [ "$(readlink link)" = a ]
expect_not [ -x sub/file ]
expect_ok [ "$(find . -name 'a "b"*' | wc -l)" -eq 0 ]

it 'leaves ignored files alone'
expect_ok [ "$(cat x.o)" = new ]

it 'takes the rollback back'
run agent-undo restore "$before"
expect_status 0
expect_ok grep -q more a
expect_ok [ -x sub/file ]
expect_ok [ "$(find . -name 'a "b"*' | wc -l)" -ge 1 ]

it 'goes back in part'
rm -r sub
run agent-undo restore "$first" sub
expect_status 0
expect_ok [ "$(cat sub/file)" = deep ]
expect_ok grep -q more a

it 'lists them, the newest first'
run agent-undo -n 50
expect_status 0
expect_ok [ "$(tail -1 "$T_DIR/out" | cut -c1-12)" = "$first" ]
expect_out_has 'the first'

it 'lists them as JSON'
run agent-undo --json
expect_json 'last | .title == "the first" and .files == 4 and
	(.id | length) == 40'

it 'tells a checkpoint that is not there'
run agent-undo restore deadbeef
expect_status 66
run agent-undo restore "$first" sub nowhere
expect_status 66
expect_err_has nowhere
run agent-undo diff --output=x
expect_status 2

it "leaves the user's repository alone"
git init -q . && git add a && git -c user.name=u -c user.email=u@h commit -qm u
printf '#!/bin/sh\ntouch %s/hooked\n' "$PWD" >.git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
printf '* text=auto eol=crlf filter=evil\n' >.gitattributes
state=$(git status --porcelain; find .git -type f -exec cksum {} +)
printf 'lf\n' >b
run agent-undo take
printf 'other\n' >b
run agent-undo restore '~0'
expect_status 0
expect_ok [ "$(od -An -c b | tr -d ' ')" = 'lf\n' ]
rm b
expect_not [ -e hooked ]
expect_ok [ "$(git status --porcelain; find .git -type f -exec cksum {} +)" \
	= "$state" ]

it 'goes on after a git that was killed'
for name in index HEAD refs/heads/checkpoints; do
	: >".agent/checkpoints.git/$name.lock"
done
echo again >>a
run agent-undo take
expect_status 0

it 'keeps all of eight at once'
for i in 1 2 3 4 5 6 7 8; do
	{ echo $i >w$i && agent-undo -m "w$i" take >/dev/null; } &
done
wait
run agent-undo diff '~0'
expect_out ''

it 'tells that there is no git'
mkdir bin
PATH="$T_BUILD/cmd:$PWD/bin"
"$T_BUILD/cmd/agent-undo" >"$T_DIR/out" 2>"$T_DIR/err"
status=$?
PATH="$T_BUILD/cmd:/usr/local/bin:/usr/bin:/bin"
expect_status 127
expect_err_has "cannot run 'git'"

done_testing
