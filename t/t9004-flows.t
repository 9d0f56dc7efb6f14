#!/bin/sh
# templates/flows: nightly, research and review, recorded.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need make git jq
need_sandbox
T_WAIT=200
cp "$T_SRC"/templates/flows/*.flow.yaml .
sed 's/^defaults:/&\n  model: replay:rec/' "$T_SRC/templates/flows/agents.yaml" \
	>agents.yaml

# by AGENT PROGRAM: a condition on a request of that agent.
by() {
	printf '(.messages[0].content | contains("the agent '"'%s'"'")) and (%s)' \
		"$1" "$2"
}

# said TEXT...: that the last message has all of these.
said() {
	t_program=true
	for t_text; do
		t_program="$t_program and (.messages[-1].content |
			contains($(printf '%s' "$t_text" | jq -Rs .)))"
	done
	printf '%s' "$t_program"
}

it 'finds all flows right'
run agent-flow check ./*.flow.yaml
expect_status 0
run agent-spawn --check --agents agents.yaml
expect_status 0

it 'scans at night, and reports'
git init -q .
printf 'key = "-----BEGIN RSA PRIVATE KEY"\nx = eval(y)\n' >bad.py
git add bad.py
{
	answer "$(by reviewer "$(said bad.py:1 'old thing')")" \
		'{"urgent": ["a `key` in bad.py"], "later": [], "summary": "One key."}'
	answer "$(by reviewer true)" '{"urgent": [], "later": ["x"],
		"summary": "Nothing."}'
} >rec
run agent-flow run -q nightly.flow.yaml --set day=2026-11-21 \
	--set audit='echo an old thing'
expect_status 1
expect_out_has 'failed      alarm'
expect_ok grep -q '^- a `key` in bad.py$' reports/2026-11-21.md
git rm -qf bad.py
run agent-flow run -q nightly.flow.yaml --set day=2026-11-22 \
	--set audit='echo ok'
expect_status 0
expect_ok grep -q '^Nothing\.$' reports/2026-11-22.md

it 'researches, and goes on where it was'
{
	answer "$(by researcher "$(said 'Which questions')")" \
		'{"questions": [{"id": "a", "text": "why $(x)?"},
			{"id": "b", "text": "how?"}]}'
	answer "$(by researcher "$(said 'why $(x)?' 'Answer the q')")" \
		'{"answer": "because", "sources": ["a book"], "sure": 1}'
} >rec
run agent-flow run -q research.flow.yaml --set topic=it
[ "$status" -ne 0 ] || fail 'it is done without an answer'
{
	answer "$(by researcher "$(said 'how?' 'Answer the q')")" \
		'{"answer": "so", "sources": ["b"], "sure": 0}'
	answer "$(by researcher "$(said 'Write one r' because so)")" '# The report'
} >rec
run agent-flow run -q --retry-failed research.flow.yaml --set topic=it
expect_status 0
expect_file report.md '# The report'
run agent-mem -s research search because
expect_out_has because

it 'lets three vote on a diff'
{
	answer "$(by reviewer "$(said abused)")" '{"vote": "no", "remarks":
		[{"file": "f", "line": 1, "text": "leaks"}]}'
	answer "$(by reviewer "$(said +bad)")" '{"vote": "no", "remarks": []}'
	answer "$(by reviewer true)" '{"vote": "yes", "remarks": []}'
	answer "$(by integrator "$(said leaks)")" 'It leaks in f.'
} >rec
echo '+good' >./diff
run agent-flow run -q review.flow.yaml --set diff=@diff
expect_status 0
run agent-flow show review verdict
expect_out_has '2 of 3 agree' 'It leaks in f.'
run sh -c 'echo +bad | agent-flow run -q review.flow.yaml --set diff=@-'
expect_status 1

it 'is a git hook'
git config user.name x
git config user.email x@example.org
git init -q --bare remote
git remote add origin ./remote
cp "$T_SRC/templates/flows/pre-push" .git/hooks
echo bad >new
git add new
git commit -q -m new
run git push origin HEAD:main
expect_status 1
expect_err_has '0 of 3 agree'

done_testing
