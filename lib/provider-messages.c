/*
 * provider-messages: Anthropic's Messages.
 *
 * An answer is a list of blocks.  Those that only the provider can read
 * (thinking with its signature, tools of the server) must come back unchanged
 * in the next request, so they are collected as they are and kept in the
 * message's "native", where there are any.
 */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"

/* The protocol wants a limit; one that no answer reaches by accident. */
enum { MAX_TOKENS = 16384, BLOCKS_MAX = 4096 };

static const char name[] = "messages";

/* The request. */

static jv
text_block(const char *s, size_t len)
{
	jv b = json_object();

	json_set_str(&b, "type", "text");
	json_set(&b, "text", json_from_bytes(s, len));
	return b;
}

/* An image or a document, from a URL of its own or a data URL. */
static jv
media_block(const char *type, const char *url)
{
	jv b = json_object(), source = json_object();
	AUTO_FREE char *media = NULL;
	const char *data;

	if (provider_data_url(url, &media, &data)) {
		json_set_str(&source, "type", "base64");
		json_set_str(&source, "media_type", media);
		json_set_str(&source, "data", data);
	} else {
		json_set_str(&source, "type", "url");
		json_set_str(&source, "url", url);
	}
	json_set_str(&b, "type", type);
	json_set(&b, "source", source);
	return b;
}

static jv
part_out(const jv *part)
{
	AUTO_JV jv text = json_get(part, "text");
	const char *image = json_path_str(part, "image_url.url");
	const char *file = json_path_str(part, "file.file_data");
	jv block;

	if (image)
		block = media_block("image", image);
	else if (file)
		block = media_block("document", file);
	else if (json_string(&text))
		block = text_block(json_string(&text), json_string_len(&text));
	else
		return json_copy(part);
	/* up to here the prompt is worth caching */
	json_set(&block, "cache_control", json_get(part, "cache_control"));
	return block;
}

static jv
assistant_out(const jv *message)
{
	jv blocks = provider_native(message, name);
	AUTO_JV jv content = json_get(message, "content");
	AUTO_JV jv calls = json_get(message, "tool_calls");
	AUTO_BUF struct buf text = BUF_INIT;

	if (json_is(&blocks, JSON_ARRAY))
		return blocks;
	blocks = json_array();
	provider_content_text(&content, &text);
	if (text.len > 0)
		json_append(&blocks, text_block(text.data, text.len));
	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		jv b = json_object();
		json_set_str(&b, "type", "tool_use");
		json_set_str(&b, "id", json_str(&call, "id"));
		json_set_str(&b, "name", json_str(&function, "name"));
		json_set(&b, "input", provider_arguments(&function));
		json_append(&blocks, b);
	}
	return blocks;
}

static jv
result_block(const jv *message)
{
	AUTO_JV jv content = json_get(message, "content");
	jv b = json_object();

	json_set_str(&b, "type", "tool_result");
	json_set_str(&b, "tool_use_id", json_str(message, "tool_call_id"));
	json_set(&b, "content", provider_content(&content, part_out));
	return b;
}

static bool
is_rules(const jv *message)
{
	const char *role = json_str(message, "role");

	return role && (strcmp(role, "system") == 0 ||
	    strcmp(role, "developer") == 0);
}

/* What stands apart from the messages here: one text, or, where some of it is
 * marked for the cache, blocks; JSON_NONE without any. */
static jv
rules_out(const jv *messages)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv blocks = json_array();
	bool marked = false;

	for (size_t i = 0; i < json_count(messages); i++) {
		AUTO_JV jv m = json_at(messages, i);
		AUTO_JV jv content = json_get(&m, "content");
		if (!is_rules(&m))
			continue;
		if (text.len > 0)
			buf_adds(&text, "\n\n");
		provider_content_text(&content, &text);
		if (json_string(&content))
			json_append(&blocks, text_block(json_string(&content),
			    json_string_len(&content)));
		for (size_t k = 0; k < json_count(&content); k++) {
			AUTO_JV jv part = json_at(&content, k);
			marked = marked || json_has(&part, "cache_control");
			json_append(&blocks, part_out(&part));
		}
	}
	if (marked)
		return json_copy(&blocks);
	return text.len > 0 ? json_from_bytes(text.data, text.len) :
	    JSON_NONE;
}

