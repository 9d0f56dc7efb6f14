# What `opencode run --format json` says, as records.  No line marks the end:
# the last step_finish with reason "stop" does.  Each step has its own usage.

def step:
	.tokens // {} | (.cache // {}) as $cache |
	{type: "model.usage", data: {input_tokens: ((.input // 0) +
	    ($cache.read // 0) + ($cache.write // 0)),
	    output_tokens: ((.output // 0) + (.reasoning // 0)),
	    cached_tokens: ($cache.read // 0),
	    reasoning_tokens: (.reasoning // 0)}};

(if .sessionID then {type: "session", data: {id: .sessionID}} else empty end),
(if .type == "step_start" then empty
elif .type == "text" then
	{type: "model.message", data: {message: {role: "assistant",
	    content: .part.text}}}
elif .type == "reasoning" then
	{type: "progress", data: {text: .part.text, reasoning: true}}
elif .type == "tool_use" then
	.part | .state as $s |
	{type: "tool.result", data: {id: .callID, name: .tool,
	    arguments: ($s.input // {}),
	    ok: ($s.status == "completed" and
	    ($s.metadata.exit? // 0) == 0),
	    output: ($s.output // $s.error // "")}}
elif .type == "step_finish" then
	.part as $part |
	($part | step | .data.cost_usd = $part.cost),
	(if $part.reason == "stop" then {type: "end", data: {ok: true}}
	elif $part.reason == "length" then {type: "error", data: {
	    message: "the answer was cut", limit: "length"}},
	    {type: "end", data: {ok: false}}
	else empty end)
elif .type == "error" then
	{type: "error", data: {message: (.error.data.message? //
	    .error.name? // "it failed"),
	    http_status: .error.data.statusCode?}}
else
	{type: "log", data: {level: "debug", text: "event \(.type)",
	    event: .}}
end)
