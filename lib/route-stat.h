/*
 * route-stat: what is known about models from what they did: one SQLite file
 * per user, shared by all processes.
 *
 * Kept are, per model and class, sums that decay with time (how many answers,
 * how many good ones, time to the first token, time in all, tokens, cost);
 * circuit breakers; which tasks went where (for feedback, and to know the
 * class of what comes back); conversations that stick.
 *
 * Readers hold a copy in memory that is renewed when another process has
 * written, at most some times a second; decisions are written in batches.  So
 * a stream of tasks does not pay a transaction each.
 */
#ifndef AGENT_ROUTE_STAT_H
#define AGENT_ROUTE_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "route-config.h"
#include "route-ledger.h"

struct route_stat;

/* $XDG_STATE_HOME/agent/route.db; the caller frees; NULL without a home. */
char	*route_stat_file(void);

int	route_stat_open(const char *path, const struct route_config *c,
	    struct route_stat **ret, struct err *e);
/* Writes what is left, and closes. */
int	route_stat_close(struct route_stat *s, struct err *e);

/* Decayed to now.  Zeros when nothing is known. */
struct route_measure {
	double tasks;			/* finished, good or not */
	double good;
	double first_ms, total_ms;	/* of a good one, mean */
	double tokens;			/* put out by a good one, mean */
	double cost;			/* USD, of any, mean */
};

struct route_measure route_stat_measure(struct route_stat *s,
	    const char *model, enum route_class c);

enum route_circuit { ROUTE_CLOSED, ROUTE_OPEN, ROUTE_HALF_OPEN };

/*
 * Whether a model may be asked: of those that ask when it is half open, one
 * is told ROUTE_HALF_OPEN (the probe), the others ROUTE_OPEN.  `claim` is
 * false for a look that does not take the probe.
 */
enum route_circuit route_stat_circuit(struct route_stat *s,
	    const char *model, bool claim);

/* Tasks given to a model, by anybody, that have not come back. */
double	route_stat_load(struct route_stat *s, const char *model);

/* An agent and model for a conversation; true when there is one. */
bool	route_stat_sticky(struct route_stat *s, const char *key,
	    char **ret_agent, char **ret_model);

struct route_decision {
	const char *id, *text;
	size_t len;			/* of text */
	const char *agent, *model;	/* model may be NULL */
	enum route_class c;
	const char *sticky;		/* conversation, or NULL */
};

/* Remembers; written now and then, and at the end. */
int	route_stat_decided(struct route_stat *s,
	    const struct route_decision *d, struct err *e);
int	route_stat_flush(struct route_stat *s, struct err *e);

/*
 * Learns from a record of agent-ask or agent-spawn: an answer, a result, an
 * error, a retry.  Others are passed over.
 */
int	route_stat_observe(struct route_stat *s, const jv *record,
	    struct err *e);

/* Learns from a journal what was not yet read of it. */
int	route_stat_catch_up(struct route_stat *s, const char *journal,
	    struct err *e);

/*
 * The same from the ledger, which is then looked at again while decisions are
 * made; borrowed until route_stat_close().  1 when it has calls, else 0.
 */
int	route_stat_use_ledger(struct route_stat *s, struct route_ledger *l,
	    struct err *e);

/* How full a pool is, of 1; 0 when nobody counts. */
double	route_stat_pool_used(struct route_stat *s, const char *pool);

/* Text and agent of a task that was routed: 1, 0 when not known, -1. */
int	route_stat_find(struct route_stat *s, const char *id, char **ret_text,
	    char **ret_agent, struct err *e);

/* All that is known, for people or as records: an array of objects. */
int	route_stat_list(struct route_stat *s, jv *ret, struct err *e);

/* The outcome of the last --eval of a file, and a new one. */
int	route_stat_last_eval(struct route_stat *s, const char *name, jv *ret,
	    struct err *e);
int	route_stat_save_eval(struct route_stat *s, const char *name,
	    const jv *eval, struct err *e);

#endif
