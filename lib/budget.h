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

/* "30%" or "30": ST_USAGE for what is no share. */
int	budget_parse_share(const char *s, double *ret, struct err *e);

/* The last calls, the newest first; how models have done: arrays. */
int	budget_calls(struct ledger *l, int64_t n, jv *ret, struct err *e);
int	budget_models(struct ledger *l, jv *ret, struct err *e);

/* {"input","output"}: dollars a million tokens; ST_NO when not known. */
int	budget_price(struct ledger *l, const char *model, jv *ret,
	    struct err *e);

/* Whether a model may be asked now: 0, or what ledger_lease() says. */
int	budget_check(struct ledger *l, const char *model, struct err *e);

#endif