/* The results of one turn's calls belong into one message. */
static void
messages_out(const jv *messages, jv *out)
{
	jv results = JSON_NONE;

	for (size_t i = 0; i < json_count(messages); i++) {
		AUTO_JV jv m = json_at(messages, i);
		AUTO_JV jv content = json_get(&m, "content");
		const char *role = json_str(&m, "role");
		if (role && strcmp(role, "tool") == 0) {
			if (!json_is(&results, JSON_ARRAY))
				results = json_array();
			json_append(&results, result_block(&m));
			continue;
		}
		if (json_is(&results, JSON_ARRAY))
			model_add_message(out, "user", results);
		results = JSON_NONE;
		if (is_rules(&m))
			continue;
		if (role && strcmp(role, "assistant") == 0) {
			model_add_message(out, role, assistant_out(&m));
		} else {
			model_add_message(out, "user",
			    provider_content(&content, part_out));
		}
	}
	if (json_is(&results, JSON_ARRAY))
		model_add_message(out, "user", results);
}

static jv
tools_out(const jv *tools)
{
	jv out = json_array();

	for (size_t i = 0; i < json_count(tools); i++) {
		AUTO_JV jv tool = json_at(tools, i);
		AUTO_JV jv f = json_get(&tool, "function");
		jv t;
		if (!json_is(&f, JSON_OBJECT)) {	/* one of theirs */
			json_append(&out, json_copy(&tool));
			continue;
		}
		t = json_object();
		json_set_str(&t, "name", json_str(&f, "name"));
		json_set_str(&t, "description", json_str(&f, "description"));
		json_set(&t, "input_schema", json_has(&f, "parameters") ?
		    json_get(&f, "parameters") : json_object());
		json_set(&t, "cache_control", json_get(&f, "cache_control"));
		json_append(&out, t);
	}
	return out;
}

static jv
tool_choice_out(const jv *choice)
{
	const char *word = json_string(choice);
	const char *function = json_path_str(choice, "function.name");
	jv out;

	if (!word && !function)
		return json_copy(choice);
	out = json_object();
	json_set_str(&out, "type", function ? "tool" :
	    strcmp(word, "required") == 0 ? "any" : word);
	json_set_str(&out, "name", function);
	return out;
}

static void
options_out(const jv *options, jv *body)
{
	static const char *const known[] = {
		"stop", "tool_choice", "max_completion_tokens", NULL
	};
	AUTO_JV jv stop = json_get(options, "stop");
	AUTO_JV jv choice = json_get(options, "tool_choice");
	jv list;

	provider_pass_options(body, options, known);
	if (json_has(options, "max_completion_tokens"))
		json_set(body, "max_tokens",
		    json_get(options, "max_completion_tokens"));
	if (json_string(&stop)) {
		list = json_array();
		json_append(&list, json_copy(&stop));
		json_set(body, "stop_sequences", list);
	} else {
		json_set(body, "stop_sequences", json_copy(&stop));
	}
	if (json_is_true(&choice))
		json_set(body, "tool_choice", tool_choice_out(&choice));
}

static jv
output_config(const jv *schema)
{
	jv config = json_object(), format = json_object();

	json_set_str(&format, "type", "json_schema");
	json_set(&format, "schema", json_copy(schema));
	json_set(&config, "format", format);
	return config;
}

static int
messages_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	jv body = json_object(), messages = json_array();

	(void)e;
	messages_out(rq->messages, &messages);
	json_set_str(&body, "model", m->id);
	json_set_int(&body, "max_tokens", MAX_TOKENS);
	json_set(&body, "messages", messages);
	json_set(&body, "system", rules_out(rq->messages));
	if (rq->tools && json_count(rq->tools) > 0)
		json_set(&body, "tools", tools_out(rq->tools));
	if (rq->schema && !provider_quirk(m, "no_schema"))
		json_set(&body, "output_config", output_config(rq->schema));
	if (!(rq->flags & MODEL_NO_STREAM))
		json_set_bool(&body, "stream", true);
	if (rq->options)
		options_out(rq->options, &body);
	*ret_body = body;
	return 0;
}

static void
messages_headers(const struct model *m, jv *fields)
{
	AUTO_FREE char *field = NULL;

	json_append(fields, json_from_str("anthropic-version: 2023-06-01"));
	if (!m->key)
		return;
	if (m->key_from && strcmp(m->key_from, "ANTHROPIC_AUTH_TOKEN") == 0)
		field = xasprintf("Authorization: Bearer %s", m->key);
	else
		field = xasprintf("x-api-key: %s", m->key);
	json_append(fields, json_from_str(field));
}

/* The answer. */

