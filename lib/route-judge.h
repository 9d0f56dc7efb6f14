/* route-judge: asks a small model who of some agents should do a task. */
#ifndef AGENT_ROUTE_JUDGE_H
#define AGENT_ROUTE_JUDGE_H

#include <stddef.h>

#include "agents.h"
#include "err.h"

/*
 * Which of the `n` agents whose ids are given; -1 (ST_...) when the model
 * cannot be asked or names none of them.  Runs agent-ask(1), at most 20 s.
 */
int	route_judge(const char *model, const struct agents *agents,
	    const char *const *ids, size_t n, const char *text, size_t len,
	    struct err *e);

#endif
