/*
 * route-setup: all that agent-route(1) reads before the first task: the
 * workspace, the agents, the rules, the statistics, the words.
 */
#ifndef AGENT_ROUTE_SETUP_H
#define AGENT_ROUTE_SETUP_H

#include <stdbool.h>

#include "route.h"
#include "settings.h"
#include "workspace.h"

struct route_request {
	const char *dir;		/* to look in; NULL: here */
	const char *agents, *rules, *examples;	/* files; NULL: found */
	const char *objective;		/* or NULL */
	size_t top;
	bool explore, stats;
	bool need_stats;		/* without a home, fail */
	bool need_agents;		/* without agents.yaml, fail */
	bool need_router;
};

struct route_setup {
	struct workspace workspace;
	struct settings settings;
	struct agents agents;
	struct route_config config;
	struct route_ledger *ledger;	/* or NULL */
	struct route_stat *stat;	/* or NULL */
	struct route *route;		/* or NULL */
	char *words;
	char *examples;
};

#define ROUTE_SETUP_INIT { .workspace = WORKSPACE_INIT, \
	.settings = SETTINGS_INIT, .agents = AGENTS_INIT, \
	.config = { .doc = YAML_DOC_INIT } }

int	route_set_up(const struct route_request *q, struct route_setup *s,
	    struct err *e);

/* Writes the statistics that are left; fine after a failure of the above. */
int	route_tear_down(struct route_setup *s, struct err *e);

#endif
