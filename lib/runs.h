/*
 * runs: the runs of a workspace, by name.
 */
#ifndef AGENT_RUNS_H
#define AGENT_RUNS_H

#include "err.h"
#include "workspace.h"

/*
 * The run that `name` means: its id, the end of one (four characters at
 * least; the beginning is the time and much alike), or "last": the last one
 * that came to its first word and is not that of a sub-agent.  The id, the
 * caller's to free; NULL with ST_NOINPUT when there is none or more than one.
 */
char	*runs_find(const struct workspace *w, const char *name,
	    struct err *e);

/*
 * Makes the run `id` with a copy of what was said in `from`, to go on from
 * there on another way; of a foreign agent with its session and its home.
 * Its directory; NULL on failure.
 */
char	*runs_fork(const struct workspace *w, const char *from, const char *id,
	    struct err *e);

/*
 * Makes the run `id` with what was said in `from` since it was last handed
 * over, which is all that the one who goes on with it knows: 1; 0 when it
 * never was, and nothing is made; -1.
 */
int	runs_shorten(const struct workspace *w, const char *from,
	    const char *id, struct err *e);

#endif
