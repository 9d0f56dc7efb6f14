/* model-reply: the plain parts of model.h: names, sums, JSON, release. */
#include "config.h"

#include "alloc.h"
#include "key.h"
#include "model.h"
#include "record.h"

void
model_add_message(jv *messages, const char *role, jv content)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set(&m, "content", content);
	json_append(messages, m);
}

void
model_release(struct model *m)
{
	struct model *next;

	free(m->name);
	free(m->vendor);
	free(m->id);
	free(m->base);
	free(m->unix_socket);
	key_free(m->key);
	free(m->key_from);
	json_release(&m->key_cmd);
	json_release(&m->headers);
	json_release(&m->quirks);
	json_release(&m->options);
	strs_release(&m->on);
	next = m->fallback;
	*m = (struct model)MODEL_INIT;
	if (next) {
		model_release(next);
		free(next);
	}
}

const char *
model_finish_name(enum model_finish finish)
{
	static const char *const names[] = {
		[MODEL_UNFINISHED] = "unfinished",
		[MODEL_STOP] = "stop",
		[MODEL_TOOLS] = "tool_calls",
		[MODEL_LENGTH] = "length",
		[MODEL_REFUSED] = "refused",
		[MODEL_PAUSED] = "paused"
	};

	return names[finish];
}

int
model_finish_status(enum model_finish finish)
{
	static const int status[] = {
		[MODEL_UNFINISHED] = ST_PROTOCOL,
		[MODEL_STOP] = ST_OK,
		[MODEL_TOOLS] = ST_OK,
		[MODEL_LENGTH] = ST_LIMIT,
		[MODEL_REFUSED] = ST_REFUSED,
		[MODEL_PAUSED] = ST_LIMIT
	};

	return status[finish];
}

const char *
model_error_name(enum model_error_kind kind)
{
	static const char *const names[] = {
		[MODEL_OK] = "ok",
		[MODEL_ERR_CONNECT] = "connect",
		[MODEL_ERR_TIMEOUT] = "timeout",
		[MODEL_ERR_RATE] = "rate_limit",
		[MODEL_ERR_QUOTA] = "quota",
		[MODEL_ERR_BUDGET] = "budget",
		[MODEL_ERR_OVERLOADED] = "overloaded",
		[MODEL_ERR_SERVER] = "server",
		[MODEL_ERR_AUTH] = "auth",
		[MODEL_ERR_NOT_FOUND] = "not_found",
		[MODEL_ERR_CONTEXT] = "context",
		[MODEL_ERR_REQUEST] = "request",
		[MODEL_ERR_REFUSED] = "refused",
		[MODEL_ERR_CUT] = "cut",
		[MODEL_ERR_GARBAGE] = "garbage",
		[MODEL_ERR_OTHER] = "other"
	};

	return names[kind];
}

static void
set_known(jv *o, const char *key, int64_t n)
{
	if (n >= 0)
		json_set_int(o, key, n);
}

jv
model_usage_json(const struct model_usage *u)
{
	jv o = json_object();

	set_known(&o, "input_tokens", u->input);
	set_known(&o, "output_tokens", u->output);
	set_known(&o, "cached_tokens", u->cached);
	set_known(&o, "cache_write_tokens", u->cache_write);
	set_known(&o, "reasoning_tokens", u->reasoning);
	if (u->cost >= 0)
		json_set_num(&o, "cost_usd", u->cost);
	if (u->estimated)
		json_set_bool(&o, "estimated", true);
	return o;
}

void
model_usage_read(const jv *usage, struct model_usage *u)
{
	json_int(usage, "input_tokens", &u->input);
	json_int(usage, "output_tokens", &u->output);
	json_int(usage, "cached_tokens", &u->cached);
	json_int(usage, "cache_write_tokens", &u->cache_write);
	json_int(usage, "reasoning_tokens", &u->reasoning);
	json_num(usage, "cost_usd", &u->cost);
	(void)json_bool(usage, "estimated", &u->estimated);
}

static void
add_known(int64_t *sum, int64_t n)
{
	if (n >= 0 && __builtin_add_overflow(*sum < 0 ? 0 : *sum, n, sum))
		*sum = INT64_MAX;
}

void
model_usage_add(struct model_usage *sum, const struct model_usage *u)
{
	add_known(&sum->input, u->input);
	add_known(&sum->output, u->output);
	add_known(&sum->cached, u->cached);
	add_known(&sum->cache_write, u->cache_write);
	add_known(&sum->reasoning, u->reasoning);
	if (u->cost >= 0)
		sum->cost = (sum->cost < 0 ? 0 : sum->cost) + u->cost;
	sum->estimated |= u->estimated;
}

void
model_reply_release(struct model_reply *r)
{
	json_release(&r->message);
	free(r->vendor);
	free(r->model);
	free(r->served);
	free(r->request_id);
	free(r->memo_key);
	free(r->error.reset);
	free(r->error.code);
	*r = (struct model_reply)MODEL_REPLY_INIT;
}

jv
model_error_json(const struct model_reply *r, const struct err *e)
{
	jv d = record_error_data(e);

	if (r->error.kind != MODEL_OK && r->error.kind != MODEL_ERR_OTHER)
		json_set_str(&d, "kind", model_error_name(r->error.kind));
	if (r->error.http_status > 0)
		json_set_int(&d, "http_status", r->error.http_status);
	if (r->error.retry_after >= 0)
		json_set_num(&d, "retry_after", r->error.retry_after);
	json_set_str(&d, "reset", r->error.reset);
	json_set_str(&d, "code", r->error.code);
	json_set_str(&d, "provider", r->vendor);
	json_set_str(&d, "model", r->model);
	json_set_str(&d, "request_id", r->request_id);
	json_set_bool(&d, "partial", r->error.partial);
	return d;
}
