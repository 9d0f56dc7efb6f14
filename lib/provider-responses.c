/*
 * provider-responses: OpenAI's Responses.
 *
 * A conversation is a list of items: messages, calls of functions, their
 * outputs, reasoning.  We keep the conversation, so the server is told not to
 * store it; reasoning items, which only it can read, are kept in the message's
 * "native" and go back with the next request.
 */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"

static const char name[] = "responses";

static bool
is(const char *s, const char *word)
{
	return s && strcmp(s, word) == 0;
}

/* The request. */

static jv
part_out(const jv *part)
{
	AUTO_JV jv text = json_get(part, "text");
	const char *image = json_path_str(part, "image_url.url");
	AUTO_JV jv file = json_get(part, "file");
	jv out = json_object();

	if (image) {
		json_set_str(&out, "type", "input_image");
		json_set_str(&out, "image_url", image);
	} else if (json_is(&file, JSON_OBJECT)) {
		json_release(&out);
		out = json_copy(&file);
		json_set_str(&out, "type", "input_file");
	} else {
		json_set_str(&out, "type", "input_text");
		json_set(&out, "text", json_copy(&text));
	}
	return out;
}

static void
call_out(const jv *call, jv *items)
{
	AUTO_JV jv function = json_get(call, "function");
	jv item = json_object();

	json_set_str(&item, "type", "function_call");
	json_set_str(&item, "call_id", json_str(call, "id"));
	json_set_str(&item, "name", json_str(&function, "name"));
	json_set(&item, "arguments", json_get(&function, "arguments"));
	json_append(items, item);
}

static void
assistant_out(const jv *message, jv *items)
{
	AUTO_JV jv native = provider_native(message, name);
	AUTO_JV jv content = json_get(message, "content");
	AUTO_JV jv calls = json_get(message, "tool_calls");
	AUTO_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < json_count(&native); i++)
		json_append(items, json_at(&native, i));
	if (json_count(&native) > 0)
		return;
	provider_content_text(&content, &text);
	if (text.len > 0) {
		jv item = json_object();
		json_set_str(&item, "role", "assistant");
		json_set(&item, "content",
		    json_from_bytes(text.data, text.len));
		json_append(items, item);
	}
	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);
		call_out(&call, items);
	}
}

static void
message_out(const jv *message, jv *items)
{
	AUTO_JV jv content = json_get(message, "content");
	const char *role = json_str(message, "role");
	jv item;

	if (is(role, "assistant")) {
		assistant_out(message, items);
		return;
	}
	item = json_object();
	if (is(role, "tool")) {
		json_set_str(&item, "type", "function_call_output");
		json_set_str(&item, "call_id",
		    json_str(message, "tool_call_id"));
		json_set(&item, "output", provider_content(&content, part_out));
	} else {
		json_set_str(&item, "role", role ? role : "user");
		json_set(&item, "content",
		    provider_content(&content, part_out));
	}
	json_append(items, item);
}

static jv
tools_out(const jv *tools)
{
	jv out = json_array();

	for (size_t i = 0; i < json_count(tools); i++) {
		AUTO_JV jv tool = json_at(tools, i);
		jv f = json_get(&tool, "function");
		if (!json_is(&f, JSON_OBJECT)) {	/* one of theirs */
			json_release(&f);
			f = json_copy(&tool);
		} else {
			json_set_str(&f, "type", "function");
			if (!json_has(&f, "strict"))
				json_set_bool(&f, "strict", false);
		}
		json_append(&out, f);
	}
	return out;
}

static void
set_format(jv *body, const jv *schema)
{
	jv text = json_object(), format = json_object();

	json_set_str(&format, "type", "json_schema");
	json_set_str(&format, "name", "answer");
	json_set(&format, "schema", json_copy(schema));
	json_set(&text, "format", format);
	json_set(body, "text", text);
}

