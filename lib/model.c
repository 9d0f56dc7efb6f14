/* model: asks models: the calls under way and the loop that moves them. */
#include "config.h"

#include "model.h"

#include "alloc.h"
#include "fd.h"
#include "key.h"
#include "model-call.h"

struct model_pool *
model_pool_new(size_t connections, struct err *e)
{
	struct model_pool *p = xcalloc(1, sizeof(*p));

	(void)e;
	p->connections = connections;
	p->retry_at = p->book_at = DEADLINE_NEVER;
	pool_open_ledger(p);
	return p;
}

void
call_finish(struct model_call *c)
{
	struct model_pool *p = c->pool;

	c->finished = true;
	if (p->last_finished)
		p->last_finished->next_finished = c;
	else
		p->finished = c;
	p->last_finished = c;
}

/* It will not be told of: the first of those that wait, or one of them. */
static void
unsettle(struct model_call *c)
{
	struct model_pool *p = c->pool;
	struct model_call *before = NULL, *at = p->finished;

	for (; at != c; at = at->next_finished)
		before = at;
	if (before)
		before->next_finished = c->next_finished;
	else
		p->finished = c->next_finished;
	if (p->last_finished == c)
		p->last_finished = before;
	c->finished = false;
}

static void
free_call(struct model_call *c)
{
	if (c->finished)
		unsettle(c);
	call_unqueue(c);
	call_unfollow(c);
	call_unlead(c, false);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->pool->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->pool->active--;
	json_release(&c->messages);
	json_release(&c->tools);
	json_release(&c->options);
	json_release(&c->schema);
	buf_release(&c->body);
	free(c->memo_key);
	free(c->carries);
	key_free(c->key);
	answer_release(&c->answer);
	sse_release(&c->sse);
	buf_release(&c->raw);
	free(c);
}

void
model_pool_free(struct model_pool *p)
{
	if (!p)
		return;
	while (p->calls)
		model_cancel(p->calls);
	for (size_t i = 0; i < p->ntransports; i++)
		p->transports[i].ops->release(p->transports[i].self);
	while (p->legs)
		leg_free(p->legs);
	pool_keys_free(p);
	pool_book(p);
	free(p->unbooked);
	free(p->unleased);
	free(p->leads);
	strs_release(&p->answered);
	ledger_close(p->ledger);
	free(p->dir);
	free(p);
}

void
model_cancel(struct model_call *c)
{
	/* it may have been answered and billed: what was leased counts */
	call_settle(c, NULL);
	call_drop_leg(c);
	free_call(c);
}

void
model_excuse(struct model_pool *p, int64_t ns)
{
	for (struct model_call *c = p->calls; c; c = c->next) {
		if (__builtin_add_overflow(c->until.at, ns, &c->until.at))
			c->until = DEADLINE_NEVER;
		if (c->leg && c->leg->wire)
			c->leg->ops->limit(c->leg->wire, c->until);
	}
}

static jv
copy(const jv *v)
{
	return v ? json_copy(v) : JSON_NONE;
}

struct model_call *
model_start(struct model_pool *p, const struct model *m,
    const struct model_request *rq, struct deadline until,
    void (*done)(void *ctx, struct model_reply *r, const struct err *e),
    void *done_ctx, struct err *e)
{
	struct model_call *c = xcalloc(1, sizeof(*c));

	*c = (struct model_call){
		.pool = p, .m = m, .rq = *rq, .until = until,
		.messages = copy(rq->messages), .tools = copy(rq->tools),
		.options = copy(rq->options), .schema = copy(rq->schema),
		.done = done, .done_ctx = done_ctx,
		.began = clock_mono(), .retry_at = DEADLINE_NEVER,
		.next = p->calls
	};
	c->rq.messages = &c->messages;
	c->rq.tools = rq->tools ? &c->tools : NULL;
	c->rq.options = rq->options ? &c->options : NULL;
	c->rq.schema = rq->schema ? &c->schema : NULL;
	if (p->memo && rq->memo_key)
		c->carries = xstrdup(rq->memo_key);
	c->rq.memo_key = c->carries;
	if (c->rq.retries < 0)
		c->rq.retries = MODEL_RETRIES;
	if (p->memo)
		c->rq.flags &= ~(unsigned)MODEL_NO_TEXT;
	answer_init(&c->answer, &c->rq, c->m->provider->release,
	    c->began);
	if (p->calls)
		p->calls->prev = c;
	p->calls = c;
	p->active++;
	if (call_begin(c, e) < 0) {
		free_call(c);
		return NULL;
	}
	return c;
}

