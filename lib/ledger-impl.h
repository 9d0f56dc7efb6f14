/*
 * ledger-impl: what the parts of ledger share.
 *
 *	ledger.c		the file, the leases of the dead
 *	ledger-lease.c		leasing
 *	ledger-settle.c		settling
 *	ledger-cap.c		caps, pools, windows of time
 *	ledger-rate.c		rate limits
 *	ledger-price.c		prices
 *	ledger-owner.c		who is alive
 */
#ifndef AGENT_LEDGER_IMPL_H
#define AGENT_LEDGER_IMPL_H

#include "ledger.h"
#include "store.h"

struct ledger_price {
	double input, output, cached, cache_write;	/* USD per Mtok */
	int64_t max_output;		/* 0: not known */
};

struct ledger {
	struct store *store;		/* NULL: not opened yet */
	char *path;
	char *mark;			/* the file that says "limits" */
	int owners_fd;			/* -1: not opened yet */
	int64_t owner;			/* 0: none yet */
	int64_t reaped;			/* when last, monotonic */
	bool prices;			/* were looked after */
	char *priced;			/* the model asked for last; NULL */
	bool has_price;			/* it has one: */
	struct ledger_price price;
};

/* A cap that concerns a call, in its window. */
struct ledger_line {
	struct ledger_cap cap;		/* name is owned */
	char *key;			/* of the counter; owned */
};

/*
 * ledger.c.  The file is opened when it is needed.  A file of no content
 * beside it, PATH-limits, says that there was ever a cap or a limit, so that
 * who has none starts without SQLite.
 */
int	ledger_need(struct ledger *l, struct err *e);
int	ledger_mark(struct ledger *l, struct err *e);
/* within a transaction: how many */
int	ledger_reap_now(struct ledger *l, struct err *e);
/* what lies in the parts of a lease goes from leased to used, or back */
int	ledger_end_parts(struct ledger *l, int64_t lease, bool spent,
	    struct err *e);

/* ledger-cap.c */
int	ledger_lines(struct ledger *l, const struct ledger_want *want,
	    int64_t at, struct ledger_line **ret, size_t *ret_n,
	    struct err *e);
void	ledger_lines_free(struct ledger_line *lines, size_t n);
int	ledger_count(struct ledger *l, int64_t cap, const char *key,
	    int64_t start, int64_t *ret_used, int64_t *ret_leased,
	    struct err *e);
int	ledger_add(struct ledger *l, int64_t cap, const char *key,
	    int64_t start, int64_t used, int64_t leased, struct err *e);
int	ledger_has_pools(struct ledger *l, struct err *e);
/* the pool that pays next, or the first when `after` is NULL: 1, 0, -1 */
int	ledger_pool_next(struct ledger *l, const char *after, const char *first,
	    char ret[LEDGER_POOL_MAX + 1], double *ret_share, struct err *e);
int	ledger_rebuild(struct ledger *l, struct err *e);
char	*ledger_amount(enum ledger_unit unit, int64_t amount);

/* ledger-settle.c: within a transaction */
int	ledger_settle_now(struct ledger *l,
	    const struct ledger_settlement *all, size_t n, int64_t now,
	    struct err *e);

/* ledger-rate.c: 0, or -1 with ST_TEMPFAIL and how long to wait */
int	ledger_rate_take(struct ledger *l, const struct ledger_want *want,
	    int64_t output, int64_t now, int64_t *ret_wait, struct err *e);

/* ledger-price.c: 1 and the price, 0 when there is none, -1 */
int	ledger_price(struct ledger *l, const char *model,
	    struct ledger_price *ret, struct err *e);
int64_t	ledger_price_cost(const struct ledger_price *p, int64_t input,
	    int64_t output, int64_t cached, int64_t cache_write);

/* ledger-owner.c: our number, locked; whether another's is */
int	ledger_owner(struct ledger *l, struct err *e);
int	ledger_owner_lives(struct ledger *l, int64_t owner, struct err *e);

#endif
