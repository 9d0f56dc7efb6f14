/*
 * foreign-budget: what a foreign agent spends, on the books of the ledger.
 *
 * It asks its model itself, so a lease is taken for its next request before
 * that is known, of about the size of its last.  What it tells that it has
 * used settles one and takes the next; when there is none to be had, it has
 * to go.  One that tells its usage only at its end can pass a cap by that
 * one run, and is then not started again.
 */
#include "config.h"

#include "foreign-impl.h"

#include "alloc.h"
#include "env.h"
#include "runbudget.h"

enum {
	AHEAD_MIN = 16000,	/* tokens of a request, at least; */
	AHEAD_MAX = 200000,
	OUTPUT_MIN = 256
};

/* A server of a model that is asked over a network. */
static bool
is_booked(const struct foreign_run *f)
{
	return f->host && f->run.task->model_name;
}

static struct ledger_want
next_want(const struct foreign_run *f)
{
	const struct agent_task *t = f->run.task;
	int64_t input = f->ahead > AHEAD_MIN ? f->ahead : AHEAD_MIN;

	return (struct ledger_want){
		.model = t->model_name, .pool = env_get("AGENT_POOL"),
		.run = t->origin.run, .task = t->origin.task,
		.dir = t->place.workspace,
		.input = input < AHEAD_MAX ? input : AHEAD_MAX,
		.output_min = OUTPUT_MIN
	};
}

int
foreign_budget_begin(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;
	double usd = f->kind->tells_cost ? 0 : f->cost_max;
	struct ledger_want want = next_want(f);
	const char *pool = t->route ? json_str(t->route, "pool") : NULL;

	pool = pool ? pool : json_str(f->agent, "pool");
	if (runbudget_begin(t->origin.run, pool, usd, e) < 0)
		return -1;
	want.pool = env_get("AGENT_POOL");
	if (!is_booked(f))
		return 0;
	if (ledger_open(NULL, &f->ledger, e) < 0 ||
	    ledger_lease_wait(f->ledger, &want, t->limits.until, t->stop,
	    &f->lease, e) < 0)
		return -1;
	f->leased = true;
	return 0;
}

static int64_t
more(int64_t now, int64_t before)
{
	before = before > 0 ? before : 0;
	return now > before ? now - before : 0;
}

/* What was told and is not yet on the books; false when there is none. */
static bool
take_new(struct foreign_run *f, struct ledger_result *r)
{
	const struct model_usage *u = f->counted.input >= 0 ? &f->counted :
	    &f->live;
	const struct model_usage *b = &f->booked;

	r->input = more(u->input, b->input);
	r->output = more(u->output, b->output);
	if (r->input + r->output == 0)
		return false;
	r->cached = more(u->cached, b->cached);
	r->cache_write = more(u->cache_write, b->cache_write);
	if (u->cost > 0)
		r->cost = more((int64_t)(u->cost * (double)LEDGER_USD),
		    f->charged);
	f->booked = *u;
	return true;
}

/* Some tell tokens as they go, and money for all of them at the end. */
static void
charge(struct foreign_run *f, const struct ledger_result *r)
{
	struct err ignored;
	int64_t cost = r->cost >= 0 ? r->cost : ledger_cost(f->ledger,
	    f->run.task->model_name, r->input, r->output, r->cached,
	    r->cache_write, &ignored);

	f->charged += cost > 0 ? cost : 0;
}

int
foreign_budget_use(struct foreign_run *f, struct err *e)
{
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct ledger_want want;
	int64_t wait;

	if (!f->ledger || !take_new(f, &r))
		return 0;
	f->ahead = r.input;
	r.status = "ok";
	charge(f, &r);
	if (ledger_settle(f->ledger, &f->lease, &r, e) < 0)
		return -1;
	f->leased = false;
	f->lease.id = 0;
	if (f->ended)
		return 0;
	want = next_want(f);
	if (ledger_lease(f->ledger, &want, &f->lease, &wait, e) == 0)
		f->leased = true;
	/* it cannot be made to wait: a limit of its rate is its server's */
	return f->leased || e->status == ST_TEMPFAIL ? 0 : -1;
}

/*
 * What was leased for a request that it may not have made: when it did not
 * end well, that may have been served and billed.
 */
void
foreign_budget_end(struct foreign_run *f)
{
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct err ignored;

	if (f->ledger)
		(void)foreign_budget_use(f, &ignored);
	r.outcome = f->run.status == ST_OK || f->booked.input >= 0 ?
	    LEDGER_UNSENT : LEDGER_FAILED;
	if (r.outcome == LEDGER_FAILED && f->lines > 0)
		r.input = f->lease.want.input;
	if (f->leased)
		(void)ledger_settle(f->ledger, &f->lease, &r, &ignored);
	f->leased = false;
	ledger_close(f->ledger);
	f->ledger = NULL;
	runbudget_end(f->run.task->origin.run, f->kind->tells_cost ? 0 :
	    f->cost_max);
}
