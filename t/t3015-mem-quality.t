#!/bin/sh
# agent-mem search: that it finds what is meant, without any model.
. "${0%/*}/lib.sh"
need jq

# The bars are a little below what it does: 0.91 over all.
it 'finds what queries of all kinds ask for'
run "$T_SRC/bench/mem-quality"
expect_status 0
while read -r kind least; do
	awk -v kind="$kind" -v least="$least" '$1 == kind { n = $3 }
		END { exit !(n >= least) }' "$T_DIR/out" ||
		fail "$kind is below $least"
done <<'END'
all 0.88
identifier 0.97
keyword 0.97
language 0.90
misspelled 0.97
natural 0.88
paraphrase 0.45
temporal 0.93
END

done_testing
