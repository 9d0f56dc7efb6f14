# What `claude -p --output-format stream-json --verbose` says, as records.
# `subtype` is "success" also when it failed: is_error tells.  The usage that
# counts is modelUsage of the result, which has that of sub-agents too; what
# the messages say before is only good to stop at a limit.

def usage:
	{input_tokens: ((.input_tokens // 0) +
	    (.cache_read_input_tokens // 0) +
	    (.cache_creation_input_tokens // 0)),
	    output_tokens: (.output_tokens // 0),
	    cached_tokens: (.cache_read_input_tokens // 0),
	    cache_write_tokens: (.cache_creation_input_tokens // 0)};

def model_usage:
	[.[] | {input_tokens: (.inputTokens + .cacheReadInputTokens +
	    .cacheCreationInputTokens), output_tokens: .outputTokens,
	    cached_tokens: .cacheReadInputTokens,
	    cache_write_tokens: .cacheCreationInputTokens}] |
	reduce .[] as $u ({}; reduce ($u | keys[]) as $k (.;
	    .[$k] += $u[$k]));

def text_of:
	if type == "string" then . elif type == "array" then
	    [.[] | .text? // empty] | join("\n") else "" end;

def message:
	(.content | if type == "array" then . else [] end) as $parts |
	{role: "assistant", content: ([$parts[] | select(.type == "text").text]
	    | join(""))} +
	([$parts[] | select(.type == "thinking").thinking] | join("") |
	    if . == "" then {} else {reasoning: .} end) +
	([$parts[] | select(.type == "tool_use") | {id, type: "function",
	    function: {name, arguments: (.input | tojson)}}] |
	    if . == [] then {} else {tool_calls: .} end);

def log($text):
	{type: "log", data: {level: "debug", text: $text, event: .}};

def assistant:
	.parent_tool_use_id as $parent | .message |
	{type: "model.message", data: ({message: message, model, step: .id} +
	    if $parent then {parent: $parent} else {} end)},
	{type: "usage.live", data: ({step: .id} + (.usage // {} | usage))},
	(.content[]? | select(.type == "tool_use") |
	    {type: "tool.call", data: {id, name, arguments: .input}});

def result:
	(if .modelUsage // {} | length > 0 then .modelUsage | model_usage
	    else .usage // {} | usage end) as $usage |
	{type: "model.usage", data: ($usage +
	    {cost_usd: .total_cost_usd})},
	(.permission_denials[]? | {type: "log", data: {level: "warning",
	    text: "refused: \(.tool_name)", event: .}}),
	(if .is_error or .subtype != "success" then {type: "error",
	    data: {message: (.result // (.errors // [] | map(tostring) |
	    join("; ")) | if . == "" then null else . end // .subtype),
	    http_status: .api_error_status,
	    limit: ({error_max_turns: "turns",
	    error_max_budget_usd: "cost"}[.subtype // ""])}} else empty end),
	{type: "end", data: {ok: (.is_error != true and
	    .subtype == "success"), text: .result}};

if .type == "system" and .subtype == "init" then
	{type: "session", data: {id: .session_id, model}}
elif .type == "system" and .subtype == "api_retry" then
	{type: "model.retry", data: {attempt, http_status: .error_status,
	    message: .error, delay: ((.retry_delay_ms // 0) / 1000)}}
elif .type == "assistant" and .message.model == "<synthetic>" then
	log("assistant")
elif .type == "assistant" then assistant
elif .type == "user" then
	.message.content[]? | select(.type? == "tool_result") |
	{type: "tool.result", data: {id: .tool_use_id,
	    ok: (.is_error != true), output: (.content | text_of)}}
elif .type == "result" then result
elif .type == "stream_event" then empty
else log("event \(.type)\(if .subtype then "/" + .subtype else "" end)")
end
