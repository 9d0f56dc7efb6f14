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

/* So many calls that leased nothing are booked together, where others are
 * under way: a transaction for each would take longer than the calls. */
enum { TOGETHER = 256 };

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

int
call_lease(struct model_call *c, int64_t *ret_wait, struct err *e)
{
	int64_t output = asked_output(c);
	struct ledger_want want = {
		.model = c->m->name,
		.pool = env_get("AGENT_POOL"),
		.run = env_get("AGENT_RUN"),
		.dir = c->pool->dir,
		.input = ledger_tokens(c->body.len),
		.output = output,
		.output_min = output > 0 && output < OUTPUT_MIN ? output :
		    OUTPUT_MIN
	};

	*ret_wait = 0;
	c->leased = false;
	c->max_output = 0;
	if (!booked(c))
		return 0;
	if (ledger_lease(c->pool->ledger, &want, &c->lease, ret_wait, e) < 0)
		return -1;
	c->leased = true;
	c->leased_at = clock_mono();
	if (c->lease.id && c->lease.output > 0 &&
	    (output == 0 || c->lease.output < output))
		c->max_output = c->lease.output;
	return 0;
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
	(void)ledger_settle_many(p->ledger, p->unbooked, p->nunbooked,
	    &ignored);
	for (size_t i = 0; i < p->nunbooked; i++)
		free((void *)(uintptr_t)p->unbooked[i].lease.want.model);
	p->nunbooked = 0;
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
	if (p->nunbooked >= TOGETHER || p->active <= 1)
		pool_book(p);
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
	struct err ignored = ERR_INIT;

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
	if (c->lease.id == 0) {
		put_off(c, &r);
		return;
	}
	/* a lease that cannot be settled counts in full, which is safe */
	(void)ledger_settle(c->pool->ledger, &c->lease, &r, &ignored);
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