void
call_reply(struct model_call *c, struct model_reply *r)
{
	struct answer *a = &c->answer;

	*r = (struct model_reply)MODEL_REPLY_INIT;
	r->message = answer_message(a);
	if (c->e.status != ST_OK) {	/* what failed calls nothing */
		json_unset(&r->message, "tool_calls");
		json_unset(&r->message, "native");
	}
	r->finish = a->ended && c->e.status == ST_OK ? a->finish :
	    MODEL_UNFINISHED;
	r->usage = a->usage;
	r->vendor = xstrdup(c->m->vendor ? c->m->vendor : "");
	r->model = xstrdup(c->m->name);
	r->served = STEAL(a->served);
	r->request_id = STEAL(a->request_id);
	r->attempts = c->attempts;
	r->memo_key = c->memo_key ? xstrdup(c->memo_key) : NULL;
	r->recalled = c->recalled;
	r->first_ns = a->first_ns;
	r->total_ns = clock_mono() - c->began;
	r->error = a->error;
	r->error.partial = a->came;
	a->error.reset = a->error.code = NULL;
}

void
call_park(struct model_call *c, struct deadline until)
{
	c->retry_at = until;
	c->pool->retry_at = deadline_min(c->pool->retry_at, until);
}

/* Starts the attempts whose time has come. */
static void
retry_due(struct model_pool *p)
{
	struct deadline next = DEADLINE_NEVER;
	int64_t now = clock_mono();

	if (p->retry_at.at > now)
		return;
	p->retry_at = DEADLINE_NEVER;
	for (struct model_call *c = p->calls; c; c = c->next) {
		struct err e = ERR_INIT;
		if (c->retry_at.at > now) {
			next = deadline_min(next, c->retry_at);
			continue;
		}
		c->retry_at = DEADLINE_NEVER;
		if (call_begin(c, &e) < 0) {
			c->e = e;
			call_finish(c);
		}
	}
	p->retry_at = deadline_min(p->retry_at, next);
}

/* Tells the callers whose calls are finished. */
static void
deliver(struct model_pool *p)
{
	struct model_call *c;

	/* `done` may start and cancel calls: from the front again */
	while ((c = p->finished)) {
		struct model_reply r;
		struct err e = c->e;
		void (*done)(void *, struct model_reply *,
		    const struct err *) = c->done;
		void *ctx = c->done_ctx;
		call_reply(c, &r);
		call_drop_leg(c);
		call_unlead(c, true);
		free_call(c);
		done(ctx, &r, e.status != ST_OK ? &e : NULL);
		model_reply_release(&r);
	}
}

/* 1 when something happened; -1 on failure. */
static int
step(struct model_pool *p, struct err *e)
{
	int happened = pool_keys_step(p);

	pool_yield(p);
	pool_book_due(p);
	retry_due(p);
	happened |= pool_lease(p);
	for (size_t i = 0; i < p->ntransports; i++) {
		int r = p->transports[i].ops->step(p->transports[i].self, e);
		if (r < 0)
			return -1;
		happened |= r;
	}
	if (p->finished) {
		deliver(p);
		happened = 1;
	}
	return happened;
}

static struct deadline
due(const struct model_pool *p)
{
	struct deadline d = p->finished ? deadline_in(0) :
	    deadline_min(p->retry_at, deadline_min(pool_keys_due(p),
	    pool_ledger_due(p)));

	for (size_t i = 0; i < p->ntransports; i++) {
		const struct transport *t = &p->transports[i];
		d = deadline_min(d, t->ops->due(t->self));
	}
	return d;
}

