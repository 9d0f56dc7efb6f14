/*
 * door: the way of a sandbox to the hub.
 *
 * A socket that is put into the sandboxes of one run, as DOOR_INSIDE, and
 * behind it a process of ours, outside, which knows whose the socket is
 * (hub-serve.h).  That process gets no keys: of our environment it has what
 * it needs and no more.  Few commands speak to the hub, so it is started for
 * the first that knocks.
 */
#ifndef AGENT_DOOR_H
#define AGENT_DOOR_H

#include "child.h"
#include "err.h"
#include "strs.h"
#include "workspace.h"

#define DOOR_INSIDE "/run/agent.sock"

struct door {
	char *path;		/* of the socket; NULL: none */
	int fd;			/* readable when somebody knocks; -1: served */
	const struct workspace *workspace;	/* not ours */
	const char *agent;			/* likewise */
	struct child child;
};

#define DOOR_INIT { .fd = -1, .child = CHILD_INIT }

/*
 * A socket at `path`, mode 0600, in place of what is there; its path may be
 * of any length.  The descriptor, or -1 with ST_CANTCREATE.
 */
int	door_listen(const char *path, struct err *e);

/* Makes the socket at `path`: who knocks waits until it is served. */
int	door_open(const struct workspace *w, const char *agent,
	    const char *path, struct door *ret, struct err *e);

/* Starts what serves it in the name of the agent, unless it is served. */
int	door_serve(struct door *d, struct err *e);
void	door_close(struct door *d);	/* fine on DOOR_INIT */

/*
 * Adds the words for agent-sandbox(1): the socket, the variable that names
 * it, and the commands that speak through it.
 */
int	door_words(const char *path, struct strs *words, struct err *e);

#endif
