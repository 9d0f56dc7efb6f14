#!/bin/sh
# templates/flows/devcrew: from an issue to a merged branch, recorded; and what
# was merged is taken back when the tests fail after it.
# shellcheck disable=SC2016 # programs for another shell
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
# shellcheck source=t/devcrew.sh
. "$T_SRC/t/devcrew.sh"
need make git jq
need_sandbox
T_WAIT=200

# crew: the flow, as a user runs it.
crew() {
	run agent-flow run -q devcrew.flow.yaml --set issue=@issue.md \
		--set branch="$1" --set test="${2:-make test}"
}

agree() {
	id=$(agent-gate list --json | jq -r .id)
	run agent-gate answer "$id" approve
}

it 'works on the issue until it is to be merged'
crew_repository
crew greet
expect_status 75
expect_ok [ "$(git log --format=%s main)" = begin ]
expect_ok [ "$(git log --format=%s main..greet | sort | tr '\n' ';')" = \
	'Do as reviewed;Greet the world;Mend what tests find;Say bye $(touch evil);' ]
expect_ok [ "$(sh hello.sh)" = hello ]
expect_not [ -e evil ]

it 'shows the person what it is about'
run agent-gate list --json
expect_json 'length == 1'
run agent-gate show "$(jq -r .id "$T_DIR/out")"
expect_out_has 'Greet and say bye' '+# greets'

it 'merges when the person agrees'
agree
crew greet
expect_status 0
expect_ok [ "$(git log -1 --format=%s%n%b main | tr '\n' ';')" = \
	'Greet and say bye;It was `asked` for.;;' ]
expect_ok git merge-base --is-ancestor greet main
head=$(git rev-parse main)
crew greet
expect_status 0
expect_ok [ "$(git rev-parse main)" = "$head" ]

it 'takes it back when the tests fail after it'
rm -rf .agent .git
crew_repository
echo 0 >runs.tmp
# as long as nothing is merged, the tests pass
crew greet 'make test && [ "$(git log --merges --oneline | wc -l)" -eq 0 ]'
expect_status 75
agree
crew greet 'make test && [ "$(git log --merges --oneline | wc -l)" -eq 0 ]'
expect_status 1
expect_out_has 'failed      undo'
expect_ok [ "$(git log --format=%s main)" = begin ]
expect_ok git rev-parse -q --verify greet

it 'does not begin in a tree with changes'
rm -rf .agent .git runs.tmp
crew_repository
echo x >>Makefile
crew greet
expect_status 1
expect_ok grep -q 'changes that are not committed' \
	.agent/flows/devcrew/steps/begin/1/stderr

done_testing
