/* embed: texts from a stream, their vectors as a stream. */
#include "config.h"

#include "embed.h"

#include <poll.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"
#include "provider.h"
#include "record.h"

/* A line that came. */
struct text {
	char *line;
	size_t len;
	bool record;		/* the text is in its data */
	jv data;		/* of that */
};

/* What one request asks for. */
struct part {
	struct run *run;
	struct part *next;
	struct text *texts;
	size_t n, cap, bytes;
	jv input;		/* the texts as the server sees them */
	struct buf out;
	bool done;
};

struct run {
	const struct embed *o;
	struct model m;		/* the model, spoken to for vectors */
	struct model_pool *pool;
	struct ndjson_reader in;
	struct part *first, *filling;
	size_t active;
	jv options;
	bool eof;
	int status;
	struct err fatal;
	int64_t count;
	struct model_usage usage;
};

static void
free_part(struct part *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->texts[i].line);
		json_release(&p->texts[i].data);
	}
	free(p->texts);
	json_release(&p->input);
	buf_release(&p->out);
	free(p);
}

static struct part *
new_part(struct run *r)
{
	struct part *p = xcalloc(1, sizeof(*p));

	p->run = r;
	p->input = json_array();
	return p;
}

/* Writing. */

static void
put_member(const char *key, const char *json, struct buf *line)
{
	AUTO_BUF struct buf out = BUF_INIT;

	ndjson_splice(line->data, line->len, key, json, &out);
	buf_reset(line);
	buf_add(line, out.data, out.len);
}

/* The line with `key` and the model in it. */
static void
write_text(const struct run *r, const struct text *t, const char *key,
    const char *json, struct buf *out)
{
	AUTO_BUF struct buf line = BUF_INIT, model = BUF_INIT;
	AUTO_FREE char *data = t->record ? json_text(&t->data) : NULL;

	if (data)
		buf_adds(&line, data);
	else
		buf_add(&line, t->line, t->len);
	json_quote(r->m.name, strlen(r->m.name), &model);
	put_member(key, json, &line);
	put_member("model", model.data, &line);
	if (data)
		ndjson_splice(t->line, t->len, "data", line.data, out);
	else
		buf_add(out, line.data, line.len);
	buf_addc(out, '\n');
}

static void
write_vectors(struct part *p, const jv *vectors)
{
	for (size_t i = 0; i < p->n; i++) {
		AUTO_JV jv v = json_at(vectors, i);
		AUTO_FREE char *json = json_text(&v);
		write_text(p->run, &p->texts[i], "embedding", json, &p->out);
	}
	p->run->count += (int64_t)p->n;
}

static void
write_refusal(struct part *p, const struct model_reply *reply,
    const struct err *why)
{
	AUTO_JV jv data = model_error_json(reply, why);
	AUTO_FREE char *json = json_text(&data);

	write_text(p->run, &p->texts[0], "error", json, &p->out);
	if (p->run->status == ST_OK)
		p->run->status = ST_NO;
}

/* Asking. */

static void start(struct run *r, struct part *p);

/* The second half as a part of its own, behind the first. */
static void
halve(struct part *p)
{
	struct part *rest = new_part(p->run);
	AUTO_JV jv all = json_copy(&p->input);
	size_t keep = p->n / 2;

	json_release(&p->input);
	p->input = json_array();
	for (size_t i = 0; i < p->n; i++)
		json_append(i < keep ? &p->input : &rest->input,
		    json_at(&all, i));
	rest->n = rest->cap = p->n - keep;
	rest->texts = xreallocarray(NULL, rest->n, sizeof(*rest->texts));
	memcpy(rest->texts, p->texts + keep, rest->n * sizeof(*rest->texts));
	p->n = keep;
	rest->next = p->next;
	p->next = rest;
	start(p->run, p);
	start(p->run, rest);
}

static bool
its_own_fault(const struct model_reply *reply)
{
	return reply->error.kind == MODEL_ERR_CONTEXT ||
	    reply->error.kind == MODEL_ERR_REQUEST;
}

