# What an agent that speaks the Agent Client Protocol (version 1) tells in
# session/update, as records.  The answer comes in pieces.

def text_of:
	if type == "array" then [.[] | text_of] | join("\n")
	elif type != "object" then ""
	elif .type == "content" then .content | text_of
	elif .type == "diff" then "\(.path) changed"
	else .text? // "" end;

def result:
	{type: "tool.result", data: {id: .toolCallId,
	    name: (.kind // .title // null), ok: (.status == "completed"),
	    arguments: (.rawInput // {}),
	    output: (.content // [] | text_of)}};

def call:
	if .status == "completed" or .status == "failed" then result
	else {type: "tool.call", data: {id: .toolCallId,
	    name: (.kind // .title // "tool"), arguments: (.rawInput // {}),
	    title}} end;

if .method == "session/update" then
	.params.update |
	if .sessionUpdate == "agent_message_chunk" then
		{type: "model.delta", data: {text: (.content | text_of)}}
	elif .sessionUpdate == "user_message_chunk" then empty
	elif .sessionUpdate == "agent_thought_chunk" then
		{type: "progress", data: {text: (.content | text_of),
		    reasoning: true}}
	elif .sessionUpdate == "tool_call" then call
	elif .sessionUpdate == "tool_call_update" then
		if .status == "completed" or .status == "failed" then result
		else empty end
	elif .sessionUpdate == "plan" then
		{type: "progress", data: {text: ([.entries[]? |
		    (if .status == "completed" then "[x] " else "[ ] " end) +
		    .content] | join("\n"))}}
	else
		{type: "log", data: {level: "debug",
		    text: "update \(.sessionUpdate)", event: .}}
	end
else
	{type: "log", data: {level: "debug", text: "message \(.method)",
	    event: .}}
end
