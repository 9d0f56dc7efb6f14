/*
 * route-ledger: what the ledger (ledger.h) knows that matters for routing:
 * how calls went, and how full the pools of the budget are.
 *
 * Only looks; a ledger that is not there is not made.
 */
#ifndef AGENT_ROUTE_LEDGER_H
#define AGENT_ROUTE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct route_ledger;

/* NULL, without an error, when there is no ledger. */
int	route_ledger_open(struct route_ledger **ret, struct err *e);
void	route_ledger_close(struct route_ledger *l);	/* NULL is fine */

/* Whether somebody has written since the last time this was asked. */
bool	route_ledger_changed(struct route_ledger *l);

/* A call that has ended. */
struct route_ledger_call {
	int64_t id;
	const char *model, *task, *status;	/* status: "ok", or an error */
	double first_ms, total_ms, tokens, usd;
};

/*
 * Calls `fn` for each call after the one of id `after`, at most 10000, in
 * order, until it returns -1; the id of the last, `after` when there is none,
 * -1.
 */
int64_t	route_ledger_calls(struct route_ledger *l, int64_t after,
	    int (*fn)(const struct route_ledger_call *call, void *arg,
	    struct err *e), void *arg, struct err *e);

/*
 * The share of its tightest cap that a pool has used or leased, 0 to 1 and
 * more; 0 when no cap concerns it.
 */
double	route_ledger_used(struct route_ledger *l, const char *pool);

#endif