struct block {
	jv start;		/* as content_block_start gave it */
	struct buf text;	/* or thinking, or partial JSON */
	struct buf signature;
};

struct blocks {
	struct block *all;
	size_t count, cap;
	bool native;		/* one of them is theirs alone */
};

static void
release_blocks(void *state)
{
	struct blocks *b = state;

	for (size_t i = 0; i < b->count; i++) {
		json_release(&b->all[i].start);
		buf_release(&b->all[i].text);
		buf_release(&b->all[i].signature);
	}
	free(b->all);
	free(b);
}

static struct block *
block_at(struct answer *a, const jv *data)
{
	struct blocks *b;
	int64_t i;

	if (!*answer_state(a))
		*answer_state(a) = xcalloc(1, sizeof(*b));
	b = *answer_state(a);
	if (!json_int(data, "index", &i) || i < 0 || i >= BLOCKS_MAX)
		return NULL;
	while (b->count <= (size_t)i) {
		GROW(b->all, b->count, b->cap);
		b->all[b->count++] = (struct block){ .start = JSON_NONE };
	}
	return &b->all[i];
}

static bool
is(const char *s, const char *word)
{
	return s && strcmp(s, word) == 0;
}

static void
keep(struct answer *a, struct buf *to, const jv *piece)
{
	if (answer_keeps(a) && json_string(piece))
		buf_add(to, json_string(piece), json_string_len(piece));
}

static int
block_start(struct answer *a, const jv *data, struct err *e)
{
	struct block *b = block_at(a, data);
	struct blocks *all = *answer_state(a);
	AUTO_JV jv text = JSON_NONE;
	const char *type;

	if (!b)
		return err_set(e, ST_PROTOCOL, "a block with a bad index");
	json_release(&b->start);
	b->start = json_get(data, "content_block");
	type = json_str(&b->start, "type");
	text = json_get(&b->start, "text");
	if (is(type, "tool_use"))
		answer_tool(a, (int)(b - all->all), json_str(&b->start, "id"),
		    json_str(&b->start, "name"));
	else if (!is(type, "text"))
		all->native = true;
	if (!is(type, "text") || !json_string(&text))
		return 0;
	keep(a, &b->text, &text);
	return answer_text(a, json_string(&text), json_string_len(&text), e);
}

static int
block_delta(struct answer *a, const jv *data, struct err *e)
{
	AUTO_JV jv delta = json_get(data, "delta");
	AUTO_JV jv text = json_get(&delta, "text");
	AUTO_JV jv thinking = json_get(&delta, "thinking");
	AUTO_JV jv partial = json_get(&delta, "partial_json");
	AUTO_JV jv signature = json_get(&delta, "signature");
	struct block *b = block_at(a, data);
	struct blocks *all = *answer_state(a);

	if (!b)
		return err_set(e, ST_PROTOCOL, "a block with a bad index");
	keep(a, &b->text, &text);
	keep(a, &b->text, &thinking);
	keep(a, &b->signature, &signature);
	if (json_string(&partial) && is(json_str(&b->start, "type"),
	    "tool_use"))
		answer_tool_arguments(a, (int)(b - all->all),
		    json_string(&partial), json_string_len(&partial));
	if (json_string(&partial))
		keep(a, &b->text, &partial);
	if (json_string(&thinking))
		return answer_reasoning(a, json_string(&thinking),
		    json_string_len(&thinking), e);
	if (json_string(&text))
		return answer_text(a, json_string(&text),
		    json_string_len(&text), e);
	return 0;
}

/* A block as it has to come back. */
static jv
block_back(const struct block *b)
{
	const char *type = json_str(&b->start, "type");
	jv out = json_copy(&b->start), input = JSON_NONE;
	struct err ignored = ERR_INIT;

	if (b->text.len == 0)
		;
	else if (is(type, "text") || is(type, "thinking"))
		json_set(&out, type,
		    json_from_bytes(b->text.data, b->text.len));
	else if (json_parse(b->text.data, b->text.len, &input,
	    &ignored) == 0)
		json_set(&out, "input", input);
	if (b->signature.len > 0)
		json_set(&out, "signature", json_from_bytes(b->signature.data,
		    b->signature.len));
	return out;
}

static void
set_native(struct answer *a)
{
	struct blocks *b = *answer_state(a);
	jv content, native;

	if (!b || !b->native || !answer_keeps(a))
		return;
	content = json_array();
	for (size_t i = 0; i < b->count; i++)
		if (json_is(&b->all[i].start, JSON_OBJECT))
			json_append(&content, block_back(&b->all[i]));
	native = json_object();
	json_set_str(&native, "protocol", name);
	json_set(&native, "content", content);
	answer_native(a, native);
}

