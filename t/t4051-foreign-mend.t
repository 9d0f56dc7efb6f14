#!/bin/sh
# agent-spawn: failures of foreign agents: tried again, checked, rolled back,
# escalated.
# shellcheck disable=SC2016,SC2086 # scripts for another shell; a pattern
. "${0%/*}/lib.sh"
# shellcheck source=t/model.sh
. "$T_SRC/t/model.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need git jq
need_sandbox
printf '#!/bin/sh\necho "f is $(cat f)"\ngrep -q good f\n' >good
chmod +x good

# turns TYPE SCRIPT LINE...: the agent does SCRIPT, where $n is the number of
# its start; what it was told each time is in $home/in.N, its arguments in
# $home/args.N.
turns() {
	t_script=$2 t_kind=$1
	shift 2
	fake "$t_kind" codex-text '' "$@"
	cat >fake <<-EOF
		#!/bin/sh
		cd; test -e n || echo 0 >n
		n=\$((\$(cat n) + 1)); echo \$n >n
		printf '%s\n' "\$@" >args.\$n; cat >in.\$n
		cd "\$OLDPWD"
		$t_script
	EOF
	echo good >f
	rm -rf .agent/runs
	home='.agent/runs/*/home'
}

it 'tries again after a failure that passes, in its own session'
turns codex '[ $n -lt 3 ] || exec cat said; head -1 said' 'retries: 2'
run agent-spawn -a codex 'do it'
expect_status 0
expect_json 'last.data.text == "Hello." and
	([.[] | select(.type == "model.retry")] | length) == 2'
expect_ok grep -q 'do it' $home/in.1
expect_ok grep -q 'Go on with the task' $home/in.2
expect_ok grep -q '^resume$' $home/args.3

it 'only as often as was said'
turns codex 'head -1 said' 'retries: 1'
run agent-spawn -a codex 'do it'
expect_status 76
expect_ok grep -q '^2$' $home/n

it 'gives work that does not stand its check back to it'
turns codex 'case $n in 1) echo bad >f;; *) echo good now >f;; esac
cat said' 'check: ./good'
run agent-spawn -a codex 'do it'
expect_status 0
expect_json '[.[] | select(.type == "progress") | select(.data.check) |
	.data.ok] == [false, true]'
expect_ok grep -q '^f is bad' $home/in.2
expect_ok grep -q '^resume$' $home/args.2
expect_not grep -q 'do it' $home/in.2

it 'one without sessions is told its task again as well'
turns exec 'case $n in 1) echo bad >f;; *) echo good now >f;; esac
echo answer $n' 'check: ./good'
run agent-spawn -a exec 'do it'
expect_status 0
expect_json 'last.data.text | startswith("answer 2")'
expect_ok grep -q 'do it' $home/in.2
expect_ok grep -q 'f is bad' $home/in.2

it 'rolls the files back when it cannot mend them, and tries once more'
turns codex '[ $n -lt 3 ] || grep good f; echo bad $n >f; cat said' \
	'retries: 1' 'check: ./good'
run agent-spawn -a codex 'do it'
expect_status 1
expect_json 'last.data.reason == "broken" and
	([.[] | select(.type == "checkpoint" and .data.restored)] | length) == 2'
expect_file f good
expect_ok grep -q 'again what they were before' $home/in.3
expect_ok grep -q workspace.restored .agent/audit.ndjson

it 'what is left goes to a person, whose words it hears'
turns codex 'case $n in 1) head -1 said; exit 1;; *) cat said;; esac' \
	'escalate: true'
background agent-spawn -a codex 'do it' >out 2>err
pid=$!
await 30 sh -c 'agent-gate list --json 2>&1 | grep -q cannot.go.on'
agent-gate answer "$(agent-gate list --json | jq -r .id)" 'try the other way' \
	>answered
expect_ok wait "$pid"
expect_ok grep -q '"escalation"' out
expect_ok grep -q 'try the other way' $home/in.2

it 'adds up what its starts have used'
turns codex 'case $n in 1) echo bad >f;; *) echo good now >f;; esac
sed "s/1000/$((n * 1000))/" said' 'check: ./good'
run agent-spawn -a codex 'do it'
expect_json 'last.data.usage.input_tokens == 2000'

it 'refuses what nobody could do'
turns codex 'cat said' 'check: {run: ./good, each_turn: true}'
run agent-spawn -a codex go
expect_status 78
expect_err_has "'check.each_turn' cannot be had"
run agent-spawn --check
expect_status 78
expect_err_has "'check.each_turn' cannot be had"
mkdir tools
sed -i 's/check: .*/tools_dir: tools/; s/type: codex/type: goose/' agents.yaml
run agent-spawn --check
expect_status 78
expect_err_has "'tools_dir' cannot be had"

done_testing