/* What to wait for: the caller's, the transports', and the keys'. */
static struct pollfd *
listening(const struct model_pool *p, const struct pollfd *extra,
    size_t count, size_t *ret_n)
{
	size_t n = count + p->ntransports;
	struct pollfd *fds = xcalloc(n + pool_keys_fds(p, NULL) + 1,
	    sizeof(*fds));

	for (size_t i = 0; i < count; i++)
		fds[i] = extra[i];
	for (size_t i = 0; i < p->ntransports; i++) {
		const struct transport *t = &p->transports[i];
		fds[count + i] = (struct pollfd){ .fd = t->ops->fd(t->self),
		    .events = POLLIN };
	}
	*ret_n = n + pool_keys_fds(p, fds + n);
	return fds;
}

int
model_wait(struct model_pool *p, struct pollfd *extra, size_t count,
    struct deadline until, const volatile int *stop, struct err *e)
{
	for (;;) {
		AUTO_FREE struct pollfd *fds = NULL;
		int happened = step(p, e), ready = 0;
		size_t n;
		if (happened < 0)
			return -1;
		fds = listening(p, extra, count, &n);
		if (fd_poll(fds, n, happened ? deadline_in(0) :
		    deadline_min(until, due(p)), stop, e) < 0)
			return -1;
		for (size_t i = 0; i < count; i++) {
			extra[i].revents = fds[i].revents;
			ready |= fds[i].revents != 0;
		}
		if (happened || ready)
			return 1;
		if (deadline_passed(until))
			return 0;
	}
}

/* model_ask() as a call. */
struct asked {
	struct model_reply *reply;
	struct err *e;
	bool done;
	int result;
};

static void
on_answer(void *ctx, struct model_reply *r, const struct err *e)
{
	struct asked *a = ctx;

	*a->reply = *r;
	*r = (struct model_reply)MODEL_REPLY_INIT;
	a->done = true;
	if (e) {
		*a->e = *e;
		a->result = -1;
	}
}

int
model_ask(struct model_pool *p, const struct model *m,
    const struct model_request *rq, struct deadline until,
    const volatile int *stop, struct model_reply *ret, struct err *e)
{
	struct asked a = { .reply = ret, .e = e };
	struct err why = ERR_INIT;
	struct model_call *c;

	model_reply_release(ret);
	c = model_start(p, m, rq, until, on_answer, &a, e);
	if (!c)
		return -1;
	while (!a.done) {
		/* a failure may follow the answer in the same wait, and then
		 * there is no call any more */
		if (model_wait(p, NULL, 0, DEADLINE_NEVER, stop, &why) >= 0 ||
		    a.done)
			continue;
		/* a signal: what has come is still worth having */
		*e = c->e = why;
		call_reply(c, ret);
		ret->finish = MODEL_UNFINISHED;
		model_cancel(c);
		return -1;
	}
	return a.result;
}

int
model_dry_run(const struct model *m, const struct model_request *rq,
    jv *ret, struct err *e)
{
	struct model_call c = { .m = m, .rq = *rq, .messages = JSON_NONE,
	    .options = copy(rq->options) };
	AUTO_JV jv fields = call_fields(m,
	    m->key || json_is_true(&m->key_cmd) ? "***" : NULL);
	AUTO_FREE char *url = call_url(m);
	jv body = JSON_NONE, out = json_object();
	int r;

	r = call_make_body(&c, e);
	if (r == 0)
		r = json_parse(c.body.data, c.body.len, &body, e);
	json_release(&c.options);
	buf_release(&c.body);
	json_set_str(&out, "method", "POST");
	json_set_str(&out, "url", url);
	json_set(&out, "headers", json_copy(&fields));
	json_set(&out, "body", body);
	if (r < 0) {
		json_release(&out);
		return -1;
	}
	json_set_str(&out, "model", m->name);
	json_set_str(&out, "protocol", m->provider->name);
	json_set(&out, "key_from", json_from_str(m->key_from));
	*ret = out;
	return 0;
}
