#!/bin/sh
# The manual pages are clean, whoever made the last change to them.
. "${0%/*}/lib.sh"

need mandoc

for page in "$T_SRC"/man/*.[1-9]; do
	it "${page##*/} is clean"
	run mandoc -Tlint -W warning "$page"
	expect_status 0
	expect_out ''

	it "${page##*/} is installed"
	expect_ok grep -q "man/${page##*/}\( \|\$\)" "$T_SRC/Makefile.am"
done

done_testing
