/* replay: answers that come from a file, in the place of the network. */
#include "config.h"

#include "replay.h"

#include "alloc.h"
#include "clock.h"
#include "json.h"
#include "recording.h"

struct opened {
	struct recording *recording;
	struct opened *next;
};

struct replay_call {
	struct replay_call *next;
	struct http_events events;
	void *ctx;
	jv line;		/* the exchange that answers */
	struct err e;		/* or why none does */
	struct deadline due, until;
	bool cancelled;
};

struct replay {
	struct opened *opened;
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
free_call(struct replay_call *c)
{
	json_release(&c->line);
	free(c);
}

static void
replay_release(void *t)
{
	struct replay *p = t;

	while (p->opened) {
		struct opened *o = p->opened;
		p->opened = o->next;
		recording_free(o->recording);
		free(o);
	}
	while (p->calls) {
		struct replay_call *c = p->calls;
		p->calls = c->next;
		free_call(c);
	}
	free(p);
}

/* The recording of that name, read when it is asked for first. */
static struct recording *
open_recording(struct replay *p, const char *file, struct err *e)
{
	struct opened *o;

	for (o = p->opened; o; o = o->next)
		if (strcmp(recording_file(o->recording), file) == 0)
			return o->recording;
	o = xcalloc(1, sizeof(*o));
	if (recording_read(file, &o->recording, e) < 0) {
		free(o);
		return NULL;
	}
	o->next = p->opened;
	p->opened = o;
	return o->recording;
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
	struct recording_request asked = { .body = &body };
	const jv *line;

	if (!r || json_parse(rq->body ? rq->body : "{}",
	    rq->body ? rq->body_len : 2, &body, e) < 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->events = *events;
	c->ctx = ctx;
	c->line = JSON_NONE;
	c->until = rq->until;
	if ((line = recording_choose(r, &asked, RECORDING_FIRST, &c->e)))
		c->line = json_copy(line);
	c->due = deadline_in(recording_delay(&c->line));
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
replay_limit(void *call, struct deadline until)
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
	struct http_field *fields = NULL;
	size_t n = recording_fields(&c->line, &fields);
	struct http_head head = { recording_status(&c->line), fields, n };
	int r = 0;

	if (c->events.head)
		r = c->events.head(c->ctx, &head, e);
	free(fields);
	return r;
}

static int
give_body(struct replay_call *c, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	double at;

	for (size_t i = 0; !c->cancelled &&
	    recording_piece(&c->line, i, &out, &at); i++)
		if (out.len > 0 && c->events.body(c->ctx, out.data, out.len,
		    e) < 0)
			return -1;
	if (recording_cut(&c->line))
		return err_set(e, ST_PROTOCOL, "the recording ends here");
	return 0;
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
	.limit = replay_limit,
	.fd = replay_fd,
	.due = replay_due,
	.step = replay_step,
	.release = replay_release
};