static void
read_usage(struct answer *a, const jv *usage)
{
	struct model_usage *u = answer_usage(a);
	int64_t in, read = 0, written = 0;

	json_int(usage, "output_tokens", &u->output);
	if (json_int(usage, "cache_read_input_tokens", &read))
		u->cached = read;
	if (json_int(usage, "cache_creation_input_tokens", &written))
		u->cache_write = written;
	/* theirs does not count what the cache had */
	if (json_int(usage, "input_tokens", &in))
		u->input = in + read + written;
}

static void
read_stop(struct answer *a, const char *reason)
{
	static const struct {
		const char *word;
		enum model_finish finish;
	} words[] = {
		{ "tool_use", MODEL_TOOLS },
		{ "max_tokens", MODEL_LENGTH },
		{ "model_context_window_exceeded", MODEL_LENGTH },
		{ "pause_turn", MODEL_PAUSED },
		{ "refusal", MODEL_REFUSED },
	};
	enum model_finish finish = MODEL_STOP;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(reason, words[i].word) == 0)
			finish = words[i].finish;
	answer_finish(a, finish);
	set_native(a);
	answer_end(a);
}

/* An answer in one piece: its blocks as if they had come one by one. */
static int
read_whole(struct answer *a, const jv *data, struct err *e)
{
	AUTO_JV jv content = json_get(data, "content");
	AUTO_JV jv usage = json_get(data, "usage");
	const char *reason = json_str(data, "stop_reason");

	if (!json_is(&content, JSON_ARRAY))
		return err_set(e, ST_PROTOCOL, "an answer without content");
	for (size_t i = 0; i < json_count(&content); i++) {
		AUTO_JV jv block = json_at(&content, i);
		AUTO_JV jv input = json_get(&block, "input");
		AUTO_FREE char *text = json_text(&input);
		AUTO_JV jv start = json_object();
		const char *thinking = json_str(&block, "thinking");
		json_set_int(&start, "index", (int64_t)i);
		json_set(&start, "content_block", json_copy(&block));
		if (block_start(a, &start, e) < 0)
			return -1;
		if (thinking && answer_reasoning(a, thinking,
		    strlen(thinking), e) < 0)
			return -1;
		if (is(json_str(&block, "type"), "tool_use"))
			answer_tool_arguments(a, (int)i, text, strlen(text));
	}
	if (json_is(&usage, JSON_OBJECT))
		read_usage(a, &usage);
	answer_served(a, json_str(data, "model"));
	read_stop(a, reason ? reason : "end_turn");
	return 0;
}

static int
read_message(struct answer *a, const jv *data)
{
	AUTO_JV jv message = json_get(data, "message");
	AUTO_JV jv usage = json_get(&message, "usage");

	answer_served(a, json_str(&message, "model"));
	if (json_is(&usage, JSON_OBJECT))
		read_usage(a, &usage);
	return 0;
}

static int
messages_event(struct answer *a, const jv *data, bool whole, struct err *e)
{
	const char *type = json_str(data, "type");
	AUTO_JV jv usage = json_get(data, "usage");
	const char *reason;

	if (is(type, "error") || (!type && json_has(data, "error")))
		return model_error_body(a, 0, data, e);
	if (whole)
		return read_whole(a, data, e);
	if (is(type, "message_start"))
		return read_message(a, data);
	if (is(type, "content_block_start"))
		return block_start(a, data, e);
	if (is(type, "content_block_delta"))
		return block_delta(a, data, e);
	if (is(type, "message_delta")) {
		if (json_is(&usage, JSON_OBJECT))
			read_usage(a, &usage);
		reason = json_path_str(data, "delta.stop_reason");
		if (reason)
			read_stop(a, reason);
	} else if (is(type, "message_stop")) {
		if (!answer_ended(a))
			read_stop(a, answer_tools(a) > 0 ? "tool_use" :
			    "end_turn");
		answer_last(a);
	}
	return 0;
}

const struct provider provider_messages = {
	.name = name,
	.path = "/messages",
	.framing = PROVIDER_SSE,
	.request = messages_request,
	.headers = messages_headers,
	.event = messages_event,
	.release = release_blocks,
	.models_path = "/models",
	.models_array = "data",
	.models_id = "id",
};
