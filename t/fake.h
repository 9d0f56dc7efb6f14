/*
 * fake: a transport for tests that gives an answer from memory, cut and in
 * pieces as told.
 */
#ifndef AGENT_FAKE_H
#define AGENT_FAKE_H

#include "alloc.h"
#include "model-call.h"
#include "provider.h"

/* A transport that gives the first `cut` bytes in pieces of `piece`. */
struct fake {
	const char *body, *type;
	size_t cut, piece;
	struct http_events events;
	void *ctx;
	bool started;
};

static void *
fake_start(void *t, const char *target, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	struct fake *f = t;

	(void)target;
	(void)rq;
	(void)e;
	f->events = *events;
	f->ctx = ctx;
	f->started = true;
	return f;
}

static void
fake_nothing(void *call)
{
	(void)call;
}

static void
fake_limit(void *call, struct deadline until)
{
	(void)call;
	(void)until;
}

static int
fake_fd(const void *t)
{
	(void)t;
	return -1;
}

static struct deadline
fake_due(const void *t)
{
	const struct fake *f = t;

	return f->started ? deadline_in(0) : DEADLINE_NEVER;
}

static int
fake_step(void *t, struct err *e)
{
	struct fake *f = t;
	struct http_field type = { "content-type", f->type };
	struct http_head head = { 200, &type, 1 };
	struct err failed = ERR_INIT;
	int r;

	(void)e;
	if (!f->started)
		return 0;
	f->started = false;
	r = f->events.head(f->ctx, &head, &failed);
	for (size_t i = 0; i < f->cut && r == 0; i += f->piece) {
		size_t n = f->cut - i < f->piece ? f->cut - i : f->piece;
		/* exactly these bytes, for the tools that watch memory */
		AUTO_FREE char *copy = xstrndup(f->body + i, n);
		r = f->events.body(f->ctx, copy, n, &failed);
	}
	f->events.done(f->ctx, r < 0 ? &failed : NULL);
	return 1;
}

static const struct transport_ops fake_ops = {
	.scheme = "fake:", .start = fake_start, .cancel = fake_nothing,
	.progress = fake_nothing, .limit = fake_limit,
	.fd = fake_fd, .due = fake_due, .step = fake_step,
	.release = fake_nothing
};

/* Asks once in a protocol; the status. */
static int
fake_ask(struct fake *f, const char *protocol, struct model_reply *r)
{
	struct model m = MODEL_INIT;
	struct err e = ERR_INIT;
	struct model_pool *pool = model_pool_new(0, &e);
	AUTO_JV jv messages = json_array();
	struct model_request rq = { .messages = &messages };

	m.name = xstrdup("fake/x");
	m.id = xstrdup("x");
	m.base = xstrdup("fake:");
	m.provider = provider_find(protocol);
	pool->transports[pool->ntransports++] =
	    (struct transport){ &fake_ops, f };
	model_ask(pool, &m, &rq, deadline_in(10 * CLOCK_SEC), NULL, r, &e);
	model_pool_free(pool);
	model_release(&m);
	return e.status;
}

#endif
