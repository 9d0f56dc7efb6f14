/*
 * snapshot: a checkpoint taken while something else is waited for.
 *
 * The model thinks for seconds; in that time `agent-undo take` looks at the
 * workspace, so that a turn that changes files waits for nothing.  Where it can
 * be told at a glance that nothing has changed since the last checkpoint,
 * nothing is started.
 */
#ifndef AGENT_SNAPSHOT_H
#define AGENT_SNAPSHOT_H

#include <stdbool.h>

#include "child.h"
#include "err.h"

struct snapshot {
	char *dir, *title;	/* NULL: none was begun */
	struct child child;	/* none while the last checkpoint stands */
};

#define SNAPSHOT_INIT { .child = CHILD_INIT }
enum { SNAPSHOT_ID_MAX = 48 };

/*
 * Begins one of the workspace that `dir` is in, in place of one that was begun
 * before; `title` says what for.
 */
int	snapshot_begin(struct snapshot *s, const char *dir, const char *title,
	    struct err *e);
bool	snapshot_begun(const struct snapshot *s);

/*
 * Waits for its end: 1 and the id; 0 when no file has changed since the last
 * one, or none was begun; -1 when it could not be taken.
 */
int	snapshot_end(struct snapshot *s, struct deadline until,
	    const volatile int *stop, char ret_id[SNAPSHOT_ID_MAX],
	    struct err *e);

/* Ends it without waiting for the result. */
void	snapshot_drop(struct snapshot *s);

#endif
