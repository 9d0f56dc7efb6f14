#!/bin/sh
# agent-spawn: rules and hooks for foreign agents: translated, or refused.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need jq
need_sandbox
no_writing='policy: [{tool: "{write,edit}*", allow: true}, {agent: other,
	deny: true}, {tool: [write_file, edit_file], deny: read only}]'
no_writing=$(echo "$no_writing" | tr '\n' ' ' | tr -s '\t ' ' ')

# shown TYPE LINE...: what would be started under these rules.
shown() {
	t_what=$1
	shift
	fake "$t_what" claude-text '' "$@"
	run agent-spawn --dry-run -a "$t_what" go
}

it 'claude, gemini and opencode are told which tools they have not'
shown claude "$no_writing"
expect_status 0
expect_json '.[0].command | join(" ") | contains("--disallowedTools Edit " +
	"--disallowedTools NotebookEdit --disallowedTools Write") and
	(contains("--disallowedTools Bash") | not)'
shown gemini "$no_writing"
expect_json '.[0].home[".gemini/settings.json"] | fromjson |
	.tools.exclude == ["replace", "write_file"]'
shown opencode "$no_writing"
expect_json '.[0].home[".config/opencode/opencode.json"] | fromjson |
	.permission | .edit == "deny" and .bash == "allow"'

it 'the others are refused, but for what they could not do anyway'
shown codex "$no_writing"
expect_status 78
expect_err_has "a rule for 'write_file' denies it"
shown codex 'policy: [{tool: fetch, deny: no network}]'
expect_status 0
shown codex 'policy: [{tool: fetch, deny: no network}]' 'sandbox: open'
expect_status 78
shown opencode 'policy: [{tool: edit_file, deny: true}]'
expect_status 78
expect_err_has "must be the same"

it 'refuses what depends on the arguments, or on a person'
shown claude 'policy: [{tool: shell, when: "true", deny: never}]'
expect_status 78
expect_err_has "a rule for 'shell' has a condition"
shown claude 'policy: [{tool: shell, when: "true", allow: true}]'
expect_status 0
shown claude 'policy: [{tool: edit_file, ask: may it}]'
expect_status 78
expect_err_has 'asks a person'
run agent-spawn --dry-run --permission-mode acceptEdits -a claude go
expect_status 0
run agent-spawn --check
expect_status 78
expect_err_has 'agents.yaml:3:11: agent'
expect_err_has "a rule for 'edit_file' asks a person"

it 'so with rules of the user and of the workspace'
for t_dir in "$HOME/.config/agent" .agent; do
	mkdir -p "$t_dir"
	echo 'policy: {tools: [{tool: shell, deny: never}]}' >>"$t_dir/config.yaml"
	shown codex
	expect_status 78
	run agent-spawn --check
	expect_status 78
	shown claude
	expect_json '.[0].command | index("Bash")'
	sed -i '/^policy/d' "$t_dir/config.yaml"
done

it 'refuses a hook that wants to look before'
echo "hooks: {PreToolUse: [{matcher: '*', command: 'true'}]}" \
	>>"$HOME/.config/agent/config.yaml"
shown claude
expect_status 78
expect_err_has 'PreToolUse'
run agent-spawn -a claude go
expect_status 78
expect_not test -e in

it 'tells a hook of what was done'
sed -i 's/^hooks.*/hooks: {PostToolUse: [{command: "cat >>told"}]}/' \
	"$HOME/.config/agent/config.yaml"
fake codex codex-tools
run agent-spawn -a codex go
expect_status 0
expect_ok jq -se 'length > 0 and all(.hook_event_name == "PostToolUse" and
	(.tool_name | type) == "string" and .tool_input != null and
	(.tool_response.output | type) == "string")' told

done_testing
