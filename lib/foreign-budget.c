/*
 * foreign-budget: what a foreign agent spends, on the books of the ledger.
 *
 * What goes out through its broker is booked, request by request, whatever
 * the agent tells of it (foreign-meter.c).
 */
#include "config.h"

#include "foreign-impl.h"

#include <string.h>

#include "env.h"
#include "runbudget.h"

enum { OUTPUT_MIN = 256 };	/* tokens: less is no answer */

struct ledger_want
foreign_want(const struct foreign_run *f)
{
	const struct agent_task *t = f->run.task;

	return (struct ledger_want){
		.model = t->model_name, .pool = env_get("AGENT_POOL"),
		.run = t->origin.run, .task = t->origin.task,
		.dir = t->place.workspace, .output_min = OUTPUT_MIN
	};
}

/* A limit on the cost of one that tells its cost is looked at as it tells. */
static double
run_cap(const struct foreign_run *f)
{
	return f->kind->tells_cost ? 0 : f->cost_max;
}

/* Whether it is worth starting: nothing has been sent yet. */
static int
look_at_books(struct foreign_run *f, struct err *e)
{
	struct ledger_want want = foreign_want(f);
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct ledger_lease lease;

	r.outcome = LEDGER_UNSENT;
	want.input = ledger_tokens(strlen(f->prompt));
	want.ahead = true;
	if (ledger_lease_wait(f->ledger, &want, f->run.task->limits.until,
	    f->run.task->stop, &lease, e) < 0)
		return -1;
	return ledger_settle(f->ledger, &lease, &r, e);
}

int
foreign_budget_begin(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;
	const char *pool = t->route ? json_str(t->route, "pool") : NULL;

	pool = pool ? pool : json_str(f->agent, "pool");
	if (runbudget_begin(t->origin.run, pool, run_cap(f), e) < 0)
		return -1;
	if (!f->inject || !t->model_name)
		return 0;
	return ledger_open(NULL, &f->ledger, e) < 0 ? -1 :
	    look_at_books(f, e);
}

void
foreign_budget_end(struct foreign_run *f)
{
	foreign_meter_close(f);
	ledger_close(f->ledger);
	f->ledger = NULL;
	runbudget_end(f->run.task->origin.run, run_cap(f));
}
