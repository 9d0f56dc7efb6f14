# What `goose run --output-format stream-json` says, as records.  Text comes
# in pieces.

def text_of:
	if type == "string" then . elif type == "array" then
	    [.[] | .text? // empty] | join("\n") else "" end;

if .type == "message" then
	.message.role as $role | .message.content[]? |
	if .type == "text" and $role == "assistant" then
		{type: "model.delta", data: {text}}
	elif .type == "toolRequest" then
		{type: "tool.call", data: {id,
		    name: (.toolCall.value.name // "tool"),
		    arguments: (.toolCall.value.arguments // {})}}
	elif .type == "toolResponse" then
		{type: "tool.result", data: {id,
		    ok: (.toolResult | .status == "success" and
		    ([.value | objects | .isError == true] | any | not)),
		    output: (.toolResult | .error? // (.value |
		    if type == "object" then .content else . end |
		    text_of))}}
	elif .type == "thinking" then
		{type: "progress", data: {reasoning: true, text: .thinking}}
	elif .type == "text" then empty
	else
		{type: "log", data: {level: "debug", text: "content \(.type)",
		    event: .}}
	end
elif .type == "error" then
	{type: "error", data: {message: (.error | tostring)}}
elif .type == "complete" then
	{type: "model.usage", data: {input_tokens, output_tokens, cost_usd}},
	{type: "end", data: {ok: true}}
else
	{type: "log", data: {level: "debug", text: "event \(.type)",
	    event: .}}
end
