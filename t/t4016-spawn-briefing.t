#!/bin/sh
# agent-spawn: what an agent is told before it begins.
. "${0%/*}/lib.sh"

mkdir -p .agents/skills/release .agents/skills/empty ours/deploy
printf -- '---\nname: release\ndescription: How a release is made.\n---\nTag.\n' \
	>.agents/skills/release/SKILL.md
printf -- '---\nname: deploy\ndescription: How to deploy.\n---\nUse scp.\n' \
	>ours/deploy/SKILL.md
echo 'Tabs of 8.' >RULES.md
echo 'Run make check.' >AGENTS.md
cat >agents.yaml <<'END'
agents:
  - id: dev
    description: Mends things.
    responsibilities: [finds the cause, mends it]
    initial_instructions: Be brief.
    rules_file: RULES.md
    skills: ours/deploy
    tools: [read_file, done]
    model: replay:none
END
: >none

# briefing FILTER: of the first message.
briefing() {
	jq -r ".body.messages[0].content | $1" "$T_DIR/out"
}

it 'shows the first request, and runs nothing'
run agent-spawn --dry-run 'the task'
expect_status 0
expect_json '.[0].body | (.messages | map(.role)) == ["system", "user"] and
	.messages[1].content == "the task" and
	([.tools[].function.name] == ["read_file", "done"])'
expect_not [ -e .agent ]

it 'says who it is, what for, by which rules'
run agent-spawn --dry-run x
expect_out_has "You are the agent 'dev'. Mends things." \
	'- finds the cause' 'Be brief.' 'Tabs of 8.'

it 'says what the project says to all agents'
run agent-spawn --dry-run x
expect_out_has 'Run make check.'

it 'names the skills, of the project and its own'
run agent-spawn --dry-run x
expect_ok [ "$(briefing 'test("- release: How a release is made")')" = true ]
expect_ok [ "$(briefing 'test("- deploy: How to deploy. \\(.*/ours/deploy/S")')" \
	= true ]
expect_out_lacks 'Use scp'

it 'is the same for the same'
run agent-spawn --dry-run x
first=$(briefing .)
run agent-spawn --dry-run x
expect_ok [ "$first" = "$(briefing .)" ]

it 'reads each AGENTS.md from the top down to where the agent works'
mkdir -p .agent sub/deep
echo 'Deep is different.' >sub/deep/AGENTS.md
sed 's/^    tools/    sandbox_path: sub\/deep\n&/' agents.yaml >deep.yaml
run agent-spawn --agents deep.yaml --dry-run x
expect_ok [ "$(briefing 'index("Run make check") <
	index("(sub/deep/AGENTS.md)\n\nDeep is")')" = true ]
rm -r .agent

it 'follows no link out of the project: a tool may have made it'
echo sesame >../secret
for name in AGENTS.md RULES.md; do
	mv "$name" kept
	ln -s ../secret "$name"
	run agent-spawn --dry-run x
	expect_status 77
	expect_err_has "a link in '" "/$name' leads out of"
	expect_out_lacks sesame
	mv kept "$name"
done
ln -s ../.. sub/out
sed 's/^    tools/    sandbox_path: sub\/out\n&/' agents.yaml >out.yaml
run agent-spawn --agents out.yaml --dry-run x
expect_status 77

it 'follows one within the project'
mv AGENTS.md sub/ALL.md
ln -s sub/ALL.md AGENTS.md
run agent-spawn --dry-run x
expect_status 0
expect_out_has 'Run make check.'

it 'waits for no FIFO in the place of a file'
rm AGENTS.md
mkfifo AGENTS.md fifo.yaml
run agent-spawn --dry-run x
expect_status 66
expect_err_has "AGENTS.md': not a regular file"
rm AGENTS.md
run agent-spawn --agents fifo.yaml --dry-run x
expect_status 66
expect_err_has "'fifo.yaml': it is a FIFO that nobody writes to"

it 'wants a skill that says what it is'
echo 'no front matter' >ours/deploy/SKILL.md
run agent-spawn --dry-run x
expect_status 78
expect_err_has "ours/deploy/SKILL.md' does not begin with 'name'"

it 'wants a skill that is there'
rm -r ours
run agent-spawn --dry-run x
expect_status 66
expect_err_has ours/deploy

it 'shows no key'
printf 'agents:\n- id: a\n  model: openai/x\n' >agents.yaml
OPENAI_API_KEY=sk-very-secret
export OPENAI_API_KEY
run agent-spawn --dry-run x
expect_status 0
expect_out_lacks sk-very-secret

done_testing
