#!/bin/sh
# agent: runs agent-NAME, lists what there is, opens pages.
# shellcheck disable=SC2016 # dollars in scripts that are written here
. "${0%/*}/lib.sh"

# script NAME LINE...: an executable in ./bin.
mkdir bin
script() {
	t_name=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"bin/$t_name"
	chmod +x "bin/$t_name"
}

script agent-hello '# agent-hello: say hello' 'echo "$0: $*"; exit 7'
script agent-quiet ':'
printf '#!/bin/sh\n# agent-evil: a\033[2J b\n' >bin/agent-evil
chmod +x bin/agent-evil
script agent-old~ ':'
echo 'not executable' >bin/agent-plain
mkdir bin/agent-dir
script agent-watch 'echo no'
PATH=$PWD/bin:$PATH

it 'runs a command that is beside it'
run agent tool list
expect_status 0
expect_out_has 'read_file'

it 'prefers its own to those of PATH'
run agent watch --version
expect_out_has 'agent-watch (agentutils)'

it 'runs a script, with all arguments and its status'
run agent hello -v --version 'a b'
expect_status 7
expect_out "$PWD/bin/agent-hello: -v --version a b"

it 'lists commands and what they do'
run agent
expect_status 0
expect_out_has 'watch' 'show what agents do' 'hello' 'say hello' \
	"$PWD/bin/agent-quiet"
expect_out_lacks 'old' 'plain' 'dir' '.o '
grep '^evil ' "$T_DIR/out" >evil
expect_ok grep -qx 'evil *a b' evil
sort -c "$T_DIR/out" || fail 'not sorted'
cp "$T_DIR/out" listed

it 'lists them for help too'
run agent help
expect_ok cmp -s listed "$T_DIR/out"

it 'knows no command of another name, but what was meant'
run agent wach
expect_status 127
expect_err "agent: there is no command 'wach', did you mean 'watch'?"
for name in ../bin/agent-hello '' old~ plain dir Hello help/x; do
	run agent "$name" x
	expect_status 127
done

it 'does not run what is in the current directory'
cd bin || exit
PATH=.::/usr/bin:/bin run "$T_BUILD/cmd/agent" hello
expect_status 127
cd ..

it 'says what cannot be run'
printf '#!/no/such/interpreter\n' >bin/agent-broken
chmod +x bin/agent-broken
run agent broken
expect_status 127
printf 'MZ no program' >bin/agent-binary
chmod +x bin/agent-binary
run agent binary
expect_status 126

it 'opens the page'
mkdir man
printf '%s\n' '#!/bin/sh' 'echo "page $2"' >man/man
chmod +x man/man
PATH=$PWD/man:$PATH run agent help watch
expect_status 0
expect_out "page $T_SRC/man/agent-watch.1"
PATH=$PWD/man:$PATH run agent help config
expect_out "page $T_SRC/man/agent-config.5"
PATH=$PWD/man:$PATH run agent help agentutils
expect_out "page $T_SRC/man/agentutils.7"

it 'or prints the usage, without man'
run env PATH="$PWD/bin" "$T_BUILD/cmd/agent" help tool
expect_status 0
expect_out_has 'usage: agent-tool'

it 'has no page about what is not there'
run agent help nothing
expect_status 127
run agent help a b
expect_status 2

done_testing
