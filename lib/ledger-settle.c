/* ledger-settle: what a call did cost, and how the model did. */
#include "config.h"

#include "ledger.h"

#include <math.h>

#include "alloc.h"
#include "ledger-impl.h"

enum { HALF_LIFE_S = 7 * 86400 };	/* of what is remembered of a model */

/* What counts, known or not. */
struct bill {
	int64_t amounts[3];
	int64_t input, output;
	bool priced;
};

static int
make_bill(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *r, struct bill *b, struct err *e)
{
	bool good = r->outcome == LEDGER_OK;
	bool none = r->outcome == LEDGER_UNSENT || (!good && r->input < 0);
	struct ledger_price price;
	int priced;

	*b = (struct bill){ .priced = true };
	if (!none) {
		b->input = r->input >= 0 ? r->input : lease->want.input;
		b->output = r->output >= 0 ? r->output :
		    good ? lease->output : 0;
	}
	b->amounts[LEDGER_REQUESTS] = r->outcome != LEDGER_UNSENT;
	b->amounts[LEDGER_TOKENS] = b->input + b->output;
	if (r->cost >= 0) {
		b->amounts[LEDGER_MONEY] = r->cost;
	} else if (!none) {
		if ((priced = ledger_price(l, lease->want.model, &price,
		    e)) < 0)
			return -1;
		b->priced = priced > 0;
		if (priced)
			b->amounts[LEDGER_MONEY] = ledger_price_cost(&price,
			    b->input, b->output, r->cached, r->cache_write);
	}
	return 0;
}

static int
charge(struct ledger *l, const struct ledger_lease *lease,
    const struct bill *b, struct err *e)
{
	struct ledger_line *lines = NULL;
	size_t n = 0;
	int pools, r = 0;

	if (ledger_lines(l, &lease->want, lease->at, &lines, &n, e) < 0)
		return -1;
	if (n == 0) {
		ledger_lines_free(lines, n);
		return 0;
	}
	pools = ledger_has_pools(l, e);
	for (size_t i = 0; i < n && r == 0 && pools >= 0; i++) {
		const struct ledger_cap *c = &lines[i].cap;
		r = ledger_add(l, c->id, lines[i].key, c->start,
		    b->amounts[c->unit], 0, e);
		if (r == 0 && c->scope == LEDGER_ALL && pools) {
			AUTO_FREE char *key = xasprintf("pool:%s",
			    *lease->pool ? lease->pool : "default");
			r = ledger_add(l, c->id, key, c->start,
			    b->amounts[c->unit], 0, e);
		}
	}
	ledger_lines_free(lines, n);
	return pools < 0 ? -1 : r;
}

static double
ms(int64_t ns)
{
	return (double)ns / (double)CLOCK_MS;
}

static int
write_call(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *r, const struct bill *b, struct err *e)
{
	const struct ledger_want *w = &lease->want;
	const char *status = r->status ? r->status :
	    r->outcome == LEDGER_OK ? "ok" : "failed";

	return store_run(l->store, "insert into call (at, model, pool, paid, "
	    "dir, run, task, class, status, input, output, cached, usd_nano, "
	    "priced, first_ms, total_ms) values (?, ?, ?, nullif(?, ''), ?, "
	    "?, ?, ?, ?, ?, ?, nullif(?, -1), ?, ?, nullif(?, -1.0), "
	    "nullif(?, -1.0))", STORE_ARGS(ARG_INT(lease->at),
	    ARG_STR(w->model), ARG_STR(w->pool), ARG_STR(lease->pool),
	    ARG_STR(w->dir), ARG_STR(w->run), ARG_STR(w->task),
	    ARG_STR(w->class), ARG_STR(status), ARG_INT(b->input),
	    ARG_INT(b->output), ARG_INT(r->cached),
	    ARG_INT(b->amounts[LEDGER_MONEY]), ARG_INT(b->priced),
	    ARG_NUM(r->first_ns < 0 ? -1.0 : ms(r->first_ns)),
	    ARG_NUM(r->total_ns < 0 ? -1.0 : ms(r->total_ns))), e) < 0 ?
	    -1 : 0;
}

/* How a model did in calls that are settled together. */
struct deeds {
	const char *model, *class;	/* NULL: none yet */
	int64_t calls, failed, answers, speeds;
	double first_ms, speed, usd;
};

