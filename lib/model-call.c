/* model-call: one attempt at an answer: sends the request, reads what comes. */
#include "config.h"

#include "model-call.h"

#include "alloc.h"
#include "key.h"
#include "model-error.h"

/* What is left to come once an answer is whole: usage, the last newline. */
static const int64_t after_end = 5 * CLOCK_SEC;

void
leg_free(struct leg *l)
{
	if (l->prev)
		l->prev->next = l->next;
	else
		l->pool->legs = l->next;
	if (l->next)
		l->next->prev = l->prev;
	free(l);
}

void
call_drop_leg(struct model_call *c)
{
	struct leg *l = c->leg;

	c->leg = NULL;
	if (!l)
		return;
	if (l->wire)
		l->ops->cancel(l->wire);
	leg_free(l);
}

static void
detach_leg(struct model_call *c)
{
	struct leg *l = c->leg;

	c->leg = NULL;
	if (!l)
		return;
	l->call = NULL;
	if (l->wire)
		l->ops->limit(l->wire, deadline_min(c->until,
		    deadline_in(after_end)));
}

/* A head is here: what kind of body follows. */

static bool
has_type(const char *type, const char *word)
{
	return type && strcasestr(type, word);
}

static int
choose_reading(struct model_call *c, const char *type, struct err *e)
{
	if (c->status < 200 || c->status > 299) {
		c->reading = READ_ERROR;
		return 0;
	}
	if (has_type(type, "html")) {
		c->answer.error.kind = MODEL_ERR_GARBAGE;
		return err_set(e, ST_PROTOCOL,
		    "an answer of type '%s': not a model's", type);
	}
	if (has_type(type, "event-stream"))
		c->reading = READ_SSE;
	else if (has_type(type, "ndjson") || has_type(type, "jsonl"))
		c->reading = READ_NDJSON;
	else if (has_type(type, "json") || (c->rq.flags & MODEL_NO_STREAM))
		c->reading = READ_WHOLE;
	else
		c->reading = c->m->provider->framing == PROVIDER_SSE ?
		    READ_SSE : READ_NDJSON;
	return 0;
}

static int
on_head(void *ctx, const struct http_head *head, struct err *e)
{
	static const char *const ids[] = {
		"x-request-id", "request-id", "x-generation-id"
	};
	struct leg *l = ctx;
	struct model_call *c = l->call;

	if (!c)
		return 0;
	c->status = head->status;
	if (head->status >= 300)
		model_error_head(&c->answer.error, head);
	call_limits(c, head);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		answer_request_id(&c->answer, http_field(head, ids[i]));
	return choose_reading(c, http_field(head, "content-type"), e);
}

/* The events of a stream. */

static int
garbage(struct model_call *c, struct err *e)
{
	if (c->answer.error.kind == MODEL_OK)
		c->answer.error.kind = MODEL_ERR_GARBAGE;
	e->status = ST_PROTOCOL;
	return -1;
}

static int
read_value(struct model_call *c, const char *data, size_t len, bool whole,
    struct err *e)
{
	AUTO_JV jv v = JSON_NONE;
	struct err why = ERR_INIT;

	if (json_parse(data, len, &v, &why) < 0) {
		err_set(e, ST_PROTOCOL, "a part of the answer is %s",
		    why.text);
		return garbage(c, e);
	}
	if (!json_is(&v, JSON_OBJECT)) {
		err_set(e, ST_PROTOCOL, "a part of the answer is no object");
		return garbage(c, e);
	}
	if (c->m->provider->event(&c->answer, &v, whole, e) == 0) {
		c->hard_end = c->answer.last;
		return 0;
	}
	if (c->answer.error.kind == MODEL_OK)
		c->local = e->status != ST_PROTOCOL;
	return -1;
}

static int
on_event(void *ctx, const char *type, const char *data, size_t len,
    struct err *e)
{
	struct model_call *c = ctx;
	const struct provider *p = c->m->provider;

	(void)type;
	if (c->hard_end)
		return 0;
	if (p->sentinel && strcmp(data, p->sentinel) == 0) {
		p->end(&c->answer, true);
		c->hard_end = true;
		return 0;
	}
	/* OpenAI's word for the end, sent by proxies of other protocols too */
	if (len == 0 || strcmp(data, "[DONE]") == 0)
		return 0;
	return read_value(c, data, len, false, e);
}

