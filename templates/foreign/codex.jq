# What `codex exec --json` says, as records.  An `error` line may be a mere
# reconnection, and an item of type error means nothing: only turn.failed is
# a failure.  Usage is the total of the whole thread.

# What it says of a server that fails has no status.
def http_status:
	.[0:2000] | (capture("status (?<s>[45][0-9]{2})").s | tonumber),
	    (select(test("experiencing high demand")) | 503);

def retry:
	{type: "model.retry", data: {message: .message}} |
	.data.http_status = ([.data.message | http_status] | first) |
	if .data.http_status then . else del(.data.http_status) end;

def tool:
	if .type == "command_execution" then
		{name: "shell", arguments: {command}, ok: (.exit_code == 0),
		    status: .exit_code, output: (.aggregated_output // "")}
	elif .type == "file_change" then
		{name: "apply_patch", arguments: {changes},
		    ok: (.status == "completed"), output: (.status // "")}
	elif .type == "mcp_tool_call" then
		{name: "\(.server).\(.tool)", arguments: (.arguments // {}),
		    ok: (.status == "completed" and .error == null),
		    output: (.error.message? // ([.result.content[]? |
		    .text? // empty] | join("\n")))}
	elif .type == "web_search" then
		{name: "web_search", arguments: {query}, ok: true, output: ""}
	else empty end;

def item($event):
	if .type == "agent_message" and $event == "item.completed" then
		{type: "model.message", data: {message: {role: "assistant",
		    content: .text}}}
	elif .type == "agent_message" then empty
	elif .type == "reasoning" then
		if $event == "item.completed" then {type: "progress",
		    data: {text: .text, reasoning: true}} else empty end
	elif .type == "todo_list" then {type: "progress", data: {text:
	    ([.items[]? | (if .completed then "[x] " else "[ ] " end) + .text]
	    | join("\n"))}}
	elif .type == "error" then
		{type: "log", data: {level: "warning", text: .message}}
	elif ([tool] | length) == 0 then
		{type: "log", data: {level: "debug", text: "item \(.type)",
		    event: .}}
	elif $event == "item.started" then
		{type: "tool.call", data: ({id} + (tool | {name, arguments}))}
	elif $event == "item.completed" then
		{type: "tool.result", data: ({id} + tool)}
	else empty end;

.type as $event |
if $event == "thread.started" then
	{type: "session", data: {id: .thread_id}}
elif $event == "turn.started" then empty
elif ($event // "" | startswith("item.")) and (.item | type) == "object" then
	.item | item($event)
elif $event == "error" then retry
elif $event == "turn.completed" then
	{type: "model.usage", data: (.usage | {
	    input_tokens, output_tokens, cached_tokens: .cached_input_tokens,
	    reasoning_tokens: .reasoning_output_tokens})},
	{type: "end", data: {ok: true}}
elif $event == "turn.failed" then
	(.error.message // "it failed") as $text |
	{type: "error", data: {message: $text,
	    http_status: ([$text | http_status] | first)}},
	{type: "end", data: {ok: false}}
else
	{type: "log", data: {level: "debug", text: "event \($event)",
	    event: .}}
end
