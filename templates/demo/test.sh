#!/bin/sh
# Tests of csvsum; ends with 1 when one failed.
failed=0

# check TITLE COLUMN CSV WANTED
check() {
	got=$(printf '%b' "$3" | ./csvsum "$2")
	if [ "$got" = "$4" ]; then
		echo "ok: $1"
	else
		echo "FAIL: $1: expected $4, got $got"
		failed=1
	fi
}

check 'adds up a column' 2 'pen,2\nink,3\n' 5
check 'takes a last line without a newline' 2 'pen,2\nink,3' 5
check 'passes over lines that are too short' 2 'pen\nink,3\n' 3
check 'keeps a comma within quotes' 2 '"pen, blue",12\n"ink, red",30\n' 42
exit $failed
