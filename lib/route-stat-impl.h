/* route-stat-impl: what route-stat.c and route-learn.c share; private. */
#ifndef AGENT_ROUTE_STAT_IMPL_H
#define AGENT_ROUTE_STAT_IMPL_H

#include "clock.h"
#include "route-stat.h"
#include "store.h"

/* Sums, as in the file; `at` is when they were decayed to. */
struct stat_row {
	char *model;
	enum route_class c;
	struct route_measure m;
	double at;
};

struct stat_breaker {
	char *model;
	int64_t failures;
	double open_until, probe_until;
};

struct stat_load {
	char *model;
	double tasks, at;
};

/* A decision that is not yet written. */
struct stat_pending {
	char *id, *text, *agent, *model, *sticky;
	enum route_class c;
};

struct route_stat {
	const struct route_config *config;
	struct store *store;
	struct route_ledger *ledger;	/* or NULL */
	struct stat_row *rows;
	size_t nrows, rowcap;
	struct stat_breaker *breakers;
	size_t nbreakers, breakercap;
	struct stat_load *loads;
	size_t nloads, loadcap;
	int64_t version;		/* of the data in memory; -1: none */
	bool dirty;			/* we have written ourselves */
	struct deadline renew_at, flush_at;
	struct stat_pending *pending;
	size_t npending, pendingcap;
};

double	route_stat_now(void);
double	route_stat_decay(const struct route_stat *s, double since);
int	route_stat_catch_up_ledger(struct route_stat *s,
	    struct route_ledger *l, struct err *e);
void	route_stat_pending_release(struct stat_pending *p);

#endif
