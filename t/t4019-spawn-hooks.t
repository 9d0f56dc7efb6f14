#!/bin/sh
# agent-spawn: hooks, which are asked before a call and told after it.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need_sandbox

printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml
printf x >x

mkdir -p "$HOME/.config/agent"
cat >"$HOME/.config/agent/config.yaml" <<'END'
hooks:
  PreToolUse:
    - matcher: shell
      command: 'cat >>hooked; echo not today >&2; exit 2'
    - matcher: write_file
      command: >-
        echo '{"hookSpecificOutput":{"permissionDecision":"deny",
        "permissionDecisionReason":"by decision"}}'
    - command: 'exit 7'
  PostToolUse:
    - command: 'cat >>after'
END

it 'asks the hooks of the user'
both shell '{"command":"touch z"}' write_file '{"path":"z","content":""}' \
	read_file '{"path":"x"}'
run agent-spawn go
expect_status 0
expect_ok [ "$(got 0)" = 'error: denied: not today' ]
expect_ok [ "$(got 1)" = 'error: denied: by decision' ]
expect_ok [ "$(got 2)" = x ]
expect_not [ -e z ]
expect_err_has "hook 'exit 7' ended with status 7"

it 'tells them the call, and after it the answer'
run cat hooked
expect_json '.[0] | .hook_event_name == "PreToolUse" and
	.tool_name == "shell" and .tool_input.command == "touch z" and
	(.cwd | length) > 0'
run cat after
expect_json '.[0] | .tool_name == "read_file" and
	.tool_response.output == "x"'

it 'takes them as Claude Code writes them'
cp "$HOME/.config/agent/config.yaml" kept
cat >"$HOME/.config/agent/config.yaml" <<'END'
hooks:
  PreToolUse:
    - matcher: 'write_file|shell'
      hooks:
        - {type: command, command: 'true'}
        - {type: command, command: 'echo second; exit 2', timeout: 5}
END
run agent-spawn go
expect_status 0
expect_ok [ "$(got 0)" = 'error: denied: second' ]
expect_ok [ "$(got 1)" = 'error: denied: second' ]
expect_ok [ "$(got 2)" = x ]
mv kept "$HOME/.config/agent/config.yaml"

it 'hears a decision beside warnings, and names a hook that hangs'
cp "$HOME/.config/agent/config.yaml" kept
cat >"$HOME/.config/agent/config.yaml" <<'END'
hooks:
  PreToolUse:
    - command: 'echo old >&2; echo "{\"decision\":\"block\",\"reason\":\"so\"}"'
      matcher: shell
    - {matcher: read_file, command: exec sleep 100, timeout: 1}
END
both shell '{"command":"touch z"}'
run agent-spawn go
expect_ok [ "$(got 0)" = 'error: denied: so' ]
expect_not [ -e z ]
both read_file '{"path":"x"}'
run agent-spawn go
expect_status 124
expect_err "agent-spawn: hook 'exec sleep 100' did not end in 1 s"

it 'ends in the middle of a hook when it is told to'
sed -i 's/exec sleep/touch asked; &/; s/, timeout: 1//' \
	"$HOME/.config/agent/config.yaml"
background agent-spawn go >out
expect_ok await 20 [ -e asked ]
kill "$!"
expect_ok await 20 gone "$!"
run tail -n 1 out
expect_json '.[0].data | .reason == "interrupted" and .status == 143'
mv kept "$HOME/.config/agent/config.yaml"

it 'takes no hooks from a workspace'
cp "$HOME/.config/agent/config.yaml" .agent/config.yaml
run agent-spawn go
expect_status 78
expect_err_has "'hooks' belongs into the user's configuration"

done_testing
