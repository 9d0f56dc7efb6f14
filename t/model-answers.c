/*
 * model-answers: what the model server says, in each of four protocols;
 * model-messages.c has one of them.
 */
#include "config.h"

#include "model-said.h"

#include "alloc.h"

void
answer_body_release(struct answer_body *b)
{
	buf_release(&b->bytes);
	free(b->ends);
	*b = (struct answer_body){ 0 };
}

void
said_end_piece(struct answer_body *b)
{
	GROW(b->ends, b->count, b->cap);
	b->ends[b->count++] = b->bytes.len;
}

void
said_event(struct answer_body *b, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (name && *name)
		buf_addf(&b->bytes, "event: %s\n", name);
	if (name)
		buf_adds(&b->bytes, "data: ");
	va_start(ap, fmt);
	buf_vaddf(&b->bytes, fmt, ap);
	va_end(ap);
	buf_adds(&b->bytes, name ? "\n\n" : "\n");
	said_end_piece(b);
}

char *
said_quoted(const char *s)
{
	struct buf out = BUF_INIT;

	json_quote(s ? s : "", s ? strlen(s) : 0, &out);
	return buf_steal(&out);
}

char *
said_word(const jv *words, size_t i)
{
	AUTO_JV jv v = json_at(words, i);

	return json_text(&v);
}

char *
said_words(const jv *words)
{
	AUTO_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_count(words); i++) {
		AUTO_JV jv v = json_at(words, i);
		buf_adds(&text, json_string(&v));
	}
	return said_quoted(text.data);
}

struct said_tool
said_tool_at(const struct said *c, size_t i)
{
	AUTO_JV jv t = json_at(&c->tools, i);
	const char *id = json_str(&t, "id");

	return (struct said_tool){ said_quoted(id ? id : "call_1"),
	    said_quoted(json_str(&t, "name")),
	    said_quoted(json_str(&t, "arguments")) };
}

void
said_tool_release(struct said_tool *t)
{
	free(t->id);
	free(t->name);
	free(t->arguments);
}

/* Chat Completions. */

static void
chat_chunk(struct answer_body *b, const char *delta, const char *finish)
{
	said_event(b, "", "{\"id\":\"chatcmpl-1\",\"object\":"
	    "\"chat.completion.chunk\",\"model\":\"test-model\",\"choices\":"
	    "[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}]}", delta,
	    finish);
}

static void
chat_usage(const struct said *c, struct buf *out)
{
	buf_addf(out, "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,"
	    "\"total_tokens\":%lld}", (long long)c->in, (long long)c->out,
	    (long long)(c->in + c->out));
}

static void
chat_end(const struct said *c, struct answer_body *b)
{
	AUTO_BUF struct buf usage = BUF_INIT;
	AUTO_FREE char *finish = said_quoted(c->finish);

	if (!c->end)
		return;
	chat_chunk(b, "{}", finish);
	chat_usage(c, &usage);
	if (c->usage)
		said_event(b, "", "{\"id\":\"chatcmpl-1\",\"choices\":[],"
		    "\"usage\":%s}", usage.data);
	said_event(b, "", "[DONE]");
}

static void
chat_stream(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *thought = said_quoted(c->reasoning);
	AUTO_BUF struct buf d = BUF_INIT;

	chat_chunk(b, "{\"role\":\"assistant\",\"content\":\"\"}", "null");
	if (c->reasoning) {
		buf_addf(&d, "{\"reasoning_content\":%s}", thought);
		chat_chunk(b, d.data, "null");
	}
	for (size_t i = 0; i < json_count(&c->words); i++) {
		AUTO_FREE char *text = said_word(&c->words, i);
		buf_reset(&d);
		buf_addf(&d, "{\"content\":%s}", text);
		chat_chunk(b, d.data, "null");
	}
	for (size_t i = 0; i < json_count(&c->tools); i++) {
		struct said_tool t = said_tool_at(c, i);
		buf_reset(&d);
		buf_addf(&d, "{\"tool_calls\":[{\"index\":%zu,\"id\":%s,"
		    "\"type\":\"function\",\"function\":{\"name\":%s,"
		    "\"arguments\":\"\"}}]}", i, t.id, t.name);
		chat_chunk(b, d.data, "null");
		buf_reset(&d);
		buf_addf(&d, "{\"tool_calls\":[{\"index\":%zu,\"function\":"
		    "{\"arguments\":%s}}]}", i, t.arguments);
		chat_chunk(b, d.data, "null");
		said_tool_release(&t);
	}
	if (json_is_true(&c->error)) {
		AUTO_FREE char *error = json_text(&c->error);
		said_event(b, "", "%s", error);
		return;
	}
	chat_end(c, b);
}

