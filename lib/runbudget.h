/*
 * runbudget: what a run may cost, and out of which pool.
 *
 * Model calls of this process are booked for the run and the pool that
 * $AGENT_RUN and $AGENT_POOL name (model.h).  A limit on the cost of a run is
 * a cap of the ledger for as long as the run lasts, so what the run spent
 * before it was broken off counts, and so do the answers that are under way.
 */
#ifndef AGENT_RUNBUDGET_H
#define AGENT_RUNBUDGET_H

#include "err.h"

/*
 * From here on calls are for this run.  `pool` may be NULL; one in the
 * environment goes before it.  `usd` is the limit, 0 for none.
 */
int	runbudget_begin(const char *run, const char *pool, double usd,
	    struct err *e);

/* The run has ended: its cap goes, what it spent stays on the books. */
void	runbudget_end(const char *run, double usd);

#endif
