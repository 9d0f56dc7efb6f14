#!/bin/sh
# What all commands have in common: help, misuse, versions, full disks, closed
# descriptors, and the pages that go with them.
. "${0%/*}/lib.sh"

need mandoc bash
. "$T_SRC/t/page.sh"

# their own failures are 125, so as not to be taken for their program's
WRAPPERS=' agent-sandbox '

# misused STATUS: one line of error, one of usage, nothing else.
misused() {
	expect_status "$1"
	expect_out ''
	[ "$(wc -l <"$T_DIR/err")" -eq 2 ] || fail 'stderr is not two lines'
	sed -n 1p "$T_DIR/err" | grep -q "^$c: ." ||
		fail "the first line is not '$c: ...'"
	sed -n 2p "$T_DIR/err" | grep -q "^usage: $c\( \|\$\)" ||
		fail "the second is not 'usage: $c ...'"
}

# An option that takes an argument, from the help on stdout.
option_with_argument() {
	grep -o -e '\[-[-a-z]* [A-Z]' "$T_DIR/out" | head -n 1 |
		sed 's/^\[//; s/ .*//'
}

run_commands() {
	it "$c --help is the SYNOPSIS of its page"
	run "$c" --help
	expect_status 0
	expect_err ''
	words <"$T_DIR/out" | sed 's/^usage: //' >help
	page_section "$T_SRC/man/$c.1" SYNOPSIS | words >synopsis
	cmp -s help synopsis || fail "$(diff help synopsis)"
	option=$(option_with_argument)

	it "$c -h is the same"
	run "$c" -h
	expect_status 0
	words <"$T_DIR/out" | sed 's/^usage: //' | cmp -s - help ||
		fail 'another text than --help'

	it "$c --version"
	run "$c" --version
	expect_status 0
	expect_err ''
	grep -qx "$c (agentutils) [0-9][0-9.]*" "$T_DIR/out" ||
		fail "not '$c (agentutils) VERSION'"

	case $WRAPPERS in
	*" $c "*) misuse=125 ;;
	*) misuse=2 ;;
	esac
	it "$c refuses an unknown long option"
	run "$c" --no-such-option
	misused "$misuse"
	expect_err_has "'--no-such-option'"

	it "$c refuses an unknown short option"
	run "$c" -~
	misused "$misuse"
	expect_err_has "'-~'"

	it "$c misses the argument of an option"
	if [ -n "$option" ]; then
		run "$c" "$option"
		misused "$misuse"
		expect_err_has "'$option' needs an argument"
	else
		skip 'none of its options takes one'
	fi

	it "$c fails on a full disk"
	run sh -c '"$0" --help >/dev/full' "$c"
	expect_status 74
	expect_err "$c: cannot write to standard output: No space left on device"

	it "$c works with a closed stdin, stdout, stderr"
	run sh -c '"$0" --help <&-' "$c"
	expect_status 0
	run sh -c '"$0" --help >&-' "$c"
	expect_status 74
	run sh -c '"$0" --help 2>&-' "$c"
	expect_status 0
	run sh -c '"$0" --no-such-option <&- >&- 2>&-' "$c"
	expect_status "$misuse"

	it "$c works without environment and without terminal"
	run setsid -w env -i "$(command -v "$c")" --help
	expect_status 0
	words <"$T_DIR/out" | sed 's/^usage: //' | cmp -s - help ||
		fail 'another text than --help'
}

check_pages() {
	it "$c has a page with exit statuses and examples"
	for section in NAME DESCRIPTION 'EXIT STATUS' EXAMPLES; do
		page_section "$T_SRC/man/$c.1" "$section" | grep -q . ||
			fail "man/$c.1 has no $section"
	done

	it "$c describes each of its options"
	for option in $(tr -c 'a-z-' '\n' <help | grep '^--.' | sort -u); do
		grep -q "^\.It .*Fl -${option#--}\( \|\$\)" \
			"$T_SRC/man/$c.1" || fail "man/$c.1 has no $option"
	done

	it "$c is in agentutils(7)"
	expect_ok grep -qx "\.It Xr $c 1" "$T_SRC/man/agentutils.7"

	it "$c has a test"
	expect_ok grep -q "\(^\|[^a-z-]\)$c\($\|[^a-z.-]\)" "$T_SRC"/t/t[1-9]*.t

	it "$c is completed by bash"
	run bash -c '. "$1" && COMP_WORDS=("$0" --vers) && COMP_CWORD=1 &&
		_agentutils && echo "${COMPREPLY[@]}"' "$c" \
		"$T_SRC/cmd/completion.bash"
	expect_status 0
	expect_out --version
}

while read -r c; do
	run_commands
	check_pages
done <"$T_BUILD/cmd/.commands"

it 'no two tests have the same number'
basename -a "$T_SRC"/t/t[0-9]*.t | cut -d - -f 1 | uniq -d >twice
expect_file twice ''

it 'agentutils(7) names no command that is not there'
sed -n 's/^\.It Xr \(agent[a-z-]*\) 1$/\1/p' "$T_SRC/man/agentutils.7" |
	grep -vxF -f "$T_BUILD/cmd/.commands" >strange
expect_file strange ''

done_testing
