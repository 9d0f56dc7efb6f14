# shellcheck shell=sh
# exec.sh: a program in the place of a model's server; sourced after lib.sh.
# shellcheck disable=SC2154 # T_DIR is of lib.sh

AGENT_MODEL=prog
export AGENT_MODEL
mkdir -p "$HOME/.config/agent"

# program LINE...: the provider `prog` is this; more lines for it in $MORE.
MORE=''
program() {
	{
		echo '#!/bin/sh'
		printf '%s\n' "$@"
	} >"$T_DIR/prog"
	chmod +x "$T_DIR/prog"
	{
		echo 'providers:'
		printf '  prog:\n    exec: ["%s"]\n' "$T_DIR/prog"
		[ -z "$MORE" ] || printf '    %s\n' "$MORE"
	} >"$HOME/.config/agent/config.yaml"
}