static void
options_out(const jv *options, jv *body)
{
	static const char *const known[] = {
		"max_tokens", "max_completion_tokens", "reasoning_effort",
		"tool_choice", NULL
	};
	AUTO_JV jv choice = json_get(options, "tool_choice");
	AUTO_JV jv f = json_get(&choice, "function");

	provider_pass_options(body, options, known);
	json_set(body, "max_output_tokens", json_has(options, "max_tokens") ?
	    json_get(options, "max_tokens") :
	    json_get(options, "max_completion_tokens"));
	if (json_has(options, "reasoning_effort")) {
		jv reasoning = json_object();
		json_set(&reasoning, "effort",
		    json_get(options, "reasoning_effort"));
		json_set(body, "reasoning", reasoning);
	}
	if (json_is(&f, JSON_OBJECT)) {
		json_set_str(&f, "type", "function");
		json_set(body, "tool_choice", json_copy(&f));
	} else {
		json_set(body, "tool_choice", json_copy(&choice));
	}
}

static int
responses_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	jv body = json_object(), items = json_array(), include;

	(void)e;
	for (size_t i = 0; i < json_count(rq->messages); i++) {
		AUTO_JV jv message = json_at(rq->messages, i);
		message_out(&message, &items);
	}
	json_set_str(&body, "model", m->id);
	json_set(&body, "input", items);
	json_set_bool(&body, "store", false);
	if (provider_quirk(m, "encrypted_reasoning")) {
		include = json_array();
		json_append(&include,
		    json_from_str("reasoning.encrypted_content"));
		json_set(&body, "include", include);
	}
	if (rq->tools && json_count(rq->tools) > 0)
		json_set(&body, "tools", tools_out(rq->tools));
	if (rq->schema && !provider_quirk(m, "no_schema"))
		set_format(&body, rq->schema);
	if (!(rq->flags & MODEL_NO_STREAM))
		json_set_bool(&body, "stream", true);
	if (rq->options)
		options_out(rq->options, &body);
	*ret_body = body;
	return 0;
}

static void
responses_headers(const struct model *m, jv *fields)
{
	provider_chat.headers(m, fields);
}

/* The answer. */

static int
index_of(const jv *data)
{
	int64_t i;

	return json_int(data, "output_index", &i) && i >= 0 && i < 1 << 20 ?
	    (int)i : 0;
}

static void
read_call(struct answer *a, int slot, const jv *item)
{
	AUTO_JV jv arguments = json_get(item, "arguments");

	answer_tool(a, slot, json_str(item, "call_id"),
	    json_str(item, "name"));
	if (json_string(&arguments) && json_string_len(&arguments) > 0)
		answer_tool_arguments_all(a, slot, json_string(&arguments),
		    json_string_len(&arguments));
}

static void
read_usage(struct answer *a, const jv *usage)
{
	struct model_usage *u = answer_usage(a);
	AUTO_JV jv in = json_get(usage, "input_tokens_details");
	AUTO_JV jv out = json_get(usage, "output_tokens_details");

	json_int(usage, "input_tokens", &u->input);
	json_int(usage, "output_tokens", &u->output);
	json_int(&in, "cached_tokens", &u->cached);
	json_int(&in, "cache_write_tokens", &u->cache_write);
	json_int(&out, "reasoning_tokens", &u->reasoning);
}

/* Reasoning that the server encrypted for itself is worth sending back. */
static void
keep_native(struct answer *a, const jv *output)
{
	jv native;
	bool any = false;

	for (size_t i = 0; i < json_count(output); i++) {
		AUTO_JV jv item = json_at(output, i);
		any |= json_str(&item, "encrypted_content") != NULL;
	}
	if (!any || !answer_keeps(a))
		return;
	native = json_object();
	json_set_str(&native, "protocol", name);
	json_set(&native, "content", json_copy(output));
	answer_native(a, native);
}

