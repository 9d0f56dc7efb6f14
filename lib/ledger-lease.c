/*
 * ledger-lease: what a call may cost at most, and whether that is there.
 *
 * A plan is worked out within one transaction: the caps that concern the
 * call, how many tokens of answer they leave room for, the pool that pays.
 */
#include "config.h"

#include "ledger.h"

#include <math.h>

#include "alloc.h"
#include "fd.h"
#include "ledger-impl.h"
#include "num.h"

enum {
	OUTPUT_DEFAULT = 8192,
	REAP_S = 5,			/* not more often, unless in need */
	SETTLE_WAIT_MS = 50		/* others may settle for less */
};

/* A lease that is being worked out. */
struct plan {
	const struct ledger_want *want;
	struct ledger_line *lines;
	size_t n;
	bool pools;
	struct ledger_price price;
	bool priced;
	int64_t now, output;
	int64_t amounts[3];		/* by unit */
	char pool[LEDGER_POOL_MAX + 1];			/* that pays */
	double share;			/* of it */
};

static void
plan_amounts(struct plan *p)
{
	p->amounts[LEDGER_REQUESTS] = 1;
	p->amounts[LEDGER_TOKENS] = p->want->input + p->output;
	p->amounts[LEDGER_MONEY] = p->priced ? ledger_price_cost(&p->price,
	    p->want->input, p->output, 0, p->want->input) : -1;
	if (p->priced) {
		/* writing to a cache may cost more than not using it */
		int64_t plain = ledger_price_cost(&p->price, p->want->input,
		    p->output, 0, 0);
		if (plain > p->amounts[LEDGER_MONEY])
			p->amounts[LEDGER_MONEY] = plain;
	}
}

/* Fewer output tokens, so that no more than `room` is needed. */
static void
plan_shrink(struct plan *p, enum ledger_unit unit, int64_t room)
{
	int64_t least = p->want->output_min ? p->want->output_min : p->output;
	int64_t lo = least, hi = p->output;

	if (unit == LEDGER_REQUESTS || least >= p->output)
		return;
	while (lo < hi) {
		p->output = lo + (hi - lo + 1) / 2;
		plan_amounts(p);
		if (p->amounts[unit] <= room)
			lo = p->output;
		else
			hi = p->output - 1;
	}
	p->output = lo;
	plan_amounts(p);
}

/* Why not: which cap, how much of it is gone, until when. */
static int
refuse(const struct plan *p, const struct ledger_line *line, int64_t amount,
    int64_t used, int64_t leased, int64_t *ret_wait, struct err *e)
{
	const struct ledger_cap *c = &line->cap;
	AUTO_FREE char *cap = ledger_amount(c->unit, amount);
	AUTO_FREE char *spent = ledger_amount(c->unit, used);
	AUTO_FREE char *out = ledger_amount(c->unit, leased);
	AUTO_FREE char *need = ledger_amount(c->unit, p->amounts[c->unit]);
	char left[NUM_TEXT_MAX] = "";
	const char *whom = c->scope == LEDGER_ALL ?
	    (amount < c->amount ? p->pool : "all calls") :
	    c->scope == LEDGER_RUN ? "the run" : c->name;

	*ret_wait = 0;
	if (c->end)
		num_format_duration(c->end - p->now, left);
	if (used + p->amounts[c->unit] <= amount) {
		*ret_wait = SETTLE_WAIT_MS * CLOCK_MS;
		return err_set(e, ST_TEMPFAIL, "the budget of %s for '%s' is "
		    "leased to others: %s spent, %s leased, %s needed", cap,
		    whom, spent, out, need);
	}
	if (c->per == LEDGER_MINUTE) {
		*ret_wait = c->end - p->now + CLOCK_MS;
		return err_set(e, ST_TEMPFAIL, "the limit of %s/minute for "
		    "'%s' is reached; try again in %s", cap, whom, left);
	}
	return err_set(e, ST_BUDGET, "the budget of %s%s%s for '%s' is used "
	    "up: %s spent, %s leased, %s needed%s%s", cap,
	    c->end ? "/" : "", c->end ? ledger_pers[c->per] : "", whom,
	    spent, out, need, c->end ? "; the next one begins in " : "",
	    left);
}

