/*
 * budget: limits as people write them, and the ledger as they read it.
 */
#ifndef AGENT_BUDGET_H
#define AGENT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "ledger.h"

/*
 * "$5/day", "0.50usd", "200k tokens/hour", "60 requests/minute" and, where
 * `amount` says so, without the amount: "usd/day".  What it is for is "all",
 * "model=GLOB", "pool=NAME", "dir=PATH" (made absolute) or "run=ID" ("*":
 * each); NULL is "all".  ST_USAGE.  The name in *ret is the caller's to free.
 */
int	budget_parse(const char *limit, const char *what, bool amount,
	    struct ledger_cap *ret, struct err *e);

/* {"caps":[...],"pools":[...],"today":[...],"rates":[...]} */
int	budget_json(struct ledger *l, jv *ret, struct err *e);

/* The same for people. */
void	budget_text(const jv *budget, struct buf *out);

/*
 * The rows of a view, newest or first by its order, as objects; those that
 * are null are left out.
 */
int	budget_rows(struct ledger *l, const char *sql, int64_t limit, jv *ret,
	    struct err *e);

#endif