static void
on_done(void *ctx, struct model_reply *reply, const struct err *why)
{
	struct part *p = ctx;
	struct run *r = p->run;
	AUTO_JV jv vectors = provider_native(&reply->message,
	    r->m.provider->name);
	struct err ignored = ERR_INIT;

	r->active--;
	model_usage_add(&r->usage, &reply->usage);
	if (!why && json_count(&vectors) == p->n) {
		write_vectors(p, &vectors);
		(void)model_remember(r->pool, reply->memo_key, reply,
		    &ignored);
	} else if (!why) {
		err_set(&r->fatal, ST_PROTOCOL, "%s: %zu vectors for %zu "
		    "texts", r->m.name, json_count(&vectors), p->n);
	} else if (its_own_fault(reply) && p->n > 1) {
		halve(p);
		return;
	} else if (its_own_fault(reply)) {
		write_refusal(p, reply, why);
	} else if (r->fatal.status == ST_OK) {
		r->fatal = *why;
	}
	p->done = true;
}

static void
start(struct run *r, struct part *p)
{
	struct model_request rq = {
		.messages = &p->input, .options = &r->options,
		.flags = MODEL_NO_STREAM, .retries = r->o->retries
	};
	struct err e = ERR_INIT;

	r->active++;
	if (model_start(r->pool, &r->m, &rq, deadline_in(r->o->timeout),
	    on_done, p, &e))
		return;
	r->active--;
	p->done = true;
	if (r->fatal.status == ST_OK)
		r->fatal = e;
}

/* Reading. */

/* The text of a line; false when it has none. */
static bool
text_of(const struct run *r, const struct ndjson_line *line, jv *ret,
    struct text *t)
{
	AUTO_JV jv data = JSON_NONE;

	*t = (struct text){ .data = JSON_NONE };
	if (r->o->lines) {
		AUTO_BUF struct buf own = BUF_INIT;
		*ret = json_from_bytes(line->text, line->len);
		buf_adds(&own, "{\"text\":");
		json_quote(line->text, line->len, &own);
		buf_addc(&own, '}');
		t->len = own.len;
		t->line = buf_steal(&own);
		return true;
	}
	*ret = json_get(&line->value, "text");
	data = json_get(&line->value, "data");
	if (!json_string(ret) && json_is(&data, JSON_OBJECT)) {
		json_release(ret);
		*ret = json_get(&data, "text");
		t->record = true;
		t->data = json_copy(&data);
	}
	if (!json_string(ret)) {
		json_release(ret);
		json_release(&t->data);
		return false;
	}
	t->line = xstrndup(line->text, line->len);
	t->len = line->len;
	return true;
}

static void
add_line(struct run *r, const struct ndjson_line *line)
{
	struct part *p = r->filling;
	struct text t;
	jv text;

	if (!text_of(r, line, &text, &t)) {
		err_warn("line %lu: no 'text', skipping it", line->number);
		r->status = ST_DATA;
		return;
	}
	if (!p)
		p = r->filling = new_part(r);
	p->bytes += json_string_len(&text);
	GROW(p->texts, p->n, p->cap);
	p->texts[p->n++] = t;
	json_append(&p->input, text);
}

static bool
full(const struct part *p)
{
	return p && (p->n >= EMBED_TEXTS || p->bytes >= EMBED_BYTES);
}

static void
start_filled(struct run *r)
{
	struct part **at = &r->first;

	while (*at)
		at = &(*at)->next;
	*at = r->filling;
	start(r, r->filling);
	r->filling = NULL;
}

static size_t
parts(const struct run *r)
{
	size_t n = 0;

	for (const struct part *p = r->first; p; p = p->next)
		n++;
	return n;
}

static bool
may_read(const struct run *r)
{
	return !r->eof && r->active < r->o->jobs &&
	    parts(r) < 2 * r->o->jobs;
}