/* One limit: 0, or -1. */
static int
plan_limit(struct ledger *l, struct plan *p, const struct ledger_line *line,
    const char *key, int64_t amount, int64_t *ret_wait, struct err *e)
{
	const struct ledger_cap *c = &line->cap;
	int64_t used, leased;

	if (ledger_count(l, c->id, key, c->start, &used, &leased, e) < 0)
		return -1;
	if (c->unit == LEDGER_MONEY && !p->priced)
		return err_set(e, ST_CONFIG, "the price of '%s' is not known, "
		    "so the cap in money cannot be kept: add it to "
		    "prices.yaml", p->want->model);
	if (used + leased + p->amounts[c->unit] > amount)
		plan_shrink(p, c->unit, amount - used - leased);
	if (used + leased + p->amounts[c->unit] > amount)
		return refuse(p, line, amount, used, leased, ret_wait, e);
	return 0;
}

/* All limits, with this pool paying. */
static int
plan_fits(struct ledger *l, struct plan *p, int64_t *ret_wait, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct ledger_line *line = &p->lines[i];
		if (plan_limit(l, p, line, line->key, line->cap.amount,
		    ret_wait, e) < 0)
			return -1;
		if (line->cap.scope == LEDGER_ALL && p->pools) {
			AUTO_FREE char *key = xasprintf("pool:%s", p->pool);
			if (plan_limit(l, p, line, key, (int64_t)floor(
			    (double)line->cap.amount * p->share), ret_wait,
			    e) < 0)
				return -1;
		}
	}
	return 0;
}

/* The first pool that can pay. */
static int
plan_pool(struct ledger *l, struct plan *p, int64_t *ret_wait, struct err *e)
{
	int64_t whole = p->output;
	bool first = true;
	int r;

	for (;;) {
		struct err why = ERR_INIT;
		int64_t wait = 0;
		char before[LEDGER_POOL_MAX + 1];
		snprintf(before, sizeof(before), "%s", p->pool);
		if (p->pools) {
			r = ledger_pool_next(l, first ? NULL : before,
			    p->want->pool, p->pool, &p->share, &why);
			if (r < 0)
				*e = why;
			if (r <= 0)
				return -1;
		}
		p->output = whole;
		plan_amounts(p);
		if (plan_fits(l, p, &wait, &why) == 0)
			return 0;
		/* the reason of the pool that was asked for is the one */
		if (first || why.status == ST_TEMPFAIL) {
			*e = why;
			*ret_wait = wait;
		}
		if (!p->pools || (why.status != ST_BUDGET &&
		    why.status != ST_TEMPFAIL))
			return -1;
		first = false;
	}
}

static int
plan_write(struct ledger *l, struct plan *p, struct ledger_lease *ret,
    struct err *e)
{
	const struct ledger_want *w = p->want;

	if (p->n == 0)
		return 0;
	if (ledger_owner(l, e) < 0 || store_run(l->store, "insert into lease "
	    "(owner, at, ahead, model, pool, paid, dir, run, task, class, "
	    "input, output, usd_nano) values "
	    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", STORE_ARGS(
	    ARG_INT(l->owner), ARG_INT(p->now), ARG_INT(w->ahead),
	    ARG_STR(w->model), ARG_STR(w->pool), ARG_STR(p->pool),
	    ARG_STR(w->dir), ARG_STR(w->run), ARG_STR(w->task),
	    ARG_STR(w->class), ARG_INT(w->input), ARG_INT(p->output),
	    ARG_INT(p->amounts[LEDGER_MONEY])), e) < 0)
		return -1;
	ret->id = store_last_id(l->store);
	for (size_t i = 0; i < p->n; i++) {
		const struct ledger_cap *c = &p->lines[i].cap;
		AUTO_FREE char *pool = xasprintf("pool:%s", p->pool);
		const char *keys[] = { p->lines[i].key, pool };
		size_t n = c->scope == LEDGER_ALL && p->pools ? 2 : 1;
		for (size_t k = 0; k < n; k++)
			if (ledger_add(l, c->id, keys[k], c->start, 0,
			    p->amounts[c->unit], e) < 0 ||
			    store_run(l->store, "insert into part values "
			    "(?, ?, ?, ?, ?)", STORE_ARGS(ARG_INT(ret->id),
			    ARG_INT(c->id), ARG_STR(keys[k]),
			    ARG_INT(c->start), ARG_INT(p->amounts[c->unit])),
			    e) < 0)
				return -1;
	}
	return 0;
}

