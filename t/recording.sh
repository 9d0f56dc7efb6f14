# shellcheck shell=sh
# recording.sh: making recordings for -m replay:FILE, a line at a time:
#
#	. "$T_SRC/t/recording.sh"
#	{ calls '(.messages | length) == 2' shell '{"command":"pwd"}'
#	  answer '.messages[-1].role == "tool"' 'It is done.'; } >rec
#
# The first argument is a jq program over the request, or "" for any.

# answer WHEN TEXT [FINISH]
answer() {
	jq -nc --arg when "$1" --arg text "$2" --arg finish "${3:-stop}" '
	{when: (if $when == "" then "true" else $when end), sse: [
		{choices: [{index: 0, delta: {role: "assistant",
			content: $text}}]},
		{choices: [{index: 0, delta: {}, finish_reason: $finish}]},
		{choices: [], usage: {prompt_tokens: 100,
			completion_tokens: 10}}]}'
}

# calls WHEN NAME ARGUMENTS [NAME ARGUMENTS ...]
calls() {
	t_when=$1
	shift
	jq -nc --arg when "$t_when" '
	$ARGS.positional as $a |
	{when: (if $when == "" then "true" else $when end), sse: [
		{choices: [{index: 0, delta: {role: "assistant", tool_calls: [
			range($a | length / 2) | {index: ., type: "function",
			id: "call\(.)", function: {name: $a[. * 2],
			arguments: $a[. * 2 + 1]}}]}}]},
		{choices: [{index: 0, delta: {}, finish_reason: "tool_calls"}]},
		{choices: [], usage: {prompt_tokens: 100,
			completion_tokens: 10}}]}' --args "$@"
}

# both NAME ARGUMENTS...: to `rec`: a turn with these calls, then the end.
both() {
	{
		calls '(.messages | length) == 2' "$@"
		answer '' seen
	} >rec
}

# got N: what the N-th call of the turn was answered, by the records in out.
got() {
	jq -rs "[.[] | select(.type == \"tool.result\")] |
		sort_by(.data.id)[$1].data.output" "$T_DIR/out"
}
