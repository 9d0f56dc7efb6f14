# What `gemini -o stream-json` says, as records.  The answer comes in pieces.
# An exit status of 0 says nothing: `status` of the result does.

def http_status:
	.[0:2000] | capture("\"code\": ?(?<s>[45][0-9]{2})").s | tonumber;

if .type == "init" then
	{type: "session", data: {id: .session_id, model}}
elif .type == "message" and .role == "user" then empty
elif .type == "message" and .delta then
	{type: "model.delta", data: {text: .content}}
elif .type == "message" then
	{type: "model.message", data: {message: {role: "assistant",
	    content: .content}}}
elif .type == "tool_use" then
	{type: "tool.call", data: {id: .tool_id, name: .tool_name,
	    arguments: (.parameters // {})}}
elif .type == "tool_result" then
	{type: "tool.result", data: {id: .tool_id,
	    ok: (.status == "success"),
	    output: (.output // .error.message? // "")}}
elif .type == "error" then
	{type: "log", data: {level: (.severity // "error"), text: .message}}
elif .type == "result" then
	(.stats // {} | {type: "model.usage", data: {input_tokens,
	    output_tokens, cached_tokens: .cached}}),
	(if .status == "success" then empty else {type: "error", data: {
	    message: (.error.message // "it failed"),
	    http_status: ([.error.message // "" | http_status] | first)}}
	    end),
	{type: "end", data: {ok: (.status == "success")}}
else
	{type: "log", data: {level: "debug", text: "event \(.type)",
	    event: .}}
end
