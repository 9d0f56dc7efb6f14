/*
 * ledger: who has spent what, shared by all processes of a user.
 *
 * A model call leases tokens, money and a request before it is made and
 * settles afterwards:
 *
 *	struct ledger_want want = { .model = "openai/gpt-5", .input = 900,
 *	    .output = 4096, .output_min = 256 };
 *	struct ledger_lease lease;
 *	struct ledger_result result = LEDGER_RESULT_INIT;
 *
 *	if (ledger_open(NULL, &l, e) < 0 ||
 *	    ledger_lease_wait(l, &want, deadline, &cli_signal, &lease, e) < 0)
 *		return -1;
 *	... ask, for at most lease.output tokens; ledger_headers() ...
 *	ledger_settle(l, &lease, &result, e);
 *
 * Without any cap, pool or limit that concerns the model, a lease is one read
 * and settling one short transaction.
 *
 * A cap limits money, tokens or requests for a time, for all calls, a model, a
 * pool, a directory and what is below it, or a run.  What is leased counts as
 * if it were spent, so no number of processes can pass a cap, as long as
 * `input` and `output` are upper bounds.
 *
 * A lease belongs to a process that holds a lock, which the kernel takes back
 * when it dies, however it dies.  Whoever finds the budget short looks for
 * leases of the dead first.  What such a process had asked for may have been
 * served and billed, so its lease counts as spent in full, and is shown as
 * lost; ledger_forgive() takes that back.  A lease that was taken ahead, with
 * nothing sent yet, comes back whole.
 *
 * Money is counted in billionths of a US dollar.
 *
 * The file is ledger.db in env_xdg_state(); agent-budget(1) describes its
 * views.
 */
#ifndef AGENT_LEDGER_H
#define AGENT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

struct ledger;

#define LEDGER_USD INT64_C(1000000000)

enum { LEDGER_POOL_MAX = 63 };	/* bytes of the name of a pool */

/*
 * NULL: the user's own.  Nothing is opened, or made, before it is needed: a
 * lease where nobody ever set a limit looks for one file and is done.
 */
int	ledger_open(const char *path, struct ledger **ret, struct err *e);
void	ledger_close(struct ledger *l);		/* NULL is fine */

static inline void
ledger_auto_close(struct ledger **l)
{
	ledger_close(*l);
}

#define AUTO_LEDGER __attribute__((cleanup(ledger_auto_close)))

/* What a call is going to use.  Strings may be NULL but for the model. */
struct ledger_want {
	const char *model;	/* "openai/gpt-5" */
	const char *pool;	/* NULL: "default" */
	const char *dir;	/* absolute */
	const char *run, *task, *class;
	int64_t input;		/* tokens, at most: ledger_tokens() */
	int64_t output;		/* tokens, at most; 0: what the price list
				 * says of the model, else 8192 */
	int64_t output_min;	/* less makes no sense; 0: all of it */
	bool ahead;		/* nothing is sent yet; comes back if we die */
};

/* An upper bound for the tokens in a text of so many bytes. */
int64_t	ledger_tokens(size_t bytes);

struct ledger_lease {
	int64_t id;		/* 0: nothing was to be leased */
	int64_t at;		/* wall clock, ns */
	int64_t output;		/* tokens that there is budget for: the most
				 * to ask for; 0: nothing limits them */
	char pool[LEDGER_POOL_MAX + 1];	/* that pays */
	struct ledger_want want;	/* its strings are the caller's, and
				 * must live until the lease is settled */
};

/*
 * 0, or -1 and *ret_wait: ST_BUDGET, where the text says which cap and until
 * when; ST_TEMPFAIL when it is worth coming again in *ret_wait nanoseconds (a
 * rate limit, or leases that may turn out smaller); ST_CONFIG when a cap in
 * money cannot be kept because the price is not known.
 */
int	ledger_lease(struct ledger *l, const struct ledger_want *want,
	    struct ledger_lease *ret, int64_t *ret_wait, struct err *e);

/*
 * The same, waiting out ST_TEMPFAIL; `stop` as in fd_wait().  Not for who
 * holds leases that only settle when this returns.
 */
int	ledger_lease_wait(struct ledger *l, const struct ledger_want *want,
	    struct deadline until, const volatile int *stop,
	    struct ledger_lease *ret, struct err *e);

enum ledger_outcome {
	LEDGER_OK,		/* an answer, whatever it says */
	LEDGER_UNSENT,		/* nothing was sent: all comes back */
	LEDGER_FAILED,		/* the server's fault: a mark on its health */
	LEDGER_REJECTED		/* an error that says nothing of its health */
};

/* What was used; -1 where it is not known, and then the lease counts. */
struct ledger_result {
	enum ledger_outcome outcome;
	const char *status;	/* a word for it: "rate_limit"; NULL */
	int64_t input, output;	/* tokens; input with what was cached */
	int64_t cached, cache_write;	/* of input */
	int64_t cost;		/* as the server says it */
	int64_t first_ns, total_ns;
};

