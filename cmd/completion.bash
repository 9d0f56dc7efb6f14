# shellcheck shell=bash
# completion.bash: one completion for all commands, from what --help prints.
#
# bash-completion(8) loads it under the name of the command at hand; sourced
# by hand it serves every agent-* command in PATH.

_agentutils() {
	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[0]} help words
	COMPREPLY=()

	if [[ ${command##*/} == agent ]]; then
		if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
			words=$(compgen -c agent- | sed 's/^agent-//')
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
			return
		fi
		((COMP_CWORD == 1)) || command=$command-${COMP_WORDS[1]}
	fi
	help=$("$command" --help 2>/dev/null </dev/null) || return 0
	if [[ $cur == -* ]]; then
		words="--help --version $(grep -oE -e '--?[a-z][a-z-]*' \
			<<<"${help//$command/}")"
	else
		# "usage: agent-tool list [--json]": the words that stand first
		words=$(sed -nE "s/^.*${command##*/} ([a-z]+)( .*)?\$/\1/p" \
			<<<"$help")
		# else, and for the arguments of options, file names do
		((COMP_CWORD == 1)) || return 0
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur" | sort -u)
}

case ${BASH_SOURCE[0]##*/} in
agent | agent-*)
	complete -o bashdefault -o default -F _agentutils \
		"${BASH_SOURCE[0]##*/}"
	;;
*)
	mapfile -t _agentutils_commands < <(compgen -c agent- | sort -u)
	complete -o bashdefault -o default -F _agentutils agent \
		"${_agentutils_commands[@]}"
	unset _agentutils_commands
	;;
esac
