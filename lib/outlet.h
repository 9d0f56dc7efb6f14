/*
 * outlet: where the records of a command go: standard output, or, for people,
 * agent-watch, which knows how to show them.
 *
 * When the reader leaves (`| head -1`), the next record fails with
 * ST_SIGNAL + SIGPIPE; those after it are dropped in silence, so that a
 * command can end in order.
 */
#ifndef AGENT_OUTLET_H
#define AGENT_OUTLET_H

#include <stdbool.h>

#include "child.h"
#include "err.h"
#include "json.h"

struct outlet {
	int fd;
	struct child watch;
	bool gone;
};

#define OUTLET_INIT { .fd = -1, .watch = CHILD_INIT }

/* Ignores SIGPIPE from now on; with `people`, starts agent-watch. */
int	outlet_open(bool people, struct outlet *ret, struct err *e);

/* One record; fits the `record` callbacks: `context` is the outlet. */
int	outlet_record(void *context, const jv *record, struct err *e);

/* Lets agent-watch finish what it shows. */
void	outlet_close(struct outlet *o);

#endif
