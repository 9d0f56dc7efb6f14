/*
 * model-ledger: what a call costs is leased before it is sent and settled
 * when it has ended.
 *
 * Recordings cost nothing and are not booked.  Without a place for the ledger
 * (no home) nothing can be limited, and nothing is booked; where limits are
 * set, a ledger that cannot be read stops the call.
 */
#include "config.h"

#include <math.h>
#include <strings.h>

#include "alloc.h"
#include "env.h"
#include "model-call.h"
#include "num.h"
#include "path.h"

/* Fewer tokens of answer than this are not worth asking for. */
enum { OUTPUT_MIN = 256 };

/*
 * So many are settled together, where others are under way, and so many leases
 * are asked for: a transaction for each would take longer than the calls.
 * Chunks are small, for streams wait meanwhile; and what was leased comes back
 * soon, for other processes may wait for it.
 */
enum { TOGETHER = 256, CHUNK = 64, UNBOOKED_MAX = 4096 };

static const int64_t book_after = 100 * CLOCK_MS;
static const int64_t book_again = CLOCK_SEC;

static bool
booked(const struct model_call *c)
{
	return c->pool->ledger && (strncmp(c->m->base, "http", 4) == 0 ||
	    strncmp(c->m->base, "exec:", 5) == 0);
}

/* The limit on tokens that the caller set; 0 when none. */
static int64_t
asked_output(const struct model_call *c)
{
	static const char *const names[] = {
		"max_tokens", "max_completion_tokens", "max_output_tokens"
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((json_int(&c->options, names[i], &n) ||
		    json_int(&c->m->options, names[i], &n)) && n > 0)
			return n;
	return 0;
}

static struct ledger_want
want_of(const struct model_call *c)
{
	int64_t output = asked_output(c);

	return (struct ledger_want){
		.model = c->m->name,
		.pool = env_get("AGENT_POOL"),
		.run = env_get("AGENT_RUN"),
		.dir = c->pool->dir,
		.input = ledger_tokens(c->body.len),
		.output = output,
		.output_min = output > 0 && output < OUTPUT_MIN ? output :
		    OUTPUT_MIN
	};
}

static void
take_lease(struct model_call *c, const struct ledger_lease *lease)
{
	int64_t output = lease->want.output;

	c->lease = *lease;
	c->leased = true;
	c->leased_at = clock_mono();
	if (lease->id && lease->output > 0 &&
	    (output == 0 || lease->output < output))
		c->max_output = lease->output;
}

bool
call_lease(struct model_call *c)
{
	struct model_pool *p = c->pool;

	c->leased = false;
	c->max_output = 0;
	if (!booked(c))
		return true;
	if (!ledger_limited(p->ledger)) {
		struct ledger_want want = want_of(c);
		take_lease(c, &(struct ledger_lease){ .want = want,
		    .at = clock_wall(), .output = want.output });
		return true;
	}
	GROW(p->unleased, p->nunleased, p->unleased_cap);
	p->unleased[p->nunleased++] = c;
	c->queued = true;
	return false;
}

void
call_unqueue(struct model_call *c)
{
	struct model_pool *p = c->pool;

	for (size_t i = 0; c->queued; i++)
		if (p->unleased[i] == c) {
			p->unleased[i] = NULL;
			c->queued = false;
		}
}

static void
settled(struct model_pool *p)
{
	for (size_t i = 0; i < p->nunbooked; i++)
		free((void *)(uintptr_t)p->unbooked[i].lease.want.model);
	p->nunbooked = 0;
	p->book_at = DEADLINE_NEVER;
}

/* What came of asking for a lease. */
static void
answer_asking(struct model_call *c, const struct ledger_asking *a,
    const struct err *failed)
{
	struct err e = ERR_INIT;

	if (failed || a->e.status != ST_OK) {
		call_refused(c, failed ? 0 : a->wait, failed ? failed : &a->e);
		return;
	}
	take_lease(c, &a->lease);
	if (call_send(c, &e) < 0) {
		c->e = e;
		call_finish(c);
	}
}

bool
pool_lease(struct model_pool *p)
{
	struct model_call *calls[CHUNK];
	AUTO_FREE struct ledger_asking *asked = NULL;
	struct err e = ERR_INIT;
	size_t n = 0, at = 0;
	bool failed;

	if (p->nunleased == 0)
		return false;
	asked = xcalloc(CHUNK, sizeof(*asked));
	for (; at < p->nunleased && n < CHUNK; at++) {
		struct model_call *c = p->unleased[at];
		if (!c)
			continue;
		c->queued = false;
		asked[n].want = want_of(c);
		calls[n++] = c;
	}
	p->nunleased -= at;
	memmove(p->unleased, p->unleased + at,
	    p->nunleased * sizeof(*p->unleased));
	failed = ledger_exchange(p->ledger, p->unbooked, p->nunbooked, asked,
	    n, &e) < 0;
	if (!failed)
		settled(p);
	for (size_t i = 0; i < n; i++)
		answer_asking(calls[i], &asked[i], failed ? &e : NULL);
	return true;
}

static enum ledger_outcome
outcome_of(const struct model_call *c, const struct err *e)
{
	if (!e)
		return LEDGER_OK;
	switch (c->answer.error.kind) {
	case MODEL_ERR_CONNECT:
		return LEDGER_UNSENT;
	case MODEL_ERR_TIMEOUT:
	case MODEL_ERR_OVERLOADED:
	case MODEL_ERR_SERVER:
	case MODEL_ERR_CUT:
	case MODEL_ERR_GARBAGE:
		return LEDGER_FAILED;
	case MODEL_ERR_OTHER:		/* ours: the answer was paid for */
		return LEDGER_OK;
	default:
		return LEDGER_REJECTED;
	}
}

void
pool_book(struct model_pool *p)
{
	struct err ignored = ERR_INIT;

	if (p->nunbooked == 0)
		return;
	/* what cannot be settled now may be later; a lease counts in full
	 * until then, which is safe */
	if (ledger_settle_many(p->ledger, p->unbooked, p->nunbooked,
	    &ignored) == 0 || p->nunbooked >= UNBOOKED_MAX)
		settled(p);
	else
		p->book_at = deadline_in(book_again);
}

void
pool_book_due(struct model_pool *p)
{
	if (deadline_passed(p->book_at))
		pool_book(p);
}

struct deadline
pool_ledger_due(const struct model_pool *p)
{
	return p->nunleased > 0 ? deadline_in(0) : p->book_at;
}

static void
put_off(struct model_call *c, const struct ledger_result *r)
{
	struct model_pool *p = c->pool;
	struct ledger_settlement *s;

	GROW(p->unbooked, p->nunbooked, p->unbooked_cap);
	s = &p->unbooked[p->nunbooked++];
	*s = (struct ledger_settlement){ c->lease, *r };
	/* the model may be gone by then */
	s->lease.want.model = xstrdup(c->lease.want.model);
	if (p->nunbooked % TOGETHER == 0 || p->active <= 1)
		pool_book(p);
	else if (c->lease.id)
		p->book_at = deadline_min(p->book_at, deadline_in(book_after));
}

/* What the server does not say of the cost, the price list does. */
static void
price(struct model_call *c)
{
	struct model_usage *u = &c->answer.usage;
	struct err ignored = ERR_INIT;
	int64_t cost;

	if (u->cost >= 0 || u->input < 0 || u->output < 0)
		return;
	cost = ledger_cost(c->pool->ledger, c->m->name, u->input, u->output,
	    u->cached, u->cache_write, &ignored);
	if (cost >= 0)
		u->cost = (double)cost / (double)LEDGER_USD;
}

void
call_settle(struct model_call *c, const struct err *e)
{
	const struct model_usage *u = &c->answer.usage;
	struct ledger_result r = LEDGER_RESULT_INIT;

	if (!c->leased)
		return;
	c->leased = false;
	r.outcome = outcome_of(c, e);
	r.status = e ? model_error_name(c->answer.error.kind) : "ok";
	r.input = u->input;
	r.output = u->output;
	r.cached = u->cached;
	r.cache_write = u->cache_write;
	if (u->cost >= 0)
		r.cost = (int64_t)(u->cost * (double)LEDGER_USD);
	/* what came of a cut answer was made from the whole prompt, and one
	 * that did not come in time may have been made, too */
	if (r.outcome == LEDGER_FAILED && r.input < 0 && (c->answer.came ||
	    c->answer.error.kind == MODEL_ERR_TIMEOUT))
		r.input = c->lease.want.input;
	if (r.outcome == LEDGER_FAILED && r.output < 0 && c->answer.came)
		r.output = ledger_tokens(c->answer.text.len +
		    c->answer.reasoning.len);
	price(c);
	r.first_ns = c->answer.first_ns;
	r.total_ns = clock_mono() - c->leased_at;
	put_off(c, &r);
}

/* Retry-After in any of its forms is for all processes what it is for us:
 * seconds, as model_error_head() has read them. */
static const char *
wait_in(const struct model_call *c, const struct http_head *head,
    char text[NUM_TEXT_MAX])
{
	double seconds = c->answer.error.retry_after;

	if (seconds < 0 || (!http_field(head, "retry-after") &&
	    !http_field(head, "retry-after-ms")))
		return NULL;
	snprintf(text, NUM_TEXT_MAX, "%.3f", fmin(seconds, 1e9));
	return text;
}

void
call_limits(struct model_call *c, const struct http_head *head)
{
	AUTO_FREE struct ledger_field *fields = NULL;
	char text[NUM_TEXT_MAX];
	const char *wait = wait_in(c, head, text);
	struct err ignored = ERR_INIT;
	size_t n = 0;

	if (!booked(c))
		return;
	fields = xcalloc(head->count + 1, sizeof(*fields));
	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, "retry-after") != 0)
			fields[n++] = (struct ledger_field){
				head->fields[i].name, head->fields[i].value
			};
	if (wait)
		fields[n++] = (struct ledger_field){ "Retry-After", wait };
	(void)ledger_headers(c->pool->ledger, c->m->name, head->status,
	    fields, n, &ignored);
}

void
pool_open_ledger(struct model_pool *p)
{
	struct err ignored = ERR_INIT;

	if (ledger_open(NULL, &p->ledger, &ignored) < 0)
		p->ledger = NULL;
	p->dir = path_cwd(&ignored);
}
