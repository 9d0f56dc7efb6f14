/*
 * provider-embed: vectors instead of answers, by OpenAI's /embeddings and by
 * ollama's /api/embed.
 *
 * The messages of a request are texts here, an array of strings; the vectors,
 * in their order, are what only this provider can read of the answer.
 */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"

static int
embed_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	/* what a caller says about answers does not apply */
	static const char *const known[] = { "max_tokens", NULL };
	jv body = json_object();

	(void)e;
	json_set_str(&body, "model", m->id);
	json_set(&body, "input", json_copy(rq->messages));
	if (rq->options)
		provider_pass_options(&body, rq->options, known);
	*ret_body = body;
	return 0;
}

static void
embed_headers(const struct model *m, jv *fields)
{
	provider_chat.headers(m, fields);
}

static bool
is_vector(const jv *v)
{
	size_t n = json_is(v, JSON_ARRAY) ? json_count(v) : 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv x = json_at(v, i);
		if (!json_is(&x, JSON_NUMBER))
			return false;
	}
	return n > 0;
}

static int
settle(struct answer *a, const char *protocol, const jv *vectors,
    struct err *e)
{
	jv native;

	for (size_t i = 0; i < json_count(vectors); i++) {
		AUTO_JV jv v = json_at(vectors, i);
		if (!is_vector(&v))
			return err_set(e, ST_PROTOCOL,
			    "number %zu of the answer is no vector", i + 1);
	}
	native = json_object();
	json_set_str(&native, "protocol", protocol);
	json_set(&native, "content", json_copy(vectors));
	answer_native(a, native);
	answer_usage(a)->output = 0;
	answer_finish(a, MODEL_STOP);
	answer_last(a);
	return 0;
}

/* The element with an index; they come in order, but need not. */
static jv
vector_at(const jv *data, size_t i)
{
	for (size_t k = 0; k < json_count(data); k++) {
		AUTO_JV jv one = json_at(data, (i + k) % json_count(data));
		int64_t index = (int64_t)((i + k) % json_count(data));
		(void)json_int(&one, "index", &index);
		if (index == (int64_t)i)
			return json_get(&one, "embedding");
	}
	return JSON_NONE;
}

static int
embeddings_event(struct answer *a, const jv *body, bool whole, struct err *e)
{
	AUTO_JV jv data = json_get(body, "data");
	AUTO_JV jv usage = json_get(body, "usage");
	AUTO_JV jv vectors = json_array();

	(void)whole;
	if (json_has(body, "error"))
		return model_error_body(a, 0, body, e);
	if (!json_is(&data, JSON_ARRAY))
		return err_set(e, ST_PROTOCOL, "an answer without vectors");
	for (size_t i = 0; i < json_count(&data); i++) {
		jv v = vector_at(&data, i);
		json_append(&vectors, json_is(&v, JSON_NOTHING) ?
		    json_null() : v);
	}
	answer_served(a, json_str(body, "model"));
	json_int(&usage, "prompt_tokens", &answer_usage(a)->input);
	return settle(a, provider_embeddings.name, &vectors, e);
}

static int
ollama_event(struct answer *a, const jv *body, bool whole, struct err *e)
{
	AUTO_JV jv vectors = json_get(body, "embeddings");

	(void)whole;
	if (json_has(body, "error"))
		return model_error_body(a, 0, body, e);
	if (!json_is(&vectors, JSON_ARRAY))
		return err_set(e, ST_PROTOCOL, "an answer without vectors");
	answer_served(a, json_str(body, "model"));
	json_int(body, "prompt_eval_count", &answer_usage(a)->input);
	return settle(a, provider_ollama_embed.name, &vectors, e);
}

const struct provider provider_embeddings = {
	.name = "embeddings",
	.path = "/embeddings",
	.framing = PROVIDER_SSE,
	.request = embed_request,
	.headers = embed_headers,
	.event = embeddings_event,
};

const struct provider provider_ollama_embed = {
	.name = "ollama-embed",
	.path = "/api/embed",
	.framing = PROVIDER_NDJSON,
	.request = embed_request,
	.headers = embed_headers,
	.event = ollama_event,
};
