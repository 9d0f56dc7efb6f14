/*
 * provider-records: programs that take a task and write records, as
 * agent-provider(5) describes them; `agent-ask -j 1` is one.
 */
#include "config.h"

#include "alloc.h"
#include "model-error.h"
#include "provider.h"
#include "record.h"

static int
records_request(const struct model *m, const struct model_request *rq,
    jv *ret_body, struct err *e)
{
	jv body = json_object();

	(void)e;
	if (!m->vendor || strcmp(m->id, m->vendor) != 0)
		json_set_str(&body, "model", m->id);
	json_set(&body, "messages", json_copy(rq->messages));
	if (rq->options)
		json_set(&body, "options", json_copy(rq->options));
	if (rq->tools && json_count(rq->tools) > 0)
		json_set(&body, "tools", json_copy(rq->tools));
	if (rq->schema)
		json_set(&body, "schema", json_copy(rq->schema));
	json_set_bool(&body, "stream", !(rq->flags & MODEL_NO_STREAM));
	*ret_body = body;
	return 0;
}

static void
records_headers(const struct model *m, jv *fields)
{
	(void)m;
	(void)fields;
}

/* A piece; that there was one is noted: the result repeats the text. */
static int
read_delta(struct answer *a, const jv *data, struct err *e)
{
	AUTO_JV jv text = json_get(data, "text");
	AUTO_JV jv reasoning = json_get(data, "reasoning");

	if (json_string(&reasoning) && answer_reasoning(a,
	    json_string(&reasoning), json_string_len(&reasoning), e) < 0)
		return -1;
	if (!json_string(&text) || json_string_len(&text) == 0)
		return 0;
	if (!*answer_state(a))
		*answer_state(a) = xstrdup("came");
	return answer_text(a, json_string(&text), json_string_len(&text), e);
}

static void
read_usage(struct answer *a, const jv *data)
{
	AUTO_JV jv usage = json_get(data, "usage");

	model_usage_read(&usage, answer_usage(a));
}

static enum model_finish
finish_of(const jv *data, const struct answer *a)
{
	static const enum model_finish known[] = {
		MODEL_STOP, MODEL_TOOLS, MODEL_LENGTH, MODEL_REFUSED,
		MODEL_PAUSED
	};
	const char *word = json_str(data, "finish");

	for (size_t i = 0; word && i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(word, model_finish_name(known[i])) == 0)
			return known[i];
	return answer_tools(a) > 0 ? MODEL_TOOLS : MODEL_STOP;
}

static int
read_result(struct answer *a, const jv *data, struct err *e)
{
	AUTO_JV jv text = json_get(data, "text");
	AUTO_JV jv message = json_get(data, "message");
	AUTO_JV jv native = json_get(&message, "native");

	if (json_string(&text) && !*answer_state(a) && answer_text(a,
	    json_string(&text), json_string_len(&text), e) < 0)
		return -1;
	answer_tool_calls(a, &message);
	read_usage(a, data);
	if (json_is(&native, JSON_OBJECT))
		answer_native(a, json_copy(&native));
	answer_served(a, json_str(data, "served"));
	answer_request_id(a, json_str(data, "request_id"));
	answer_finish(a, finish_of(data, a));
	answer_last(a);
	return 0;
}

static int
records_event(struct answer *a, const jv *record, bool whole, struct err *e)
{
	const char *type = json_str(record, "type");
	AUTO_JV jv data = json_get(record, "data");

	(void)whole;
	if (!type)
		return err_set(e, ST_PROTOCOL, "a line is no record");
	if (strcmp(type, RECORD_MODEL_DELTA) == 0)
		return read_delta(a, &data, e);
	if (strcmp(type, RECORD_RESULT) == 0)
		return read_result(a, &data, e);
	if (strcmp(type, RECORD_ERROR) == 0)
		return model_error_record(a, &data, e);
	return 0;		/* model.retry, and what is not known yet */
}

const struct provider provider_records = {
	.name = "records",
	.path = "",
	.framing = PROVIDER_NDJSON,
	.request = records_request,
	.headers = records_headers,
	.event = records_event,
	.release = free,
};
