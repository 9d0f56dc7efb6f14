/*
 * janitor: a process that outlives us, to clear up when we were killed.
 *
 * It kills what bwrap had started when it was killed itself too early to have
 * told the kernel, and removes the control groups.  It learns of our end from
 * a pipe.  A program of its own, and as small as can be, because it is started
 * with every sandbox and stays as long; a fork would copy all of us.
 */
#ifndef AGENT_JANITOR_H
#define AGENT_JANITOR_H

#include <sys/types.h>

#include "err.h"
#include "strs.h"

/*
 * Into the pipe goes bwrap's pid, a pid_t; and one byte when there is nothing
 * left to do.
 */
struct janitor {
	int pipe;		/* -1: none */
};

#define JANITOR_INIT { -1 }

/*
 * Starts it, before any of `groups`, directories, is there, and before bwrap
 * has its options: until then it has started nothing.
 */
int	janitor_start(struct janitor *j, const struct strs *groups,
	    pid_t bwrap, struct err *e);

/* All is done: it ends without doing anything. */
void	janitor_dismiss(struct janitor *j);

#endif
