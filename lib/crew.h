/*
 * crew: many tasks, each run by a process of its own, so many at a time.
 *
 * Tasks come as NDJSON: records of type `task`, or objects with `prompt` and
 * perhaps `id`, `agent`, `model`; what agent-route added as `route` says who
 * and which model, and who else when that fails: then the task is given to
 * that one, a record of type `route` says so, and the end of the first is not
 * passed on.  Each is given to a program (agent-spawn itself) on its
 * standard input; what the program prints, lines, is passed on whole, each in
 * one write, in turns, so that the lines of many never mix.  A program that
 * ended without a `result` or `error` gets an `error` said for it.
 */
#ifndef AGENT_CREW_H
#define AGENT_CREW_H

#include <stddef.h>

#include "err.h"

struct crew {
	const char *program;		/* absolute */
	const char *const *args;	/* for each task, NULL at the end */
	const char *agent;		/* when the task names none; or NULL */
	const char *model;		/* likewise */
	size_t jobs;			/* at once */
	int in, out;
	const volatile int *stop;
};

/*
 * Runs until the input ends and all tasks have.  ST_OK when all ended with 0,
 * ST_NO when one did not, ST_DATA when a line was no task (reported, and gone
 * on after); -1 when it cannot go on, or by a signal (fd_wait()), after which
 * all programs have ended.
 */
int	crew_run(const struct crew *c, struct err *e);

#endif