static void
chat_whole(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *text = said_words(&c->words);
	AUTO_FREE char *thought = said_quoted(c->reasoning);
	AUTO_FREE char *finish = said_quoted(c->finish);

	buf_addf(&b->bytes, "{\"id\":\"chatcmpl-1\",\"object\":"
	    "\"chat.completion\",\"model\":\"test-model\",\"choices\":[{"
	    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":%s",
	    text);
	if (c->reasoning)
		buf_addf(&b->bytes, ",\"reasoning_content\":%s", thought);
	for (size_t i = 0; i < json_count(&c->tools); i++) {
		struct said_tool t = said_tool_at(c, i);
		buf_addf(&b->bytes, "%s{\"id\":%s,\"type\":\"function\","
		    "\"function\":{\"name\":%s,\"arguments\":%s}}%s",
		    i ? "," : ",\"tool_calls\":[", t.id, t.name, t.arguments,
		    i + 1 == json_count(&c->tools) ? "]" : "");
		said_tool_release(&t);
	}
	buf_addf(&b->bytes, "},\"finish_reason\":%s}]", finish);
	if (c->usage) {
		buf_adds(&b->bytes, ",\"usage\":");
		chat_usage(c, &b->bytes);
	}
	buf_addc(&b->bytes, '}');
	said_end_piece(b);
}

/* Responses. */

static void
responses_item(const struct said *c, struct buf *out)
{
	AUTO_FREE char *text = said_words(&c->words);

	buf_addf(out, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":"
	    "\"output_text\",\"text\":%s,\"annotations\":[]}]}", text);
}

static void
responses_tool(const struct said_tool *t, struct buf *out)
{
	buf_addf(out, "{\"id\":\"fc_1\",\"type\":\"function_call\","
	    "\"status\":\"completed\",\"call_id\":%s,\"name\":%s,"
	    "\"arguments\":%s}", t->id, t->name, t->arguments);
}

static void
responses_object(const struct said *c, struct buf *out)
{
	bool cut = strcmp(c->finish, "length") == 0;

	buf_addf(out, "{\"id\":\"resp_1\",\"object\":\"response\",\"model\":"
	    "\"test-model\",\"status\":\"%s\",", cut ? "incomplete" :
	    "completed");
	if (cut)
		buf_adds(out, "\"incomplete_details\":{\"reason\":"
		    "\"max_output_tokens\"},");
	buf_adds(out, "\"output\":[");
	if (json_count(&c->words) > 0)
		responses_item(c, out);
	for (size_t i = 0; i < json_count(&c->tools); i++) {
		struct said_tool t = said_tool_at(c, i);
		if (i > 0 || json_count(&c->words) > 0)
			buf_addc(out, ',');
		responses_tool(&t, out);
		said_tool_release(&t);
	}
	buf_addc(out, ']');
	if (c->usage)
		buf_addf(out, ",\"usage\":{\"input_tokens\":%lld,"
		    "\"input_tokens_details\":{\"cached_tokens\":0},"
		    "\"output_tokens\":%lld,\"total_tokens\":%lld}",
		    (long long)c->in, (long long)c->out,
		    (long long)(c->in + c->out));
	buf_addc(out, '}');
}

/* The item that the words belong to: its beginning, or all of it. */
static void
responses_message(const struct said *c, struct answer_body *b, bool done,
    int *n)
{
	AUTO_BUF struct buf o = BUF_INIT;

	if (json_count(&c->words) == 0)
		return;
	if (done)
		responses_item(c, &o);
	else
		buf_adds(&o, "{\"id\":\"msg_1\",\"type\":\"message\","
		    "\"role\":\"assistant\",\"status\":\"in_progress\","
		    "\"content\":[]}");
	said_event(b, done ? "response.output_item.done" :
	    "response.output_item.added", "{\"type\":"
	    "\"response.output_item.%s\",\"sequence_number\":%d,"
	    "\"output_index\":0,\"item\":%s}", done ? "done" : "added",
	    (*n)++, o.data);
}

