#!/bin/sh
# The EXAMPLES of the manual pages that are marked do what they say: they end
# with status 0 and say nothing on stderr.  How to mark them is in HACKING.
. "${0%/*}/lib.sh"

# split_examples PAGE: each example into a file of its own in $PWD, its setup
# first.  A mark is a comment `.\" test: SETUP` right before `.Bd`.
split_examples() {
	awk '
	/^\.\\" test:/ {
		sub(/^\.\\" test: ?/, "")
		gsub(/\\e/, "\\")
		setup = setup $0 "\n"
		marked = 1
		next
	}
	/^\.Bd / && marked {
		inside = 1
		file = sprintf("example-%02d", ++n)
		printf "%s", setup >file
		next
	}
	/^\.Ed/ { inside = marked = 0; setup = ""; next }
	inside {
		sub(/^\\&/, "")
		gsub(/\\-/, "-")
		gsub(/\\(e|\(rs)/, "\\")
		sub(/^\$ /, "")
		print >file
	}' "$1"
}

sandbox=yes
no_sandbox >why && sandbox=no
why=$(cat why)

for page in "$T_SRC"/man/*.[1-9]; do
	name=${page##*/}
	mkdir "$name"
	cd "$name" || exit 1
	split_examples "$page"
	for example in example-*; do
		[ -f "$example" ] || continue
		it "$name, $example"
		case $sandbox$(cat "$example") in
		no*agent-sandbox* | no*agent-spawn*)
			skip "$why"
			continue ;;
		esac
		mkdir "run-$example"
		run sh -ec 'cd "$1" && . "$2"' sh "run-$example" \
			"$PWD/$example"
		expect_status 0
		expect_err ''
	done
	cd ..
done

done_testing
