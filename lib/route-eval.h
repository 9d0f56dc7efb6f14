/*
 * route-eval: how well tasks are routed, measured on labelled ones; and
 * corrections, which become examples.
 */
#ifndef AGENT_ROUTE_EVAL_H
#define AGENT_ROUTE_EVAL_H

#include "err.h"
#include "route.h"

/*
 * Routes each line of `path` ({"id", "prompt", "agent", "also_ok", "class"})
 * and writes to `out`: shares that are right, which agent was taken for
 * which, each wrong one, and what changed since the last time (when there are
 * statistics to remember it in).  0, or 1 when lines were bad, or -1.
 */
int	route_eval(struct route *r, struct route_stat *stat, const char *path,
	    struct buf *out, struct err *e);

/*
 * "good", "bad" or "should-be=AGENT" about the task `id`, as a line at the
 * end of the file of examples.  ST_NOINPUT when the task is not known,
 * ST_USAGE for another verdict, ST_NOINPUT for another agent.
 */
int	route_feedback(struct route_stat *stat, const struct agents *agents,
	    const char *examples, const char *id, const char *verdict,
	    struct err *e);

#endif