/* The text of an answer that came in one piece. */
static int
read_item(struct answer *a, int slot, const jv *item, struct err *e)
{
	AUTO_JV jv parts = json_get(item, "content");
	AUTO_JV jv summary = json_get(item, "summary");

	if (is(json_str(item, "type"), "function_call"))
		read_call(a, slot, item);
	for (size_t i = 0; i < json_count(&summary); i++) {
		AUTO_JV jv part = json_at(&summary, i);
		const char *s = json_str(&part, "text");
		if (s && answer_reasoning(a, s, strlen(s), e) < 0)
			return -1;
	}
	if (!is(json_str(item, "type"), "message"))
		return 0;
	for (size_t i = 0; i < json_count(&parts); i++) {
		AUTO_JV jv part = json_at(&parts, i);
		AUTO_JV jv text = json_get(&part, "text");
		const char *refusal = json_str(&part, "refusal");
		if (refusal)
			answer_finish(a, MODEL_REFUSED);
		if (refusal && answer_text(a, refusal, strlen(refusal), e) < 0)
			return -1;
		if (json_string(&text) && answer_text(a, json_string(&text),
		    json_string_len(&text), e) < 0)
			return -1;
	}
	return 0;
}

/* The last event, or the whole answer: the response object. */
static int
read_response(struct answer *a, const jv *r, bool whole, struct err *e)
{
	AUTO_JV jv output = json_get(r, "output");
	AUTO_JV jv usage = json_get(r, "usage");
	const char *status = json_str(r, "status");
	const char *why = json_path_str(r, "incomplete_details.reason");

	if (is(status, "failed"))
		return model_error_body(a, 0, r, e);
	if (whole && !json_is(&output, JSON_ARRAY))
		return err_set(e, ST_PROTOCOL, "an answer without output");
	for (size_t i = 0; whole && i < json_count(&output); i++) {
		AUTO_JV jv item = json_at(&output, i);
		if (read_item(a, (int)i, &item, e) < 0)
			return -1;
	}
	answer_served(a, json_str(r, "model"));
	if (json_is(&usage, JSON_OBJECT))
		read_usage(a, &usage);
	if (is(status, "incomplete"))
		answer_finish(a, is(why, "content_filter") ? MODEL_REFUSED :
		    MODEL_LENGTH);
	else
		answer_finish(a, answer_tools(a) > 0 ? MODEL_TOOLS :
		    MODEL_STOP);
	keep_native(a, &output);
	answer_last(a);
	return 0;
}

static int
read_delta(struct answer *a, const char *type, const jv *data, struct err *e)
{
	AUTO_JV jv delta = json_get(data, "delta");
	const char *s = json_string(&delta);
	size_t n = json_string_len(&delta);

	if (!s)
		return 0;
	if (is(type, "response.output_text.delta"))
		return answer_text(a, s, n, e);
	if (is(type, "response.reasoning_summary_text.delta") ||
	    is(type, "response.reasoning_text.delta"))
		return answer_reasoning(a, s, n, e);
	if (is(type, "response.refusal.delta")) {
		answer_finish(a, MODEL_REFUSED);
		return answer_text(a, s, n, e);
	}
	if (is(type, "response.function_call_arguments.delta"))
		answer_tool_arguments(a, index_of(data), s, n);
	return 0;
}

static int
responses_event(struct answer *a, const jv *data, bool whole, struct err *e)
{
	const char *type = json_str(data, "type");
	AUTO_JV jv response = json_get(data, "response");
	AUTO_JV jv item = json_get(data, "item");
	AUTO_JV jv error = json_get(data, "error");

	/* the error event has its words at the top, or in an object */
	if (is(type, "error") || (!type && json_is_true(&error)))
		return model_error_body(a, 0, data, e);
	if (whole)
		return read_response(a, data, true, e);
	if (is(type, "response.completed") ||
	    is(type, "response.incomplete") || is(type, "response.failed"))
		return read_response(a, &response, false, e);
	if ((is(type, "response.output_item.added") ||
	    is(type, "response.output_item.done")) &&
	    is(json_str(&item, "type"), "function_call"))
		read_call(a, index_of(data), &item);
	return read_delta(a, type, data, e);
}

const struct provider provider_responses = {
	.name = name,
	.path = "/responses",
	.framing = PROVIDER_SSE,
	.request = responses_request,
	.headers = responses_headers,
	.event = responses_event,
	.models_path = "/models",
	.models_array = "data",
	.models_id = "id",
	.embed = &provider_embeddings,
};
