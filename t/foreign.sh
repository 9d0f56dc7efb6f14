# shellcheck shell=sh
# foreign.sh: foreign agents that only say what a file has, after lib.sh:
#
#	. "$T_SRC/t/foreign.sh"
#	fake codex codex-text		# agent `codex` says that fixture
#	fake claude claude-text 'exit 1'	# and does this then
#	run agent-spawn -a codex hello
#
# It leaves its arguments in ./args and its standard input in ./in.  The model
# is at a port of this host where nobody listens.

mkdir -p "$HOME/.config/agent"
cat >"$HOME/.config/agent/config.yaml" <<'YAML'
providers:
  chat: { base_url: 'http://127.0.0.1:9999/v1' }
  messages: { protocol: messages, base_url: 'http://127.0.0.1:9999/v1' }
YAML

# fake TYPE FIXTURE [COMMANDS [LINE...]]: LINEs are members of the agent.
fake() {
	t_type=$1
	cp "$T_SRC/t/fixtures/foreign/$2.jsonl" said
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >args; cat >in\ncat said\n%s\n' \
		"${3-}" >fake
	chmod +x fake
	shift 2
	[ $# -eq 0 ] || shift
	{
		echo 'agents:'
		echo "  - id: $t_type"
		echo "    type: $t_type"
		echo "    command: ./fake"
		case $t_type in
		claude)	echo '    model: messages/m' ;;
		exec)	;;
		*)	echo '    model: chat/m' ;;
		esac
		for t_line; do
			echo "    $t_line"
		done
	} >agents.yaml
}