#define LEDGER_RESULT_INIT { LEDGER_OK, NULL, -1, -1, -1, -1, -1, -1, -1 }

/*
 * After a failure without usage (LEDGER_FAILED, LEDGER_REJECTED) nothing
 * counts as spent but the request, unless `input` is given.
 */
int	ledger_settle(struct ledger *l, const struct ledger_lease *lease,
	    const struct ledger_result *result, struct err *e);

/* Many in one transaction, which costs little more than one. */
struct ledger_settlement {
	struct ledger_lease lease;
	struct ledger_result result;
};
int	ledger_settle_many(struct ledger *l,
	    const struct ledger_settlement *all, size_t n, struct err *e);

/*
 * Settles and leases in one transaction, for who makes many calls at a time:
 * a chunk costs little more than one.  Each lease is granted or refused as if
 * it were asked for alone, after those before it, and its `e` and `wait` say
 * what ledger_lease() would.  -1: nothing was settled, and nothing leased.
 */
struct ledger_asking {
	struct ledger_want want;
	struct ledger_lease lease;
	int64_t wait;
	struct err e;			/* ST_OK: it is leased */
};
int	ledger_exchange(struct ledger *l,
	    const struct ledger_settlement *settled, size_t nsettled,
	    struct ledger_asking *asked, size_t nasked, struct err *e);

/* Whether anybody ever set a limit, or a server told one.  Where not, a lease
 * is granted without a transaction. */
bool	ledger_limited(const struct ledger *l);

/* Money for a call by the price list; -1 when there is no price. */
int64_t	ledger_cost(struct ledger *l, const char *model, int64_t input,
	    int64_t output, int64_t cached, int64_t cache_write,
	    struct err *e);

/* Rate limits. */

struct ledger_field {
	const char *name, *value;
};

/*
 * Learns from the head of a response: the x-ratelimit-*, anthropic-ratelimit-*
 * and ratelimit-* fields, and, with a status of 429, 503 or 529, Retry-After.
 */
int	ledger_headers(struct ledger *l, const char *model, int status,
	    const struct ledger_field *fields, size_t n, struct err *e);

/* Caps and pools. */

enum ledger_unit { LEDGER_MONEY, LEDGER_TOKENS, LEDGER_REQUESTS };
enum ledger_scope {
	LEDGER_ALL, LEDGER_MODEL, LEDGER_POOL, LEDGER_DIR, LEDGER_RUN
};
enum ledger_per {
	LEDGER_MINUTE, LEDGER_HOUR, LEDGER_DAY, LEDGER_WEEK, LEDGER_MONTH,
	LEDGER_EVER
};

extern const char *const ledger_units[], *const ledger_scopes[],
    *const ledger_pers[];	/* their names; end with NULL */

struct ledger_cap {
	int64_t id;
	enum ledger_scope scope;
	char *name;		/* a glob for LEDGER_MODEL; "*" for each run;
				 * "" for LEDGER_ALL */
	enum ledger_unit unit;
	enum ledger_per per;	/* days and longer begin in local time; a
				 * minute is waited for, not refused */
	int64_t amount;
	int64_t used, leased;	/* now; of the run that used most, for "*" */
	int64_t start, end;	/* wall clock, ns; end 0: never */
};

/* Sets (amount < 0: removes) the cap of that scope, name, unit and time. */
int	ledger_cap_set(struct ledger *l, const struct ledger_cap *cap,
	    struct err *e);
int	ledger_caps(struct ledger *l, struct ledger_cap **ret, size_t *ret_n,
	    struct err *e);
void	ledger_caps_free(struct ledger_cap *caps, size_t n);

/*
 * A pool has a share of every cap of LEDGER_ALL, which no other pool can use.
 * When it is used up, the pool named by `overflow` pays, by its own rules.
 * Who names no pool, or an unknown one, is in "default", whose share, unless
 * set, is what the others leave.
 */
struct ledger_pool {
	char *name;
	double share;		/* percent; < 0: remove */
	char *overflow;		/* or NULL */
};
int	ledger_pool_set(struct ledger *l, const struct ledger_pool *pool,
	    struct err *e);
int	ledger_pools(struct ledger *l, struct ledger_pool **ret,
	    size_t *ret_n, struct err *e);
void	ledger_pools_free(struct ledger_pool *pools, size_t n);

/* Settles the leases of the dead: how many. */
int	ledger_reap(struct ledger *l, struct err *e);

/* What was lost no longer counts. */
int	ledger_forgive(struct ledger *l, struct err *e);

/* Forgets calls before that time (wall clock): how many. */
int64_t	ledger_prune(struct ledger *l, int64_t before_ns, struct err *e);

/* For queries on the views. */
struct store;
struct store *ledger_store(struct ledger *l, struct err *e);

#endif
