/* match-agents: a matcher for the agents of agents.yaml. */
#ifndef AGENT_MATCH_AGENTS_H
#define AGENT_MATCH_AGENTS_H

#include "agents.h"
#include "match.h"

/* Of all, in the order of the list; `w` is borrowed as by match_new(). */
struct match *match_agents(struct words *w, const struct agents *agents);

#endif
