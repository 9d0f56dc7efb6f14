/* provider-ollama: ollama's own chat, which streams lines of JSON. */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"

/* The request. */

/* Pictures are base64, beside the text. */
static void
images_out(const jv *content, jv *message)
{
	jv images = json_array();

	for (size_t i = 0; i < json_count(content); i++) {
		AUTO_JV jv part = json_at(content, i);
		const char *url = json_path_str(&part, "image_url.url");
		AUTO_FREE char *type = NULL;
		const char *data;
		if (url && provider_data_url(url, &type, &data))
			json_append(&images, json_from_str(data));
	}
	if (json_count(&images) > 0)
		json_set(message, "images", images);
	else
		json_release(&images);
}

static jv
calls_out(const jv *calls)
{
	jv out = json_array();

	for (size_t i = 0; i < json_count(calls); i++) {
		AUTO_JV jv call = json_at(calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		jv f = json_object(), one = json_object();
		json_set_str(&f, "name", json_str(&function, "name"));
		json_set(&f, "arguments", provider_arguments(&function));
		json_set(&one, "function", f);
		json_append(&out, one);
	}
	return out;
}

static jv
message_out(const jv *message)
{
	AUTO_JV jv content = json_get(message, "content");
	AUTO_JV jv calls = json_get(message, "tool_calls");
	AUTO_BUF struct buf text = BUF_INIT;
	jv out = json_object();

	provider_content_text(&content, &text);
	json_set_str(&out, "role", json_str(message, "role"));
	json_set(&out, "content", json_from_bytes(text.data ? text.data : "",
	    text.len));
	if (json_is(&content, JSON_ARRAY))
		images_out(&content, &out);
	if (json_count(&calls) > 0)
		json_set(&out, "tool_calls", calls_out(&calls));
	json_set_str(&out, "tool_name", json_str(message, "name"));
	return out;
}

/* What stands at the top of a request; the rest are the model's options. */
static void
options_out(const jv *options, jv *body)
{
	static const char *const top[] = { "think", "format", "keep_alive",
		"logprobs", "top_logprobs" };
	static const char *const known[] = { "think", "format", "keep_alive",
		"logprobs", "top_logprobs", "max_tokens", "reasoning_effort",
		"tool_choice", "options", NULL };
	jv inner = json_get(options, "options");

	if (!json_is(&inner, JSON_OBJECT)) {
		json_release(&inner);
		inner = json_object();
	}
	provider_pass_options(&inner, options, known);
	json_set(&inner, "num_predict", json_get(options, "max_tokens"));
	if (json_count(&inner) > 0)
		json_set(body, "options", inner);
	else
		json_release(&inner);
	json_set(body, "think", json_get(options, "reasoning_effort"));
	for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++)
		json_set(body, top[i], json_get(options, top[i]));
}

static int
ollama_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	jv body = json_object(), messages = json_array();

	(void)e;
	for (size_t i = 0; i < json_count(rq->messages); i++) {
		AUTO_JV jv message = json_at(rq->messages, i);
		json_append(&messages, message_out(&message));
	}
	json_set_str(&body, "model", m->id);
	json_set(&body, "messages", messages);
	json_set_bool(&body, "stream", !(rq->flags & MODEL_NO_STREAM));
	if (rq->tools && json_count(rq->tools) > 0)
		json_set(&body, "tools", json_copy(rq->tools));
	if (rq->schema)
		json_set(&body, "format", json_copy(rq->schema));
	if (rq->options)
		options_out(rq->options, &body);
	*ret_body = body;
	return 0;
}

static void
ollama_headers(const struct model *m, jv *fields)
{
	provider_chat.headers(m, fields);
}

/* The answer. */

static void
read_done(struct answer *a, const jv *data)
{
	struct model_usage *u = answer_usage(a);
	const char *reason = json_str(data, "done_reason");

	json_int(data, "prompt_eval_count", &u->input);
	json_int(data, "eval_count", &u->output);
	if (reason && strcmp(reason, "length") == 0)
		answer_finish(a, MODEL_LENGTH);
	else
		answer_finish(a, answer_tools(a) > 0 ? MODEL_TOOLS :
		    MODEL_STOP);
	answer_last(a);
}

static int
ollama_event(struct answer *a, const jv *data, bool whole, struct err *e)
{
	AUTO_JV jv message = json_get(data, "message");
	AUTO_JV jv text = json_get(&message, "content");
	AUTO_JV jv thinking = json_get(&message, "thinking");
	bool done = false;

	if (json_has(data, "error"))
		return model_error_body(a, 0, data, e);
	if (whole && !json_is(&message, JSON_OBJECT))
		return err_set(e, ST_PROTOCOL, "an answer without a message");
	answer_served(a, json_str(data, "model"));
	if (json_string(&thinking) && answer_reasoning(a,
	    json_string(&thinking), json_string_len(&thinking), e) < 0)
		return -1;
	if (json_string(&text) && answer_tagged(a, json_string(&text),
	    json_string_len(&text), e) < 0)
		return -1;
	answer_tool_calls(a, &message);
	if (json_bool(data, "done", &done) && done)
		read_done(a, data);
	return 0;
}

const struct provider provider_ollama = {
	.name = "ollama",
	.path = "/api/chat",
	.framing = PROVIDER_NDJSON,
	.request = ollama_request,
	.headers = ollama_headers,
	.event = ollama_event,
	.models_path = "/api/tags",
	.models_array = "models",
	.models_id = "name",
	.embed = &provider_ollama_embed,
};