static void
responses_stream(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *thought = said_quoted(c->reasoning);
	AUTO_BUF struct buf o = BUF_INIT;
	int n = 0;

	said_event(b, "response.created", "{\"type\":\"response.created\","
	    "\"sequence_number\":%d,\"response\":{\"id\":\"resp_1\",\"model\":"
	    "\"test-model\",\"status\":\"in_progress\"}}", n++);
	if (c->reasoning)
		said_event(b, "response.reasoning_summary_text.delta",
		    "{\"type\":"
		    "\"response.reasoning_summary_text.delta\","
		    "\"sequence_number\":%d,\"output_index\":0,"
		    "\"summary_index\":0,\"delta\":%s}", n++, thought);
	responses_message(c, b, false, &n);
	for (size_t i = 0; i < json_count(&c->words); i++) {
		AUTO_FREE char *text = said_word(&c->words, i);
		said_event(b, "response.output_text.delta", "{\"type\":"
		    "\"response.output_text.delta\",\"sequence_number\":%d,"
		    "\"item_id\":\"msg_1\",\"output_index\":0,"
		    "\"content_index\":0,\"delta\":%s}", n++, text);
	}
	responses_message(c, b, true, &n);
	for (size_t i = 0; i < json_count(&c->tools); i++) {
		struct said_tool t = said_tool_at(c, i);
		said_event(b, "response.output_item.added", "{\"type\":"
		    "\"response.output_item.added\",\"sequence_number\":%d,"
		    "\"output_index\":%zu,\"item\":{\"id\":\"fc_1\",\"type\":"
		    "\"function_call\",\"call_id\":%s,\"name\":%s,"
		    "\"arguments\":\"\"}}", n++, i + 1, t.id, t.name);
		said_event(b, "response.function_call_arguments.delta",
		    "{\"type\":"
		    "\"response.function_call_arguments.delta\","
		    "\"sequence_number\":%d,\"output_index\":%zu,\"delta\":%s}",
		    n++, i + 1, t.arguments);
		buf_reset(&o);
		responses_tool(&t, &o);
		said_event(b, "response.output_item.done", "{\"type\":"
		    "\"response.output_item.done\",\"sequence_number\":%d,"
		    "\"output_index\":%zu,\"item\":%s}", n++, i + 1, o.data);
		said_tool_release(&t);
	}
	if (json_is_true(&c->error)) {
		AUTO_FREE char *error = json_text(&c->error);
		said_event(b, "error", "%s", error);
		return;
	}
	if (!c->end)
		return;
	buf_reset(&o);
	responses_object(c, &o);
	const char *last = strcmp(c->finish, "length") == 0 ?
	    "response.incomplete" : "response.completed";
	said_event(b, last, "{\"type\":\"%s\",\"sequence_number\":%d,"
	    "\"response\":%s}", last, n, o.data);
}

static void
responses_whole(const struct said *c, struct answer_body *b)
{
	responses_object(c, &b->bytes);
	said_end_piece(b);
}

/* ollama's own. */

static void
ollama_line(const struct said *c, struct answer_body *b, const char *message,
    bool done)
{
	AUTO_BUF struct buf tail = BUF_INIT;

	if (done)
		buf_addf(&tail, ",\"done_reason\":\"%s\",\"total_duration\":"
		    "1000000,\"prompt_eval_count\":%lld,\"eval_count\":%lld",
		    strcmp(c->finish, "length") == 0 ? "length" : "stop",
		    (long long)c->in, (long long)c->out);
	said_event(b, NULL, "{\"model\":\"test-model\",\"created_at\":"
	    "\"2026-01-01T00:00:00Z\",\"message\":{\"role\":\"assistant\","
	    "%s},\"done\":%s%s}", message, done ? "true" : "false",
	    tail.data ? tail.data : "");
}

static char *
ollama_tools(const struct said *c)
{
	struct buf m = BUF_INIT;

	for (size_t i = 0; i < json_count(&c->tools); i++) {
		AUTO_JV jv t = json_at(&c->tools, i);
		struct said_tool q = said_tool_at(c, i);
		buf_addf(&m, "%s{\"function\":{\"index\":%zu,\"name\":%s,"
		    "\"arguments\":%s}}", i ? "," : ",\"tool_calls\":[",
		    i, q.name,
		    json_str(&t, "arguments"));
		said_tool_release(&q);
	}
	if (m.len > 0)
		buf_addc(&m, ']');
	return buf_steal(&m);
}

static void
ollama_stream(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *thought = said_quoted(c->reasoning);
	AUTO_FREE char *tools = ollama_tools(c);
	AUTO_BUF struct buf m = BUF_INIT;

	if (c->reasoning) {
		buf_addf(&m, "\"content\":\"\",\"thinking\":%s", thought);
		ollama_line(c, b, m.data, false);
	}
	for (size_t i = 0; i < json_count(&c->words); i++) {
		AUTO_FREE char *text = said_word(&c->words, i);
		buf_reset(&m);
		buf_addf(&m, "\"content\":%s", text);
		ollama_line(c, b, m.data, false);
	}
	if (*tools) {
		buf_reset(&m);
		buf_addf(&m, "\"content\":\"\"%s", tools);
		ollama_line(c, b, m.data, false);
	}
	if (json_is_true(&c->error)) {
		AUTO_FREE char *error = json_text(&c->error);
		said_event(b, NULL, "%s", error);
		return;
	}
	if (c->end)
		ollama_line(c, b, "\"content\":\"\"", true);
}