/* Reads what there is without waiting; starts what is full, or all there is
 * when nothing else is under way. */
static int
read_some(struct run *r, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got = NDJSON_LINE;

	while (may_read(r) && (got == NDJSON_LINE || got == NDJSON_BAD)) {
		got = ndjson_next_until(&r->in, deadline_in(0), NULL, &line,
		    &why);
		if (got == NDJSON_LINE && line.len > 0)
			add_line(r, &line);
		if (got == NDJSON_BAD) {
			err_warn("%s, skipping it", why.text);
			r->status = ST_DATA;
		}
		if (got == NDJSON_EOF)
			r->eof = true;
		if (full(r->filling))
			start_filled(r);
	}
	ndjson_line_release(&line);
	if (r->filling && (r->eof || r->active == 0))
		start_filled(r);
	if (got != NDJSON_FAIL)
		return 0;
	*e = why;
	return -1;
}

static int
write_done(struct run *r, struct err *e)
{
	while (r->first && r->first->done) {
		struct part *p = r->first;
		int failed = p->out.len > 0 ? fd_write(r->o->out, p->out.data,
		    p->out.len, e) : 0;
		r->first = p->next;
		free_part(p);
		if (failed < 0)
			return -1;
	}
	return 0;
}

static int
write_result(struct run *r, struct err *e)
{
	const struct record_origin origin = {
		.source = "/command/agent-ask",
		.traceparent = record_traceparent()
	};
	jv data = json_object();
	AUTO_JV jv record = JSON_NONE;

	json_set_int(&data, "status", r->status);
	json_set_int(&data, "count", r->count);
	json_set_str(&data, "model", r->m.name);
	json_set(&data, "usage", model_usage_json(&r->usage));
	record = record_new(&origin, RECORD_RESULT, data);
	return record_emit(r->o->out, &record, e);
}

static int
loop(struct run *r, const volatile int *stop, struct err *e)
{
	for (;;) {
		struct pollfd in = { .fd = r->o->in, .events = POLLIN };
		if (read_some(r, e) < 0 || write_done(r, e) < 0)
			return -1;
		if (r->fatal.status != ST_OK) {
			*e = r->fatal;
			return -1;
		}
		if (r->eof && !r->first)
			return r->o->result ? write_result(r, e) : 0;
		if ((r->first && r->first->done) ||
		    (may_read(r) && ndjson_pending(&r->in)))
			continue;
		if (model_wait(r->pool, &in, may_read(r), DEADLINE_NEVER,
		    stop, e) < 0)
			return -1;
	}
}

static int
check(const struct model *m, struct err *e)
{
	if (m->fallback)
		return err_set(e, ST_CONFIG, "vectors of one model are none "
		    "of another: name one model");
	if (!m->provider->embed)
		return err_set(e, ST_CONFIG, "'%s': its protocol, %s, has no "
		    "embeddings", m->name, m->provider->name);
	return 0;
}

int
embed_run(const struct embed *o, const volatile int *stop, struct err *e)
{
	struct run r = { .o = o, .m = *o->model, .usage = MODEL_USAGE_INIT };
	int result = -1;

	if (check(o->model, e) < 0)
		return -1;
	r.m.provider = o->model->provider->embed;
	/* for the ledger: no answer is made */
	r.options = o->options ? json_copy(o->options) : json_object();
	json_set_int(&r.options, "max_tokens", 1);
	ndjson_init(&r.in, o->in, NDJSON_LINE_MAX);
	r.in.raw = o->lines;
	r.pool = model_pool_new(o->jobs, e);
	if (r.pool) {
		model_pool_memo(r.pool, o->memo);
		result = loop(&r, stop, e);
	}
	model_pool_free(r.pool);
	while (r.first) {
		struct part *p = r.first;
		r.first = p->next;
		free_part(p);
	}
	if (r.filling)
		free_part(r.filling);
	json_release(&r.options);
	ndjson_release(&r.in);
	return result < 0 ? -1 : r.status;
}
