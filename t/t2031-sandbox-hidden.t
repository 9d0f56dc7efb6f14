#!/bin/sh
# What is hidden from a command, somebody else changes: it is not told of it.
. "${0%/*}/lib.sh"
need_sandbox
mkdir ws ws/hidden ws/shown

# while_it_runs OPTION...: others make files that shells would act on.
while_it_runs() {
	rm -f ws/begun ws/go ws/*/.envrc
	agent-sandbox -C ws "$@" sh -c \
		'echo >begun; until [ -e go ]; do :; done' 2>"$T_DIR/err" &
	await 20 test -s ws/begun
	echo evil >ws/hidden/.envrc
	echo evil >ws/shown/.envrc
	echo >ws/go
	wait
}

it 'tells of both where it could have made them'
while_it_runs
expect_err_has 'and others'

it 'does not tell of what it could not see'
while_it_runs --hide "$PWD/ws/hidden" --hide "$PWD/ws/shown"
expect_err ''
while_it_runs --hide "$PWD/ws/hidden"
expect_err_has "'shown/.envrc'"
expect_err_lacks others

done_testing