static int
read_lines(struct model_call *c, const char *data, size_t len, struct err *e)
{
	const char *lf;

	while ((lf = memchr(data, '\n', len))) {
		size_t n = (size_t)(lf - data);
		int r = 0;
		buf_add(&c->raw, data, n);
		if (c->raw.len > 0 && !c->hard_end)
			r = on_event(c, "", c->raw.data,
			    c->raw.len, e);
		buf_reset(&c->raw);
		if (r < 0)
			return -1;
		data += n + 1;
		len -= n + 1;
	}
	if (c->raw.len + len > BODY_MAX)
		return err_set(e, ST_PROTOCOL, "a line of more than %d MiB",
		    BODY_MAX >> 20);
	buf_add(&c->raw, data, len);
	return 0;
}

static int
read_body(struct model_call *c, const char *data, size_t len, struct err *e)
{
	struct sse_handler handler = { on_event, c };

	switch (c->reading) {
	case READ_SSE:
		return sse_feed(&c->sse, data, len, &handler, e);
	case READ_NDJSON:
		return read_lines(c, data, len, e);
	case READ_WHOLE:
		if (len > BODY_MAX - c->raw.len)
			return err_set(e, ST_PROTOCOL,
			    "an answer of more than %d MiB", BODY_MAX >> 20);
		buf_add(&c->raw, data, len);
		c->answer.progress++;
		return 0;
	case READ_ERROR:
		if (c->raw.len < ERROR_MAX)
			buf_add(&c->raw, data, len);
		return 0;
	}
	return 0;
}

static int
flush(struct model_call *c, struct err *e)
{
	if (answer_flush(&c->answer, e) == 0)
		return 0;
	c->local = true;
	return -1;
}

static int
on_body(void *ctx, const char *data, size_t len, struct err *e)
{
	struct leg *l = ctx;
	struct model_call *c = l->call;
	unsigned long before;

	if (!c)
		return 0;
	before = c->answer.progress;
	if (read_body(c, data, len, e) < 0)
		return -1;
	if (c->hard_end) {
		if (flush(c, e) < 0)
			return -1;
		detach_leg(c);
		call_ended(c, NULL);
		return 0;
	}
	/* a replayed answer gives events before the call is known */
	if (l->wire && c->answer.progress != before)
		l->ops->progress(l->wire);
	if (l->wire && answer_ended(&c->answer)) {
		c->until = deadline_min(c->until, deadline_in(after_end));
		l->ops->limit(l->wire, c->until);
	}
	return 0;
}

/* The end of the connection, or of the attempt. */

static int
read_refusal(struct model_call *c, struct err *e)
{
	AUTO_JV jv body = JSON_NONE;
	struct err ignored = ERR_INIT;
	AUTO_FREE char *text = NULL;

	if (json_parse(c->raw.data ? c->raw.data : "", c->raw.len, &body,
	    &ignored) == 0 && json_is_true(&body))
		return model_error_body(&c->answer, c->status, &body, e);
	/* a gateway's page, or a line of text */
	if (c->raw.len > 0 && c->raw.data[0] != '<')
		text = xstrndup(c->raw.data, strcspn(c->raw.data, "\r\n"));
	return answer_error(&c->answer, c->status, NULL, text, e);
}

/*
 * What is left when a stream ends: an event whose end was forgotten is one; a
 * piece of one says nothing, but then the end was not seen either.
 */
static int
read_rest(struct model_call *c, struct err *e)
{
	struct sse_handler handler = { on_event, c };
	int r = c->reading == READ_SSE ? sse_end(&c->sse, &handler, e) :
	    read_lines(c, "\n", 1, e);

	if (r == 0 || c->answer.error.kind != MODEL_ERR_GARBAGE)
		return r;
	c->answer.error.kind = MODEL_OK;
	*e = (struct err)ERR_INIT;
	return 0;
}