static int
make_lease(struct ledger *l, struct plan *p, struct ledger_lease *ret,
    int64_t *ret_wait, struct err *e)
{
	int r;

	if (p->n > 0 && l->reaped + REAP_S * CLOCK_SEC < clock_mono() &&
	    ledger_reap_now(l, e) < 0)
		return -1;
	if ((r = ledger_price(l, p->want->model, &p->price, e)) < 0)
		return -1;
	p->priced = r > 0;
	if (p->output == 0)
		p->output = r > 0 && p->price.max_output ?
		    p->price.max_output : OUTPUT_DEFAULT;
	if (p->n > 0) {
		int64_t output = p->output;
		if ((r = ledger_has_pools(l, e)) < 0)
			return -1;
		p->pools = r > 0;
		r = plan_pool(l, p, ret_wait, e);
		if (r < 0 && (e->status == ST_BUDGET ||
		    e->status == ST_TEMPFAIL)) {
			/* perhaps the dead hold what we need */
			struct err again = ERR_INIT;
			if ((r = ledger_reap_now(l, &again)) > 0) {
				p->output = output;
				r = plan_pool(l, p, ret_wait, e);
			} else {
				r = -1;
			}
		}
		if (r < 0)
			return -1;
	}
	if (ledger_rate_take(l, p->want, p->output, p->now, ret_wait, e) < 0)
		return -1;
	return plan_write(l, p, ret, e);
}

/* Whether anything is configured or known that concerns this call. */
static int
concerned(struct ledger *l, const struct ledger_want *want, struct err *e)
{
	int64_t any = 0;

	if (!ledger_limited(l))
		return 0;
	return ledger_need(l, e) < 0 ||
	    store_get_int(l->store, "select exists (select 1 from cap) or "
	    "exists (select 1 from bucket where model = ?1) or "
	    "exists (select 1 from blocked where model = ?1)", STORE_ARGS(
	    ARG_STR(want->model)), &any, e) < 0 ? -1 : any != 0;
}

/* Whether a refusal leaves the transaction as it should be: what was found of
 * the dead stays found. */
static bool
is_refusal(const struct err *e)
{
	return e->status == ST_BUDGET || e->status == ST_TEMPFAIL ||
	    e->status == ST_CONFIG;
}

/* Within a transaction. */
static int
lease_now(struct ledger *l, const struct ledger_want *want, int64_t now,
    struct ledger_lease *ret, int64_t *ret_wait, struct err *e)
{
	struct plan p = { .want = want, .now = now, .output = want->output };
	int r;

	*ret_wait = 0;
	*ret = (struct ledger_lease){ .at = now, .want = *want,
		.output = want->output };
	if (ledger_lines(l, want, now, &p.lines, &p.n, e) < 0)
		return -1;
	r = make_lease(l, &p, ret, ret_wait, e);
	ledger_lines_free(p.lines, p.n);
	ret->output = p.output;
	snprintf(ret->pool, sizeof(ret->pool), "%s", p.pool);
	return r;
}

int
ledger_exchange(struct ledger *l, const struct ledger_settlement *settled,
    size_t nsettled, struct ledger_asking *asked, size_t nasked,
    struct err *e)
{
	AUTO_ROLLBACK struct store *tx = NULL;
	int64_t now = clock_wall();

	if (ledger_need(l, e) < 0 || store_begin(l->store, e) < 0)
		return -1;
	tx = l->store;
	if (ledger_settle_now(l, settled, nsettled, now, e) < 0)
		return -1;
	for (size_t i = 0; i < nasked; i++) {
		struct ledger_asking *a = &asked[i];
		struct err why = ERR_INIT;
		int r = lease_now(l, &a->want, now, &a->lease, &a->wait,
		    &why);
		if (r < 0 && !is_refusal(&why)) {
			*e = why;
			return -1;
		}
		a->e = r < 0 ? why : (struct err)ERR_INIT;
	}
	return store_commit(l->store, e);
}

int
ledger_lease(struct ledger *l, const struct ledger_want *want,
    struct ledger_lease *ret, int64_t *ret_wait, struct err *e)
{
	struct ledger_asking asking = { .want = *want };
	int r = concerned(l, want, e);

	*ret_wait = 0;
	*ret = (struct ledger_lease){ .at = clock_wall(), .want = *want,
		.output = want->output };
	if (r <= 0)
		return r;
	if (ledger_exchange(l, NULL, 0, &asking, 1, e) < 0)
		return -1;
	*ret = asking.lease;
	*ret_wait = asking.wait;
	if (asking.e.status == ST_OK)
		return 0;
	*e = asking.e;
	return -1;
}

int
ledger_lease_wait(struct ledger *l, const struct ledger_want *want,
    struct deadline until, const volatile int *stop,
    struct ledger_lease *ret, struct err *e)
{
	int64_t wait;

	while (ledger_lease(l, want, ret, &wait, e) < 0) {
		if (e->status != ST_TEMPFAIL || wait <= 0 ||
		    deadline_left(until) < wait)
			return -1;
		/* nothing is polled for: this is a sleep that a signal ends */
		if (fd_wait(-1, 0, deadline_in(wait), stop, e) < 0)
			return -1;
	}
	return 0;
}
