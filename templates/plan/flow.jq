# flow.jq: a plan (plan.schema.json) as a flow for people to read.

# A string of several lines as a block, if YAML gives back the very same.
def text($indent):
	if type == "string" and test("\n") and (test("^[ \n]|[ \t]\n|[ \n]$|[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u2028\u2029\ufeff]") | not)
	then "|-\n" + (split("\n") | map(if . == "" then . else $indent + . end) |
		join("\n"))
	else tojson end;

def members:
	["title", "needs", "condition", "loop", "run", "agent", "prompt", "gate",
	"with", "output", "checkpoint", "on_error", "always", "retries",
	"timeout"];

# Before what cannot be undone a person is asked.
def with_gates:
	[.[] | if .needs_person and (.gate | not) then
		{id: "ask-\(.id[:36])", gate: "Shall this be done: \(.title // .id)?",
			needs: (.needs // [])},
		. + {needs: ((.needs // []) + ["ask-\(.id[:36])"])}
	else . end];

def comment:
	[if .estimate.tokens then "about \(.estimate.tokens) tokens" else empty end,
	if .estimate.minutes // .minutes then
		"\(.estimate.minutes // .minutes) minutes" else empty end] |
	if . == [] then "" else "    # " + join(", ") + "\n" end;

def task:
	. as $t |
	"  \($t.id | tojson | if test("^\"[A-Za-z][A-Za-z0-9_-]*\"$") then
		.[1:-1] else . end):\n" + comment +
	([members[] | select($t[.] != null and $t[.] != []) |
		"    \(.): \($t[.] | text("      "))\n"] | join(""));

"description: \((.summary // $goal) | text("  "))\n" +
"# \([.tasks[] | .estimate.tokens // 0] | add // 0) tokens and " +
"\([.tasks[] | .estimate.minutes // .minutes // 0] | add // 0) minutes of work" +
" in \(.tasks | length) tasks, as an estimate\n" +
"tasks:\n" + ([.tasks | with_gates[] | task] | join("")) | rtrimstr("\n")
