#!/bin/sh
# agent-spawn: the files are kept before a turn that changes them, and git is
# started for that only where something has changed.
. "${0%/*}/lib.sh"
# shellcheck source=t/recording.sh
. "$T_SRC/t/recording.sh"
need git
need_sandbox
. "$T_SRC/t/later.sh"

mkdir -m 700 .agent
mkdir -p "$HOME/.config/agent"
cat >"$HOME/.config/agent/config.yaml" <<END
hooks:
  PreToolUse:
    - command: '$T_DIR/hook'
END
# just before the first call
printf '#!/bin/sh\ncp "%s/log" "%s/then"\n' "$T_DIR" "$T_DIR" >"$T_DIR/hook"
chmod +x "$T_DIR/hook"
printf 'agents:\n- id: dev\n  model: replay:rec\n' >agents.yaml
echo one >file
{
	calls '(.messages | length) == 2' shell \
		'{"command":"cat file; echo two >file"}'
	jq -nc '{when: "true", sse: [
		{choices: [{index: 0, delta: {content: "seen"}}]},
		{choices: [{index: 0, delta: {}, finish_reason: "stop"}]}]}'
} >rec

it 'starts no git where the files are as they were'
later agent-undo take
id=$(cut -d ' ' -f 1 "$T_DIR/out")
later agent-spawn go
expect_out_has 'one\n'
expect_out_lacks '"type":"checkpoint"'
expect_ok [ ! -s "$T_DIR/then" ]
expect_file file two
run agent-undo restore "$id"
expect_file file one

it 'keeps what somebody wrote while the model thought'
later agent-undo take
printf '#!/bin/sh\necho mine >"%s/file"\n' "$PWD" >"$T_DIR/hook"
later agent-spawn go
expect_out_has 'mine\n'
expect_file file two
run agent-undo restore "$(jq -r \
	'select(.type == "checkpoint").data.id' "$T_DIR/out")"
expect_file file mine

done_testing
