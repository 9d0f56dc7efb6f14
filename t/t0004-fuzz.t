#!/bin/sh
# Every input that is kept for the fuzz targets passes through them.
. "${0%/*}/lib.sh"

for corpus in "$T_SRC"/t/fuzz/corpus/*; do
	name=${corpus##*/}
	it "$name survives its corpus"
	run "$T_BUILD/t/fuzz/$name" "$corpus"
	expect_status 0
	expect_not grep -qx '0 inputs' "$T_DIR/out"
done

it 'every target has a corpus'
for target in "$T_SRC"/t/fuzz/*.c; do
	name=$(basename "$target" .c)
	[ "$name" = run ] || [ -d "$T_SRC/t/fuzz/corpus/$name" ] ||
		fail "there is no t/fuzz/corpus/$name"
done

done_testing
