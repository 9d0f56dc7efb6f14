/*
 * provider-chat: OpenAI's Chat Completions, which most servers speak, each
 * with an accent of its own.
 *
 * A chunk may have no choices (Azure's first, the one with usage), its usage
 * may come on any chunk (the last counts), reasoning has two names, tool calls
 * may lack their index or come whole.  What ends an answer is a finish_reason
 * or [DONE]: some servers send only one of them.
 */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"

/* In a message what the server does not know: ours, or another provider's. */
static jv
message_out(const struct model *m, const jv *message)
{
	jv out = json_copy(message);

	json_unset(&out, "native");
	if (provider_quirk(m, "reasoning_back") &&
	    json_has(message, "reasoning"))
		json_set(&out, "reasoning_content",
		    json_get(message, "reasoning"));
	json_unset(&out, "reasoning");
	if (provider_quirk(m, "developer") && json_str(message, "role") &&
	    strcmp(json_str(message, "role"), "system") == 0)
		json_set_str(&out, "role", "developer");
	return out;
}

static jv
messages_out(const struct model *m, const jv *messages)
{
	jv out = json_array();

	for (size_t i = 0; i < json_count(messages); i++) {
		AUTO_JV jv message = json_at(messages, i);
		json_append(&out, message_out(m, &message));
	}
	return out;
}

/* The name of the structured output is required and means nothing. */
static jv
response_format(const jv *schema)
{
	jv format = json_object(), inner = json_object();

	json_set_str(&inner, "name", "answer");
	json_set(&inner, "schema", json_copy(schema));
	json_set_str(&format, "type", "json_schema");
	json_set(&format, "json_schema", inner);
	return format;
}

static void
set_stream(const struct model *m, unsigned flags, jv *body)
{
	jv options;

	json_set_bool(body, "stream", true);
	if ((flags & PROVIDER_NO_STREAM_OPTIONS) ||
	    provider_quirk(m, "no_stream_options"))
		return;
	options = json_object();
	json_set_bool(&options, "include_usage", true);
	json_set(body, "stream_options", options);
}

/* The user says max_tokens; newer models of OpenAI know another name. */
static void
rename_max_tokens(const struct model *m, jv *body)
{
	const char *name = json_str(&m->quirks, "max_tokens");

	if (!name || !json_has(body, "max_tokens") ||
	    strcmp(name, "max_tokens") == 0)
		return;
	json_set(body, name, json_get(body, "max_tokens"));
	json_unset(body, "max_tokens");
}

static int
chat_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	jv body = json_object();

	(void)e;
	json_set_str(&body, "model", m->id);
	json_set(&body, "messages", messages_out(m, rq->messages));
	if (rq->tools && json_count(rq->tools) > 0)
		json_set(&body, "tools", json_copy(rq->tools));
	if (rq->schema && !provider_quirk(m, "no_schema"))
		json_set(&body, "response_format",
		    response_format(rq->schema));
	if (!(rq->flags & MODEL_NO_STREAM))
		set_stream(m, rq->flags, &body);
	if (rq->options) {
		jv merged = json_merge(&body, rq->options);
		json_release(&body);
		body = merged;
	}
	rename_max_tokens(m, &body);
	*ret_body = body;
	return 0;
}

static void
chat_headers(const struct model *m, jv *fields)
{
	AUTO_FREE char *field = NULL;

	if (!m->key)
		return;
	field = xasprintf("Authorization: Bearer %s", m->key);
	json_append(fields, json_from_str(field));
}

static void
read_usage(struct answer *a, const jv *usage)
{
	struct model_usage *u = answer_usage(a);
	AUTO_JV jv in = json_get(usage, "prompt_tokens_details");
	AUTO_JV jv out = json_get(usage, "completion_tokens_details");

	json_int(usage, "prompt_tokens", &u->input);
	json_int(usage, "completion_tokens", &u->output);
	/* DeepSeek's own name first: it has no details */
	json_int(usage, "prompt_cache_hit_tokens", &u->cached);
	json_int(&in, "cached_tokens", &u->cached);
	json_int(&in, "cache_write_tokens", &u->cache_write);
	json_int(&out, "reasoning_tokens", &u->reasoning);
	json_num(usage, "cost", &u->cost);		/* OpenRouter */
}

/* Text is a string or, from a few servers, an array of parts; many that do
 * not know reasoning leave it in the text, between tags. */
static int
read_text(struct answer *a, const jv *content, struct err *e)
{
	if (json_string(content))
		return answer_tagged(a, json_string(content),
		    json_string_len(content), e);
	for (size_t i = 0; i < json_count(content); i++) {
		AUTO_JV jv part = json_at(content, i);
		AUTO_JV jv text = json_get(&part, "text");
		if (json_string(&text) && answer_tagged(a, json_string(&text),
		    json_string_len(&text), e) < 0)
			return -1;
	}
	return 0;
}

/* Where a call says neither index nor id, it goes on with the last. */
static int
slot_of(const struct answer *a, const jv *call, size_t i, bool whole)
{
	int64_t index;
	const char *id = json_str(call, "id");

	if (json_int(call, "index", &index) && index >= 0 && index < 1 << 20)
		return (int)index;
	if (whole)
		return (int)i;
	if ((id && *id) || answer_tools(a) == 0)
		return (int)answer_tools(a);
	return (int)answer_tools(a) - 1;
}