static int
read_end(struct model_call *c, struct err *e)
{
	if (c->status == 0)
		return err_set(e, ST_PROTOCOL, "no answer");
	switch (c->reading) {
	case READ_ERROR:
		return read_refusal(c, e);
	case READ_WHOLE:
		if (read_value(c, c->raw.data ? c->raw.data : "", c->raw.len,
		    true, e) < 0)
			return -1;
		break;
	case READ_SSE:
	case READ_NDJSON:
		if (read_rest(c, e) < 0)
			return -1;
		break;
	}
	if (c->m->provider->end)
		c->m->provider->end(&c->answer, false);
	if (answer_ended(&c->answer))
		return 0;
	c->answer.error.kind = MODEL_ERR_CUT;
	return err_set(e, ST_PROTOCOL, c->answer.came ?
	    "the answer was cut before its end" : "an empty answer");
}

/* What a transport's failure is to us. */
static void
classify(struct model_call *c, const struct err *e)
{
	enum model_error_kind *kind = &c->answer.error.kind;

	if (c->local)
		*kind = MODEL_ERR_OTHER;
	if (*kind != MODEL_OK)
		return;
	switch (e->status) {
	case ST_UNAVAILABLE:
		*kind = MODEL_ERR_CONNECT;
		break;
	case ST_TIMEOUT:
		*kind = MODEL_ERR_TIMEOUT;
		break;
	case ST_PROTOCOL:
		*kind = c->status > 0 ? MODEL_ERR_CUT : MODEL_ERR_GARBAGE;
		break;
	default:
		*kind = MODEL_ERR_OTHER;
	}
}

static void
on_done(void *ctx, const struct err *e)
{
	struct leg *l = ctx;
	struct model_call *c = l->call;
	struct err mine = ERR_INIT, unwritten = ERR_INIT;

	leg_free(l);
	if (!c)
		return;
	c->leg = NULL;
	/* the words of a refusal count, also when its body was cut */
	if (e && c->status > 0 && c->reading == READ_ERROR) {
		read_refusal(c, &mine);
		e = &mine;
	} else if (!e && read_end(c, &mine) < 0) {
		e = &mine;
	} else if (e && answer_ended(&c->answer) && !c->local &&
	    c->answer.error.kind == MODEL_OK) {
		/* it was whole; only the connection's end was not proper */
		e = NULL;
	}
	if (flush(c, &unwritten) < 0 && !e)
		e = &unwritten;
	if (e)
		classify(c, e);
	call_ended(c, e);
}

/* The request. */

static void
add_fields(const jv *object, jv *fields)
{
	JSON_EACH(object, i) {
		const char *name = json_iter_key(object, i);
		AUTO_FREE char *field = NULL;
		if (!json_str(object, name))
			continue;
		field = xasprintf("%s: %s", name, json_str(object, name));
		json_append(fields, json_from_str(field));
	}
}

jv
call_fields(const struct model *m, const char *key)
{
	struct model as = *m;
	jv fields = json_array();

	if (key)
		as.key = (char *)(uintptr_t)key;
	json_append(&fields, json_from_str("Content-Type: application/json"));
	m->provider->headers(&as, &fields);
	add_fields(&m->headers, &fields);
	return fields;
}

char *
call_url(const struct model *m)
{
	size_t n = strlen(m->base);

	while (n > 0 && m->base[n - 1] == '/')
		n--;
	return xasprintf("%.*s%s", (int)n, m->base, m->provider->path);
}

int
call_make_body(struct model_call *c, struct err *e)
{
	AUTO_JV jv body = JSON_NONE;
	AUTO_JV jv options = JSON_NONE;
	struct model_request rq = c->rq;

	/* the model's own options lie under the request's */
	options = json_is(&c->m->options, JSON_OBJECT) ?
	    json_merge(&c->m->options, &c->options) : json_copy(&c->options);
	if (c->max_output > 0) {
		if (!json_is(&options, JSON_OBJECT)) {
			json_release(&options);
			options = json_object();
		}
		json_set_int(&options, "max_tokens", c->max_output);
		json_unset(&options, "max_completion_tokens");
	}
	rq.options = json_is(&options, JSON_OBJECT) ? &options : NULL;
	if (c->m->provider->request(c->m, &rq, &body, e) < 0)
		return -1;
	buf_reset(&c->body);
	json_write(&body, &c->body);
	return 0;
}

