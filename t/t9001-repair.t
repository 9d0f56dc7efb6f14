#!/bin/sh
# The main job: two agents repair a program, and a person watches.
. "${0%/*}/lib.sh"
for tool in git make cc; do
	command -v $tool >/dev/null || skip_all "there is no $tool"
done
need_sandbox

# The recording without its pauses.
jq -c 'del(.delay)' "$T_SRC/templates/demo.ndjson" >"$T_DIR/recording"
AGENT_MODEL=replay:$T_DIR/recording
PATH=$T_SRC/scripts:$PATH
export AGENT_MODEL PATH

# project NAME: a fresh copy of the program, and into it.
project() {
	cp -R "$T_SRC/templates/demo" "$T_DIR/$1" && cd "$T_DIR/$1" &&
		chmod -R u+w . && git init -q && git add -A &&
		git -c user.name=u -c user.email=u@h commit -qm program
}

it 'repairs the program'
project one
run repair
expect_status 0
expect_err ''
expect_out_has '+		if (*p == '"','"' && !quoted) {' \
	'ok: keeps a comma within quotes' "journal: $PWD/.agent/journal.ndjson"
run make -s test
expect_status 0

it 'shows what happens: agents, tools, files, tokens'
rm -rf .agent
git checkout -q csvsum.c
run repair 'make test'
expect_out_has coder reviewer shell 'make test' edit_file csvsum.c
expect_out_lacks specversion

it 'leaves a journal that can be asked'
run jq -r 'select(.type == "result").source' .agent/journal.ndjson
expect_out '/agent/coder
/agent/reviewer'

it 'says that there is nothing to repair'
run repair
expect_status 0
expect_err "repair: 'make test' passes: nothing to repair"

it 'fails, visibly, when what the tools say does not fit'
project two
sed -i 's/: expected/: wanted/' test.sh
run repair
expect_status 1
expect_err_has "repair: 'make test' still fails:"
expect_out_has 'no line of the recording fits'

it 'fails, visibly, when the source is another one'
project three
sed -i 's/int at = 1;/int at = 1, unused = 0;\n\t(void)unused;/
	s/if (\*p == '"','"')/if (p[0] == '"','"')/' csvsum.c
run repair
expect_status 1
expect_out_has 'no line of the recording fits'

done_testing
