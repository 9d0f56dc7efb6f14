#!/bin/sh
# shellcheck disable=SC2016 # scripts for another shell
# Risky changes are asked for by name, where somebody sits.
. "${0%/*}/lib.sh"

need script
need_sandbox
agent-sandbox --overlay=probe --on-exit discard true 2>probe.txt ||
	skip_all "no overlay here: $(cat probe.txt)"

it 'asks for each of them by name on a terminal'
for answers in 'y y 0' 'y n 77'; do
	rm -rf ws && mkdir ws && cd ws || exit
	run agent-sandbox --overlay sh -c 'echo x >"$(printf ".vim\033[2Jrc")"
		echo x >.vimrc; echo x >"[e]nvrc"; echo x >.envrc'
	# shellcheck disable=SC2086
	set -- $answers
	run sh -c 'printf "%s\n%s\n" "$1" "$2" | script -qec \
		"agent-sandbox commit; echo status \$?" /dev/null' sh "$@"
	expect_out_has "take '.envrc' (runs by itself)?" "status $3"
	expect_out_lacks "$(printf '\033[2J')"
	[ "$3" -ne 0 ] || expect_ok test -e .vimrc
	[ "$3" -eq 0 ] || expect_not test -e .vimrc
	run agent-sandbox discard
	cd ..
done

done_testing
