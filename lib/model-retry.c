/*
 * model-retry: what follows an attempt: the answer, another attempt, another
 * model, or a failure.
 *
 * This is the only place that tries again.  Whether it does is decided by the
 * kind of error, by what the server said about waiting, and by whether the
 * caller has seen a piece of the answer; an attempt that could not end before
 * the deadline is not made.
 */
#include "config.h"

#include <sys/random.h>

#include "alloc.h"
#include "key.h"
#include "model-call.h"
#include "model-error.h"

static const int64_t first_delay = CLOCK_SEC / 2;
static const int64_t longest_delay = 8 * CLOCK_SEC;

/* Between three quarters of it and all: so that many do not come at once. */
static int64_t
jitter(int64_t ns)
{
	uint16_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0)
		r = 0;
	return ns - (int64_t)((double)ns / 4 * (r / 65536.0));
}

static int64_t
delay_for(const struct model_call *c)
{
	const struct model_error *me = &c->answer.error;
	int64_t ns = first_delay;

	if (me->retry_after >= 0)
		return (int64_t)(me->retry_after * (double)CLOCK_SEC);
	for (int i = 1; i < c->tries && ns < longest_delay; i++)
		ns *= 2;
	return jitter(ns < longest_delay ? ns : longest_delay);
}

static void
try_later(struct model_call *c, int64_t delay, const struct model *to)
{
	struct model_reply r;

	if (c->rq.events && c->rq.events->retry) {
		call_reply(c, &r);
		c->rq.events->retry(c->rq.ctx, &r, &c->e, delay, to);
		model_reply_release(&r);
	}
	if (to != c->m)
		c->tries = 0;
	c->m = to;
	c->e = (struct err)ERR_INIT;
	call_park(c, deadline_in(delay));
}

/* Whether the caller could not tell another answer from the first. */
static bool
unseen(const struct model_call *c)
{
	return !c->answer.given && !c->local;
}

/* A key that the server echoes is not passed on. */
static void
blank_key(const char *key, char *text)
{
	size_t n = key ? strlen(key) : 0;
	char *at;

	while (n >= 4 && (at = strstr(text, key)))
		memset(at, '*', n);
}

static void
tell_who(struct model_call *c)
{
	blank_key(c->m->key, c->e.text);
	blank_key(c->key, c->e.text);
	if (!c->local && c->m->name)
		err_prefix(&c->e, "%s", c->m->name);
}

/* Some servers refuse a member that others need to tell usage: once more,
 * without it.  Whether it was that. */
static bool
leave_out(struct model_call *c)
{
	if (c->answer.error.kind != MODEL_ERR_REQUEST ||
	    (c->rq.flags & PROVIDER_NO_STREAM_OPTIONS) ||
	    !strstr(c->e.text, "stream_options"))
		return false;
	c->rq.flags |= PROVIDER_NO_STREAM_OPTIONS;
	return true;
}

/* Who is asked after such a failure; NULL: nobody. */
static const struct model *
next_model(const struct model_call *c)
{
	const struct model_error *me = &c->answer.error;
	const struct model *m;

	for (m = c->m->fallback; m; m = m->fallback)
		if (m->on.n == 0 ? model_error_elsewhere(me) ||
		    (me->kind == MODEL_ERR_REFUSED &&
		    (c->rq.flags & MODEL_ELSEWHERE_REFUSED)) :
		    strs_has(&m->on, model_error_name(me->kind)) ||
		    strs_has(&m->on, err_kind(c->e.status)))
			return m;
	return NULL;
}

/* An answer that refuses is a failure for a fallback that wants to know of
 * it: whether that one is asked now. */
static bool
refused(struct model_call *c)
{
	const struct model *next;

	if (c->answer.finish != MODEL_REFUSED || !unseen(c) ||
	    deadline_passed(c->until))
		return false;
	c->answer.error.kind = MODEL_ERR_REFUSED;
	err_set(&c->e, ST_REFUSED, "%s: refused to answer", c->m->name);
	next = next_model(c);
	if (next) {
		try_later(c, 0, next);
		return true;
	}
	c->answer.error.kind = MODEL_OK;
	c->e = (struct err)ERR_INIT;
	return false;
}

void
call_again(struct model_call *c)
{
	try_later(c, 0, c->m);
}

void
call_failed(struct model_call *c)
{
	const struct model_error *me = &c->answer.error;
	const struct model *next;
	int64_t delay;

	if (unseen(c) && model_error_again(me) && c->tries <= c->rq.retries) {
		delay = delay_for(c);
		if (delay < deadline_left(c->until)) {
			try_later(c, delay, c->m);
			return;
		}
	}
	if (unseen(c) && (next = next_model(c)) &&
	    !deadline_passed(c->until)) {
		try_later(c, 0, next);
		return;
	}
	call_finish(c);
}

void
call_ended(struct model_call *c, const struct err *e)
{
	int renewed;

	call_settle(c, e);
	if (!e && refused(c))
		return;
	if (!e) {
		call_finish(c);
		return;
	}
	c->e = *e;
	tell_who(c);
	renewed = call_renew_key(c);
	if (renewed > 0 || leave_out(c))
		call_again(c);
	else if (renewed < 0)
		call_failed(c);
}
