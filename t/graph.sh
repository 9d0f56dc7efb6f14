#!/bin/sh
# graph.sh [N]: a flow of N tasks or so, 60 without it: chains, fan-out over
# what an earlier task gives, loops, conditions, gates, failures that count
# and that do not.  What its tasks give depends on nothing else.
n=${1:-60}
awk -v n="$n" 'BEGIN {
	print "sandbox: none\ntasks:"
	print "  t0: {run: \"echo [1, 2, 3]\", output: json}"
	for (i = 1; i < n; i++) {
		a = int((i - 1) / 2)
		b = (i * 7) % i
		needs = a == b ? "t" a : "t" a ", t" b
		printf "  t%d:\n    needs: [%s]\n", i, needs
		if (i % 20 == 7) {
			print "    gate: \"Is this right?\""
		} else if (i % 10 == 3) {
			print "    loop: {over: \"[1, 2, 3]\"}"
			print "    with: {i: .item}"
			print "    run: \"cat\""
			print "    output: json"
		} else if (i % 15 == 9) {
			print "    loop: {max: 4, until: .last.tasks.b" i \
				".output.n == 3}"
			print "    sequential:"
			print "      a" i ": {run: cat, with: {n: .n}, " \
				"output: json}"
			print "      b" i ": {run: cat, with: {n: .tasks.a" \
				i ".output.n}, output: json}"
		} else if (i % 10 == 5) {
			print "    condition: .tasks.t" a ".result == \"failed\""
			print "    run: [\"true\"]"
		} else if (i % 12 == 4) {
			print "    run: \"echo no; exit 3\""
			print "    on_error: continue"
		} else if (i == 41) {
			print "    run: \"exit 4\""
		} else {
			print "    with: {a: .tasks.t" a ".output, b: .tasks.t" \
				b ".result}"
			print "    run: cat"
			print "    output: json"
		}
	}
}'
