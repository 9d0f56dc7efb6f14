/* replay: answers that come from a file, in the place of the network. */
#include "config.h"

#include "replay.h"

#include <fcntl.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "filter.h"
#include "json.h"
#include "ndjson.h"
#include "num.h"

enum { SHOWN = 160 };		/* bytes of a message in an error */

struct exchange {
	jv line;
	unsigned long number;
	struct filter *when;	/* compiled when it is first needed, which
				 * costs more than all the rest */
};

struct recording {
	char *file;
	struct exchange *exchanges;
	size_t count, cap;
	struct recording *next;
};

struct replay_call {
	struct replay *replay;
	struct replay_call *next;
	struct http_events events;
	void *ctx;
	jv line;		/* the exchange that answers */
	struct err e;		/* or why none does */
	struct deadline due, until;
	bool cancelled;
};

struct replay {
	struct recording *recordings;
	struct replay_call *calls;
};

static void *
replay_new(size_t connections, struct err *e)
{
	(void)connections;
	(void)e;
	return xcalloc(1, sizeof(struct replay));
}

static void
free_recording(struct recording *r)
{
	for (size_t i = 0; i < r->count; i++) {
		json_release(&r->exchanges[i].line);
		filter_free(r->exchanges[i].when);
	}
	free(r->exchanges);
	free(r->file);
	free(r);
}

static void
free_call(struct replay_call *c)
{
	json_release(&c->line);
	free(c);
}

static void
replay_release(void *t)
{
	struct replay *p = t;

	while (p->recordings) {
		struct recording *r = p->recordings;
		p->recordings = r->next;
		free_recording(r);
	}
	while (p->calls) {
		struct replay_call *c = p->calls;
		p->calls = c->next;
		free_call(c);
	}
	free(p);
}

static void
add_exchange(struct recording *r, const struct ndjson_line *line)
{
	GROW(r->exchanges, r->count, r->cap);
	r->exchanges[r->count++] = (struct exchange){
		.line = json_copy(&line->value), .number = line->number };
}

static int
read_lines(struct recording *r, int fd, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;

	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE)
		add_exchange(r, &line);
	ndjson_line_release(&line);
	ndjson_release(&in);
	return got < 0 ? err_prefix(e, "recording '%s'", r->file) : 0;
}

/* The recording of that name, read when it is asked for first. */
static struct recording *
open_recording(struct replay *p, const char *file, struct err *e)
{
	struct recording *r;
	AUTO_FD int fd = -1;

	for (r = p->recordings; r; r = r->next)
		if (strcmp(r->file, file) == 0)
			return r;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, ST_NOINPUT, "cannot open recording '%s'", file);
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->file = xstrdup(file);
	if (read_lines(r, fd, e) < 0) {
		free_recording(r);
		return NULL;
	}
	r->next = p->recordings;
	p->recordings = r;
	return r;
}

/* "tool: 'FAIL: expected 5, got...'": what the request said last. */
static void
describe(const jv *body, struct buf *out)
{
	AUTO_JV jv messages = json_get(body, "messages");
	AUTO_JV jv last = JSON_NONE, content = JSON_NONE;
	AUTO_FREE char *text = NULL;
	const char *role;

	if (!json_is(&messages, JSON_ARRAY)) {
		json_release(&messages);
		messages = json_get(body, "input");
	}
	last = json_count(&messages) > 0 ?
	    json_at(&messages, json_count(&messages) - 1) : JSON_NONE;
	role = json_str(&last, "role");
	content = json_get(&last, "content");
	text = json_string(&content) ? xstrdup(json_string(&content)) :
	    json_text(json_is(&content, JSON_NOTHING) ? &last : &content);
	buf_addf(out, "%s: '%.*s%s'", role ? role : "message", SHOWN, text,
	    strlen(text) > SHOWN ? "..." : "");
}

/*
 * Whether an exchange fits: 1, 0, or -1 for a condition that is no program.
 * One that fails on a request does not fit it: .messages[3].content|test("x")
 * where there is no fourth.
 */
static int
fits(struct exchange *x, const jv *body, struct err *e)
{
	const char *when = json_str(&x->line, "when");
	struct err failed = ERR_INIT;

	if (!when)
		return 1;
	if (!x->when)
		x->when = filter_new(when, NULL, e);
	if (!x->when)
		return err_prefix(e, "line %lu", x->number);
	return filter_test(x->when, body, NULL, &failed) == 1;
}

/* The first exchange that fits; -1 when none does. */
static int
choose(struct recording *r, const jv *body, jv *ret, struct err *e)
{
	AUTO_BUF struct buf said = BUF_INIT;

	for (size_t i = 0; i < r->count; i++) {
		int fit = fits(&r->exchanges[i], body, e);
		if (fit < 0)
			return err_prefix(e, "recording '%s'", r->file);
		if (fit == 0)
			continue;
		*ret = json_copy(&r->exchanges[i].line);
		return 0;
	}
	describe(body, &said);
	return err_set(e, ST_PROTOCOL, "no line of the recording fits the "
	    "request, whose last message is %s", said.data);
}

static int64_t
delay_of(const jv *line)
{
	const char *text = json_str(line, "delay");
	double s;
	int64_t ns = 0;

	if (text && num_parse_duration(text, &ns) == 0)
		return ns;
	if (json_num(line, "delay", &s) && s > 0 && s < 86400)
		return (int64_t)(s * (double)CLOCK_SEC);
	return 0;
}

