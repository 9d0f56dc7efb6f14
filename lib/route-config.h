/*
 * route-config: route.yaml, how tasks are routed; written by people and
 * described in agent-route(1).
 *
 * Everything has a default; no file at all is fine.
 */
#ifndef AGENT_ROUTE_CONFIG_H
#define AGENT_ROUTE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents.h"
#include "err.h"
#include "filter.h"
#include "json.h"
#include "yaml.h"

#define ROUTE_FILE "route.yaml"

enum route_class { ROUTE_LIGHT, ROUTE_HEAVY, ROUTE_CLASSES };
const char *route_class_name(enum route_class c);
bool	route_class_parse(const char *name, enum route_class *ret);

enum route_objective {
	ROUTE_BALANCED, ROUTE_CHEAPEST, ROUTE_FASTEST, ROUTE_BEST
};
bool	route_objective_parse(const char *name, enum route_objective *ret);
extern const char *const route_objectives[];	/* ends with NULL */

enum route_spread {
	ROUTE_SPREAD_SCORE, ROUTE_SPREAD_ROUND_ROBIN, ROUTE_SPREAD_LEAST_LOADED,
	ROUTE_SPREAD_PRIORITY
};

struct route_model {
	const char *name;		/* PROVIDER/MODEL */
	bool local;			/* what it is told stays on the host */
	bool tools, images, schema;	/* what it can */
	bool classes[ROUTE_CLASSES];	/* what it is for */
	int64_t context;		/* tokens; 0: not known */
	double input_cost, output_cost;	/* USD for a million tokens */
	double quality;			/* of 1, as people judge it */
	int64_t priority;		/* ROUTE_SPREAD_PRIORITY, lower first */
	const char *pool;		/* or NULL */
};

struct route_pool {
	const char *name;
	const char *next;		/* takes the overflow; or NULL */
	double at;			/* share of its caps at which it does */
};

struct route_rule {
	const char *name;
	jv set;				/* the rule's mapping */
};

/* The rules of one list, with one program for all their conditions. */
struct route_rules {
	struct route_rule *rules;
	size_t n;
	struct filter *filter;		/* NULL when no rule has a condition */
};

struct route_config {
	struct yaml_doc doc;
	struct route_rules first, last;
	struct route_model *models;
	size_t nmodels;
	struct route_pool *pools;
	size_t npools;
	const char *fallback_agent;	/* below the confidence; or NULL */
	bool gate;			/* below it, ask a person */
	double confidence;
	double heavy_at;
	enum route_objective objective;
	enum route_spread spread;
	double explore;
	double half_life;		/* of what was measured, in seconds */
	int64_t breaker_failures;	/* in a row, until it opens */
	int64_t breaker_ns;		/* how long it stays open */
	const char *sticky;		/* path of a conversation's id; NULL */
	const char *judge;		/* model for thin cases; or NULL */
};

/* The model of that name; NULL when the table has none. */
const struct route_model *route_config_model(const struct route_config *c,
	    const char *name);

/* Whether what a model is told stays on this host, as far as is known. */
bool	route_config_is_local(const struct route_config *c, const char *name);

void	route_config_release(struct route_config *c);

/*
 * Reads `path` (NULL: all defaults), with what `known` says about models (the
 * `models` of config.yaml, an object or JSON_NONE) under the file's own.  The
 * agents that rules name must be in `agents`.  ST_CONFIG, with the place.
 */
int	route_config_read(const char *path, const jv *known,
	    const struct agents *agents, struct route_config *ret,
	    struct err *e);

/*
 * Calls `fn` for each rule of a list that holds for `task`, in order.  A
 * condition that fails counts as false.
 */
int	route_rules_apply(const struct route_rules *rules, const jv *task,
	    void (*fn)(const struct route_rule *rule, void *arg), void *arg,
	    struct err *e);

#endif