static void
ollama_whole(const struct said *c, struct answer_body *b)
{
	AUTO_FREE char *tools = ollama_tools(c);
	AUTO_FREE char *text = said_words(&c->words);
	AUTO_FREE char *m = xasprintf("\"content\":%s%s", text, tools);

	ollama_line(c, b, m, true);
}

/* The scenario. */

/* "text", cut after each space; or "tokens" of them; or "big" bytes. */
static jv
words_of(const jv *s, const char *echo)
{
	jv words = json_array(), v = JSON_NONE;
	const char *text = json_str(s, "text");
	int64_t n;
	struct err ignored = ERR_INIT;

	if (echo) {
		if (json_parse(echo, strlen(echo), &v, &ignored) == 0)
			json_append(&words, v);
		return words;
	}
	if (json_int(s, "tokens", &n)) {
		for (int64_t i = 0; i < n; i++)
			json_append(&words, json_from_str("word "));
		return words;
	}
	if (json_int(s, "big", &n)) {
		char line[64];
		memset(line, 'x', sizeof(line));
		line[63] = '\n';
		for (int64_t i = 0; i < n; i += 64)
			json_append(&words, json_from_bytes(line, 64));
		return words;
	}
	if (!text && !json_has(s, "tools"))
		text = "Hello from the model server.";
	while (text && *text) {
		size_t len = strcspn(text, " ");
		len += text[len] == ' ';
		json_append(&words, json_from_bytes(text, len));
		text += len;
	}
	return words;
}

static void
to_crlf(struct answer_body *b)
{
	struct answer_body out = { .type = b->type };
	size_t piece = 0;

	for (size_t i = 0; i < b->bytes.len; i++) {
		if (b->bytes.data[i] == '\n')
			buf_addc(&out.bytes, '\r');
		buf_addc(&out.bytes, b->bytes.data[i]);
		if (i + 1 == b->ends[piece]) {
			said_end_piece(&out);
			piece++;
		}
	}
	answer_body_release(b);
	*b = out;
}

/* Comments before every event, as gateways send them. */
static void
with_comments(struct answer_body *b)
{
	struct answer_body out = { .type = b->type };
	size_t from = 0;

	for (size_t i = 0; i < b->count; i++) {
		buf_adds(&out.bytes, ": keep-alive\n\n");
		buf_add(&out.bytes, b->bytes.data + from, b->ends[i] - from);
		from = b->ends[i];
		said_end_piece(&out);
	}
	answer_body_release(b);
	*b = out;
}

void
answer_render(const jv *scenario, enum protocol p, bool stream,
    const char *echo, struct answer_body *b)
{
	static void (*const render[PROTOCOLS][2])(const struct said *,
	    struct answer_body *) = {
		[CHAT] = { chat_whole, chat_stream },
		[RESPONSES] = { responses_whole, responses_stream },
		[MESSAGES] = { said_messages_whole, said_messages_stream },
		[OLLAMA] = { ollama_whole, ollama_stream }
	};
	struct said c = { .words = words_of(scenario, echo),
	    .reasoning = json_str(scenario, "reasoning"),
	    .tools = json_get(scenario, "tools"),
	    .finish = json_str(scenario, "finish"),
	    .in = 7, .out = 5, .usage = true, .end = true,
	    .error = json_get(scenario, "error") };
	bool flag;

	if (!c.finish)
		c.finish = json_count(&c.tools) > 0 ? "tool_calls" : "stop";
	json_bool(scenario, "usage", &c.usage);
	json_bool(scenario, "end", &c.end);
	json_int(scenario, "tokens", &c.out);
	b->type = !stream ? "application/json" : p == OLLAMA ?
	    "application/x-ndjson" : "text/event-stream";
	render[p][stream](&c, b);
	if (stream && p != OLLAMA &&
	    json_bool(scenario, "comments", &flag) && flag)
		with_comments(b);
	if (json_bool(scenario, "crlf", &flag) && flag)
		to_crlf(b);
	json_release(&c.words);
	json_release(&c.tools);
	json_release(&c.error);
}