static void
reset(struct model_call *c)
{
	answer_release(&c->answer);
	answer_init(&c->answer, &c->rq, c->m->provider->release,
	    c->began);
	sse_release(&c->sse);
	buf_reset(&c->raw);
	c->status = 0;
	c->hard_end = c->local = false;
}

static const struct transport *
transport_for(struct model_pool *p, const char *base, struct err *e)
{
	for (size_t i = 0; i < p->ntransports; i++)
		if (transport_serves(&p->transports[i], base))
			return &p->transports[i];
	if (p->ntransports == TRANSPORTS_MAX ||
	    transport_new(base, p->connections,
	    &p->transports[p->ntransports], e) < 0)
		return NULL;
	return &p->transports[p->ntransports++];
}

static struct leg *
new_leg(struct model_call *c, const struct transport *t)
{
	struct leg *l = xcalloc(1, sizeof(*l));

	*l = (struct leg){ .pool = c->pool, .call = c, .ops = t->ops,
	    .next = c->pool->legs };
	if (l->next)
		l->next->prev = l;
	c->pool->legs = l;
	return l;
}

static int
send_request(struct model_call *c, const struct transport *t, struct err *e)
{
	static const struct http_events events = { on_head, on_body, on_done };
	AUTO_JV jv fields = call_fields(c->m, c->key);
	AUTO_FREE char *url = call_url(c->m);
	size_t n = json_count(&fields);
	AUTO_FREE const char **list = xcalloc(n + 1, sizeof(*list));
	struct http_request rq = {
		.url = url,
		.headers = list,
		.body = c->body.data,
		.body_len = c->body.len,
		.unix_socket = c->m->unix_socket,
		.timers = c->m->timers,
		.until = c->until
	};
	struct leg *l = new_leg(c, t);

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv field = json_at(&fields, i);
		list[i] = json_string(&field);	/* lives in fields */
	}
	l->wire = t->ops->start(t->self, c->m->base, &rq, &events, l, e);
	if (!l->wire) {
		leg_free(l);
		return -1;
	}
	c->leg = l;
	return 0;
}

/* If there is no time to come again, that is how the attempt ends, and
 * another model may be asked. */
void
call_refused(struct model_call *c, int64_t wait, const struct err *e)
{
	bool again = e->status == ST_TEMPFAIL && wait > 0;

	if (again && wait < deadline_left(c->until)) {
		if (c->rq.events && c->rq.events->wait)
			c->rq.events->wait(c->rq.ctx, e, wait, c->m);
		call_park(c, deadline_in(wait));
		return;
	}
	if (e->status != ST_BUDGET && e->status != ST_TEMPFAIL) {
		c->e = *e;
		call_finish(c);
		return;
	}
	c->answer.error.kind = e->status == ST_BUDGET ? MODEL_ERR_BUDGET :
	    MODEL_ERR_RATE;
	if (wait > 0)
		c->answer.error.retry_after = (double)wait /
		    (double)CLOCK_SEC;
	/* the ledger has waited already: not again */
	c->tries = c->rq.retries + 1;
	call_ended(c, e);
}

int
call_send(struct model_call *c, struct err *e)
{
	const struct transport *t = transport_for(c->pool, c->m->base, e);

	c->tries++;
	c->attempts++;
	if (t && (c->max_output <= 0 || call_make_body(c, e) == 0) &&
	    send_request(c, t, e) == 0)
		return 0;
	c->answer.error.kind = MODEL_ERR_CONNECT;
	call_settle(c, e);
	return -1;
}

int
call_begin(struct model_call *c, struct err *e)
{
	int recalled, ready;

	reset(c);
	recalled = call_recall(c, e);
	if (recalled != 0)
		return recalled < 0 ? -1 : 0;
	ready = call_need_key(c, e);
	if (ready <= 0)
		return ready;
	key_free(c->key);
	c->key = call_key(c) ? xstrdup(call_key(c)) : NULL;
	if (!transport_for(c->pool, c->m->base, e) || call_make_body(c, e) < 0)
		return -1;
	return call_lease(c) ? call_send(c, e) : 0;
}
