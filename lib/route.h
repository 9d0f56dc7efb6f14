/*
 * route: who does a task, how much work it is, on which model, and why.
 *
 * Puts together what the others know: match (agents), effort (class),
 * route-config (rules, models, objective), route-stat (what models did).  In
 * this order: first rules, a conversation that sticks, examples and matching,
 * the class, the model, last rules.
 */
#ifndef AGENT_ROUTE_H
#define AGENT_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents.h"
#include "err.h"
#include "json.h"
#include "match.h"
#include "route-config.h"
#include "route-stat.h"

struct route_options {
	const struct agents *agents;
	const struct route_config *config;
	struct route_stat *stat;	/* NULL: nothing known, nothing kept */
	const char *words;		/* file of the compiled list of words */
	const char *examples;		/* file of corrections, or NULL */
	const char *objective;		/* instead of the file's, or NULL */
	size_t top;			/* alternatives to name */
	bool explore;
};

struct route;

/* What the options point to is borrowed for the life of the router. */
int	route_new(const struct route_options *o, struct route **ret,
	    struct err *e);
void	route_free(struct route *r);		/* NULL is fine */

enum { ROUTE_REASONS = 12, ROUTE_REASON_LEN = 120, ROUTE_CHAIN = 4 };

struct route_step {			/* of the chain of fallbacks */
	const char *agent, *model;
	const char *on;			/* kinds of failure, with spaces */
};

struct route_choice {
	const char *agent;		/* NULL: nobody, for want of agents */
	const char *model;		/* NULL: the agent's own default */
	enum route_class c;
	double score, confidence, heavy;
	double minutes;
	long tokens;
	bool gate;			/* a person is to be asked */
	bool local_only, explored, stuck;
	enum route_objective objective;
	const char *priority;		/* or NULL */
	const char *pool;		/* or NULL */
	const char *sticky;		/* the conversation, or NULL */
	struct match_score *ranking;	/* of all agents, best first */
	size_t nranking;
	char reasons[ROUTE_REASONS][ROUTE_REASON_LEN];
	size_t nreasons;
	struct route_step chain[ROUTE_CHAIN];
	size_t nchain;
};

/*
 * Decides.  `task` is the record; its text may be given apart (a line that is
 * no JSON), else it is that of route_text().  The strings of `ret` live until
 * the next call.
 */
int	route_decide(struct route *r, const jv *task, const char *text,
	    size_t len, struct route_choice *ret, struct err *e);

/* Adds a reason to a choice. */
void	route_because(struct route_choice *c, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* What a task says is to be done; NULL when it says nothing. */
const char *route_text(const jv *task);

/* The `route` member, as JSON; in words, for people. */
void	route_write(const struct route *r, const struct route_choice *c,
	    struct buf *out);
void	route_explain(const struct route *r, const struct route_choice *c,
	    struct buf *out);

const char *route_agent_id(const struct route *r, size_t agent);
size_t	route_agents(const struct route *r);
size_t	route_top(const struct route *r);	/* alternatives to name */

/*
 * Chooses the model, and the chain, for a choice whose agent and class are
 * set; `fixed` is one that a rule named, or NULL.  `turn` counts, for a
 * round robin.  In route-model.c.
 */
struct route_need {
	const jv *agent;		/* as agents.yaml has it */
	const char *fixed;
	bool tools, images, schema;
	int64_t context;
	const char *seed;		/* what chance is drawn from */
};
void	route_choose_model(const struct route_options *o,
	    const struct route_need *need, uint64_t *turn,
	    struct route_choice *c);

#endif