static void
add_deed(struct deeds *d, const struct ledger_result *r, const struct bill *b)
{
	double seconds = r->total_ns > 0 && r->first_ns >= 0 ?
	    ms(r->total_ns - r->first_ns) / 1000 : 0;
	bool timed = r->outcome == LEDGER_OK && r->first_ns >= 0;

	d->calls++;
	d->failed += r->outcome != LEDGER_OK;
	d->usd += (double)b->amounts[LEDGER_MONEY] / (double)LEDGER_USD;
	if (timed) {
		d->answers++;
		d->first_ms += ms(r->first_ns);
	}
	/* too short to tell a speed from */
	if (timed && r->output > 1 && seconds > 0.001) {
		d->speeds++;
		d->speed += (double)r->output / seconds;
	}
}

/* What is remembered of a model fades with time. */
static int
remember(struct ledger *l, const struct deeds *d, int64_t now, struct err *e)
{
	double keep;
	int64_t at = now;

	if (d->calls == 0)
		return 0;
	if (store_get_int(l->store, "select at from performance where "
	    "model = ? and class = ?", STORE_ARGS(ARG_STR(d->model),
	    ARG_STR(d->class)), &at, e) < 0)
		return -1;
	keep = exp2(-(double)(now > at ? now - at : 0) /
	    ((double)HALF_LIFE_S * (double)CLOCK_SEC));
	return store_run(l->store, "insert into performance values (?1, ?2, "
	    "?3, ?11, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do update set "
	    "at = ?3, calls = calls * ?4 + ?11, failed = failed * ?4 + ?5, "
	    "answers = answers * ?4 + ?6, first_ms = first_ms * ?4 + ?7, "
	    "speeds = speeds * ?4 + ?8, speed = speed * ?4 + ?9, "
	    "usd = usd * ?4 + ?10", STORE_ARGS(ARG_STR(d->model),
	    ARG_STR(d->class), ARG_INT(now), ARG_NUM(keep),
	    ARG_INT(d->failed), ARG_INT(d->answers), ARG_NUM(d->first_ms),
	    ARG_INT(d->speeds), ARG_NUM(d->speed), ARG_NUM(d->usd),
	    ARG_INT(d->calls)), e) < 0 ? -1 : 0;
}

/* Adds to what is remembered, at once for calls of one model in a row. */
static int
note_deed(struct ledger *l, struct deeds *d, const struct ledger_want *want,
    const struct ledger_result *r, const struct bill *b, int64_t now,
    struct err *e)
{
	const char *class = want->class ? want->class : "";

	if (d->model && (strcmp(d->model, want->model) != 0 ||
	    strcmp(d->class, class) != 0)) {
		if (remember(l, d, now, e) < 0)
			return -1;
		*d = (struct deeds){ 0 };
	}
	d->model = want->model;
	d->class = class;
	add_deed(d, r, b);
	return 0;
}

/* Within a transaction. */
static int
settle(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *result, int64_t now, struct deeds *deeds,
    struct err *e)
{
	struct bill b;

	if (make_bill(l, lease, result, &b, e) < 0 ||
	    (lease->id && ledger_end_parts(l, lease->id, false, e) < 0) ||
	    charge(l, lease, &b, e) < 0)
		return -1;
	if (result->outcome == LEDGER_UNSENT)
		return 0;
	return write_call(l, lease, result, &b, e) < 0 ||
	    note_deed(l, deeds, &lease->want, result, &b, now, e) < 0 ?
	    -1 : 0;
}

int
ledger_settle_now(struct ledger *l, const struct ledger_settlement *all,
    size_t n, int64_t now, struct err *e)
{
	struct deeds deeds = { 0 };

	for (size_t i = 0; i < n; i++)
		if (settle(l, &all[i].lease, &all[i].result, now, &deeds,
		    e) < 0)
			return -1;
	return remember(l, &deeds, now, e);
}

int
ledger_settle_many(struct ledger *l, const struct ledger_settlement *all,
    size_t n, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = NULL;

	if (ledger_need(l, e) < 0 || store_begin(l->store, e) < 0)
		return -1;
	tx = l->store;
	return ledger_settle_now(l, all, n, clock_wall(), e) < 0 ? -1 :
	    store_commit(l->store, e);
}

int
ledger_settle(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *result, struct err *e)
{
	struct ledger_settlement one = { *lease, *result };

	return ledger_settle_many(l, &one, 1, e);
}