static void *
replay_start(void *t, const char *target, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	struct replay *p = t;
	const char *file = target + strlen(replay_transport.scheme);
	struct recording *r = open_recording(p, file, e);
	struct replay_call *c;
	AUTO_JV jv body = JSON_NONE;

	if (!r || json_parse(rq->body ? rq->body : "{}",
	    rq->body ? rq->body_len : 2, &body, e) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->replay = p;
	c->events = *events;
	c->ctx = ctx;
	c->line = JSON_NONE;
	c->until = rq->until;
	choose(r, &body, &c->line, &c->e);
	c->due = deadline_in(delay_of(&c->line));
	c->next = p->calls;
	p->calls = c;
	return c;
}

static void
replay_cancel(void *call)
{
	struct replay_call *c = call;

	/* it may be the one that is giving events just now */
	c->cancelled = true;
	c->due = deadline_in(0);
}

static void
replay_progress(void *call)
{
	(void)call;
}

static void
replay_pause(void *call, bool on)
{
	struct replay_call *c = call;

	c->due = on ? DEADLINE_NEVER : deadline_in(0);
}

static void
replay_hurry(void *call, struct deadline until)
{
	(void)call;
	(void)until;
}

static int
replay_fd(const void *t)
{
	(void)t;
	return -1;
}

static struct deadline
replay_due(const void *t)
{
	const struct replay *p = t;
	struct deadline due = DEADLINE_NEVER;

	for (const struct replay_call *c = p->calls; c; c = c->next)
		due = deadline_min(due, deadline_min(c->due, c->until));
	return due;
}

/* The head: the recorded fields, and the type that fits what follows. */
static int
give_head(struct replay_call *c, struct err *e)
{
	AUTO_JV jv headers = json_get(&c->line, "headers");
	struct http_field *fields =
	    xcalloc(json_count(&headers) + 1, sizeof(*fields));
	struct http_head head = { .status = 200, .fields = fields };
	int64_t status;
	int r = 0;

	if (json_int(&c->line, "status", &status) && status >= 100 &&
	    status < 1000)
		head.status = (int)status;
	fields[head.count].name = "content-type";
	fields[head.count++].value = json_has(&c->line, "sse") ?
	    "text/event-stream" : json_has(&c->line, "ndjson") ?
	    "application/x-ndjson" : "application/json";
	JSON_EACH(&headers, i) {
		const char *name = json_iter_key(&headers, i);
		const char *value = json_str(&headers, name);
		if (value && strcmp(name, "content-type") == 0)
			fields[0].value = value;
		else if (value)
			fields[head.count++] =
			    (struct http_field){ name, value };
	}
	if (c->events.head)
		r = c->events.head(c->ctx, &head, e);
	free(fields);
	return r;
}

/* An element of "sse" as an event: data alone, or {"event","data"}. */
static void
write_event(const jv *chunk, struct buf *out)
{
	AUTO_JV jv data = json_get(chunk, "data");
	const char *event = json_str(chunk, "event");
	bool named = event && json_count(chunk) == 2 &&
	    !json_is(&data, JSON_NOTHING);
	const jv *what = named ? &data : chunk;

	if (named)
		buf_addf(out, "event: %s\n", event);
	buf_adds(out, "data: ");
	if (json_string(what))
		buf_adds(out, json_string(what));
	else
		json_write(what, out);
	buf_adds(out, "\n\n");
}

static int
give_chunks(struct replay_call *c, const jv *chunks, bool sse, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < json_count(chunks) && !c->cancelled; i++) {
		AUTO_JV jv chunk = json_at(chunks, i);
		buf_reset(&out);
		if (sse) {
			write_event(&chunk, &out);
		} else {
			json_write(&chunk, &out);
			buf_addc(&out, '\n');
		}
		if (c->events.body(c->ctx, out.data, out.len, e) < 0)
			return -1;
	}
	return 0;
}

static int
give_body(struct replay_call *c, struct err *e)
{
	AUTO_JV jv sse = json_get(&c->line, "sse");
	AUTO_JV jv lines = json_get(&c->line, "ndjson");
	AUTO_JV jv body = json_get(&c->line, "body");
	AUTO_BUF struct buf out = BUF_INIT;

	if (json_is(&sse, JSON_ARRAY))
		return give_chunks(c, &sse, true, e);
	if (json_is(&lines, JSON_ARRAY))
		return give_chunks(c, &lines, false, e);
	if (json_string(&body))
		buf_adds(&out, json_string(&body));
	else
		json_write(&body, &out);
	return out.len == 0 ? 0 :
	    c->events.body(c->ctx, out.data, out.len, e);
}

static void
answer(struct replay_call *c)
{
	struct err e = ERR_INIT;

	if (c->e.status != ST_OK)
		c->events.done(c->ctx, &c->e);
	else if (deadline_passed(c->until) && !deadline_passed(c->due))
		(void)err_set(&e, ST_TIMEOUT, "out of time");
	else if (give_head(c, &e) == 0 && !c->cancelled)
		(void)give_body(c, &e);
	if (!c->cancelled && c->e.status == ST_OK)
		c->events.done(c->ctx, e.status != ST_OK ? &e : NULL);
}

static int
replay_step(void *t, struct err *e)
{
	struct replay *p = t;
	struct replay_call **at = &p->calls, *c;
	int happened = 0;

	(void)e;
	while ((c = *at)) {
		if (!deadline_passed(deadline_min(c->due, c->until))) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		if (!c->cancelled)
			answer(c);
		free_call(c);
		happened = 1;
		at = &p->calls;		/* an event may have added calls */
	}
	return happened;
}

const struct transport_ops replay_transport = {
	.scheme = "replay:",
	.create = replay_new,
	.start = replay_start,
	.cancel = replay_cancel,
	.progress = replay_progress,
	.pause = replay_pause,
	.hurry = replay_hurry,
	.fd = replay_fd,
	.due = replay_due,
	.step = replay_step,
	.release = replay_release
};
