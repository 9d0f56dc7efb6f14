/* runbudget: what a run may cost, and out of which pool. */
#include "config.h"

#include "runbudget.h"

#include "alloc.h"
#include "env.h"
#include "ledger.h"

static int
set_cap(const char *run, int64_t amount, struct err *e)
{
	AUTO_LEDGER struct ledger *l = NULL;
	AUTO_FREE char *name = xstrdup(run);
	struct ledger_cap cap = { .scope = LEDGER_RUN, .name = name,
		.unit = LEDGER_MONEY, .per = LEDGER_EVER, .amount = amount };

	return ledger_open(NULL, &l, e) < 0 ? -1 : ledger_cap_set(l, &cap, e);
}

int
runbudget_begin(const char *run, const char *pool, double usd, struct err *e)
{
	setenv("AGENT_RUN", run, 1);
	if (pool && !env_get("AGENT_POOL"))
		setenv("AGENT_POOL", pool, 1);
	if (usd <= 0)
		return 0;
	return set_cap(run, usd < 1e9 ? (int64_t)(usd * (double)LEDGER_USD) :
	    INT64_MAX, e);
}

void
runbudget_end(const char *run, double usd)
{
	struct err ignored = ERR_INIT;

	if (usd > 0)
		(void)set_cap(run, -1, &ignored);
}
