/* model-messages: what the model server says in Anthropic's Messages. */
#include "config.h"

#include "model-said.h"

#include "alloc.h"

static const char *
stop_reason(const char *finish)
{
	static const char *const words[][2] = {
		{ "stop", "end_turn" },
		{ "length", "max_tokens" },
		{ "tool_calls", "tool_use" },
		{ "content_filter", "refusal" }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(finish, words[i][0]) == 0)
			return words[i][1];
	return finish;
}

static void
block_start(struct answer_body *b, size_t i, const char *block)
{
	said_event(b, "content_block_start",
	    "{\"type\":\"content_block_start\","
	    "\"index\":%zu,\"content_block\":%s}", i, block);
}

static void
block_delta(struct answer_body *b, size_t i, const char *type,
    const char *key, const char *text)
{
	said_event(b, "content_block_delta",
	    "{\"type\":\"content_block_delta\","
	    "\"index\":%zu,\"delta\":{\"type\":\"%s\",\"%s\":%s}}", i, type,
	    key, text);
}

static void
block_stop(struct answer_body *b, size_t i)
{
	said_event(b, "content_block_stop", "{\"type\":\"content_block_stop\","
	    "\"index\":%zu}", i);
}

static void
messages_tool(const struct said *c, size_t n, size_t i,
    struct answer_body *b)
{
	struct said_tool t = said_tool_at(c, n);
	AUTO_FREE char *block = xasprintf("{\"type\":\"tool_use\",\"id\":%s,"
	    "\"name\":%s,\"input\":{}}", t.id, t.name);

	block_start(b, i, block);
	block_delta(b, i, "input_json_delta", "partial_json", "\"\"");
	block_delta(b, i, "input_json_delta", "partial_json", t.arguments);
	block_stop(b, i);
	said_tool_release(&t);
}

static void
messages_blocks(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *thought = said_quoted(c->reasoning);
	size_t i = 0;

	if (c->reasoning) {
		block_start(b, i, "{\"type\":\"thinking\",\"thinking\":\"\"}");
		block_delta(b, i, "thinking_delta", "thinking", thought);
		block_delta(b, i, "signature_delta", "signature",
		    "\"c2lnbmF0dXJl\"");
		block_stop(b, i++);
	}
	said_event(b, "ping", "{\"type\":\"ping\"}");
	if (json_count(&c->words) > 0)
		block_start(b, i, "{\"type\":\"text\",\"text\":\"\"}");
	for (size_t n = 0; n < json_count(&c->words); n++) {
		AUTO_FREE char *text = said_word(&c->words, n);
		block_delta(b, i, "text_delta", "text", text);
	}
	if (json_count(&c->words) > 0)
		block_stop(b, i++);
	for (size_t n = 0; n < json_count(&c->tools); n++)
		messages_tool(c, n, i++, b);
}

void
said_messages_stream(const struct said *c, struct answer_body *b)
{
	said_event(b, "message_start",
	    "{\"type\":\"message_start\",\"message\":{"
	    "\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"test-model\",\"content\":[],\"usage\":{"
	    "\"input_tokens\":%lld,\"output_tokens\":1}}}", (long long)c->in);
	messages_blocks(c, b);
	if (json_is_true(&c->error)) {
		AUTO_FREE char *error = json_text(&c->error);
		said_event(b, "error", "%s", error);
		return;
	}
	if (!c->end)
		return;
	said_event(b, "message_delta", "{\"type\":\"message_delta\",\"delta\":{"
	    "\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{"
	    "\"output_tokens\":%lld}}", stop_reason(c->finish),
	    (long long)c->out);
	said_event(b, "message_stop", "{\"type\":\"message_stop\"}");
}

void
said_messages_whole(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *text = said_words(&c->words);

	buf_adds(&b->bytes, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"test-model\",\"content\":[");
	if (json_count(&c->words) > 0)
		buf_addf(&b->bytes, "{\"type\":\"text\",\"text\":%s}", text);
	for (size_t i = 0; i < json_count(&c->tools); i++) {
		AUTO_JV jv t = json_at(&c->tools, i);
		struct said_tool q = said_tool_at(c, i);
		buf_addf(&b->bytes, "%s{\"type\":\"tool_use\",\"id\":%s,"
		    "\"name\":%s,\"input\":%s}",
		    i || json_count(&c->words) ? "," : "", q.id, q.name,
		    json_str(&t, "arguments"));
		said_tool_release(&q);
	}
	buf_addf(&b->bytes, "],\"stop_reason\":\"%s\",\"usage\":{"
	    "\"input_tokens\":%lld,\"output_tokens\":%lld}}",
	    stop_reason(c->finish), (long long)c->in, (long long)c->out);
	said_end_piece(b);
}
