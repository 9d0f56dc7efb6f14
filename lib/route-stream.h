/*
 * route-stream: tasks in, the same tasks out, with what was decided.
 */
#ifndef AGENT_ROUTE_STREAM_H
#define AGENT_ROUTE_STREAM_H

#include <stdbool.h>

#include "route-setup.h"

struct route_stream {
	struct route_setup *setup;
	int in, out;
	bool lines;			/* plain text, a task a line */
	bool explain;			/* words instead of records */
};

/*
 * Routes until the end.  The number of bad lines, which were reported and
 * left out; -1 when reading or writing failed.  Records of another type than
 * `task` pass as they are, as does every byte of a task but for the member
 * `route`.
 */
long	route_stream(const struct route_stream *st, struct err *e);

/* Passes everything on as it is and learns from it; the bad lines. */
long	route_observe(const struct route_stream *st, struct err *e);

/* What is known about models: a table, or a record each. */
int	route_show_stats(struct route_setup *s, bool json, int out,
	    struct err *e);

#endif