static void
read_function(struct answer *a, int slot, const char *id, const jv *function)
{
	AUTO_JV jv arguments = json_get(function, "arguments");

	answer_tool(a, slot, id, json_str(function, "name"));
	if (json_string(&arguments)) {
		answer_tool_arguments(a, slot, json_string(&arguments),
		    json_string_len(&arguments));
	} else if (json_is(&arguments, JSON_OBJECT)) {
		AUTO_FREE char *text = json_text(&arguments);
		answer_tool_arguments(a, slot, text, strlen(text));
	}
}

static void
read_tools(struct answer *a, const jv *delta, bool whole)
{
	AUTO_JV jv calls = json_get(delta, "tool_calls");
	AUTO_JV jv old = json_get(delta, "function_call");

	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		read_function(a, slot_of(a, &call, i, whole),
		    json_str(&call, "id"), &function);
	}
	if (json_is(&old, JSON_OBJECT))
		read_function(a, 0, NULL, &old);
}

static int
read_delta(struct answer *a, const jv *delta, bool whole, struct err *e)
{
	AUTO_JV jv reasoning = json_get(delta, "reasoning_content");
	AUTO_JV jv content = json_get(delta, "content");
	AUTO_JV jv refusal = json_get(delta, "refusal");

	if (!json_string(&reasoning)) {
		json_release(&reasoning);
		reasoning = json_get(delta, "reasoning");
	}
	if (json_string(&reasoning) && answer_reasoning(a,
	    json_string(&reasoning), json_string_len(&reasoning), e) < 0)
		return -1;
	if (read_text(a, &content, e) < 0)
		return -1;
	if (json_string(&refusal) && json_string_len(&refusal) > 0) {
		answer_finish(a, MODEL_REFUSED);
		if (answer_text(a, json_string(&refusal),
		    json_string_len(&refusal), e) < 0)
			return -1;
	}
	read_tools(a, delta, whole);
	return 0;
}

/* The words for an end; one that is not known is an end all the same. */
static int
read_finish(struct answer *a, const char *reason, struct err *e)
{
	static const struct {
		const char *word;
		enum model_finish finish;
	} words[] = {
		{ "stop", MODEL_STOP },
		{ "length", MODEL_LENGTH },
		{ "tool_calls", MODEL_TOOLS },
		{ "function_call", MODEL_TOOLS },
		{ "content_filter", MODEL_REFUSED },
	};
	enum model_finish finish = MODEL_STOP;

	if (strcmp(reason, "error") == 0 ||
	    strcmp(reason, "insufficient_system_resource") == 0)
		return answer_error(a, 0, reason, NULL, e);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(reason, words[i].word) == 0)
			finish = words[i].finish;
	/* some say stop when they want tools called */
	if (finish == MODEL_STOP && answer_tools(a) > 0)
		finish = MODEL_TOOLS;
	answer_finish(a, finish);
	answer_end(a);
	return 0;
}

static int
read_choice(struct answer *a, const jv *choice, bool whole, struct err *e)
{
	AUTO_JV jv delta = json_get(choice, whole ? "message" : "delta");
	const char *reason = json_str(choice, "finish_reason");
	int64_t index;

	if (json_int(choice, "index", &index) && index != 0)
		return 0;
	/* a few send a whole message in a stream of one chunk */
	if (!whole && !json_is(&delta, JSON_OBJECT)) {
		json_release(&delta);
		delta = json_get(choice, "message");
	}
	if (read_delta(a, &delta, whole, e) < 0)
		return -1;
	if (reason && *reason)
		return read_finish(a, reason, e);
	return 0;
}

/* [DONE] without a finish_reason is the end too; a closed connection is not. */
static void
chat_end(struct answer *a, bool sentinel)
{
	if (!sentinel || answer_ended(a))
		return;
	answer_finish(a,
	    answer_tools(a) > 0 ? MODEL_TOOLS : MODEL_STOP);
	answer_end(a);
}

static int
chat_event(struct answer *a, const jv *data, bool whole, struct err *e)
{
	AUTO_JV jv error = json_get(data, "error");
	AUTO_JV jv choices = json_get(data, "choices");
	AUTO_JV jv usage = json_get(data, "usage");
	const char *object = json_str(data, "object");

	if (json_is_true(&error) || (object && strcmp(object, "error") == 0))
		return model_error_body(a, 0, data, e);
	if (whole && json_count(&choices) == 0)
		return err_set(e, ST_PROTOCOL, "an answer without choices");
	answer_served(a, json_str(data, "model"));
	if (json_is(&usage, JSON_OBJECT))
		read_usage(a, &usage);
	for (size_t i = 0; i < json_count(&choices); i++) {
		AUTO_JV jv choice = json_at(&choices, i);
		if (read_choice(a, &choice, whole, e) < 0)
			return -1;
	}
	if (whole)		/* with or without a finish_reason */
		chat_end(a, true);
	return 0;
}

const struct provider provider_chat = {
	.name = "chat",
	.path = "/chat/completions",
	.framing = PROVIDER_SSE,
	.sentinel = "[DONE]",
	.request = chat_request,
	.headers = chat_headers,
	.event = chat_event,
	.end = chat_end,
	.models_path = "/models",
	.models_array = "data",
	.models_id = "id",
	.embed = &provider_embeddings,
};
