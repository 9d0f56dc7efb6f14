/*
 * bulk-account: what a batch costs, in the user's ledger.
 *
 * What it may cost at most is leased before it is handed in, and booked, at
 * half the price, when its results are here.  While nobody waits for it,
 * nothing is leased.
 */
#ifndef AGENT_BULK_ACCOUNT_H
#define AGENT_BULK_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "bulk-state.h"
#include "err.h"
#include "ledger.h"
#include "model.h"

struct bulk_account {
	const struct model *m;
	struct ledger *ledger;		/* NULL: none can be had */
	struct ledger_lease lease;
	char *dir;
	int64_t output;			/* tokens that one answer may have */
	bool leased;
};

void	bulk_account_init(struct bulk_account *a, const struct model *m,
	    const jv *options);
void	bulk_account_release(struct bulk_account *a);

/* Fails as ledger_lease(). */
int	bulk_account_lease(struct bulk_account *a, size_t bytes, size_t count,
	    struct err *e);

/* It was handed in by another process: there is nothing to ask. */
void	bulk_account_resume(struct bulk_account *a, struct err *e);

/* Books it, once. */
int	bulk_account_settle(struct bulk_account *a,
	    const struct model_usage *u, struct bulk_state *state,
	    struct err *e);

#endif
