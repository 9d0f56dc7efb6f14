/*
 * progress: a flow that runs, on a terminal: what has ended goes by as lines
 * (watch.h); below these, drawn anew each time, a line for each task that runs
 * and a bar with tokens and money.
 */
#ifndef AGENT_PROGRESS_H
#define AGENT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "watch.h"

struct progress_task {
	char *flow, *id;
	char *doing;		/* what its agent has said last; or NULL */
	int64_t since;		/* monotonic, ns */
};

struct progress {
	struct watch watch;
	int fd;
	const char *flow;
	size_t total, done;	/* tasks of the flow itself */
	struct progress_task *tasks;	/* that run now */
	size_t n, cap;
	size_t drawn;		/* lines that are on the screen */
	int64_t tokens, begun, shown;
	double usd;
};

#define PROGRESS_INIT { .watch = WATCH_INIT, .fd = -1 }

/* `flow` must live as long; `todo` of its tasks are to be done. */
void	progress_open(struct progress *p, int fd, const char *flow,
	    size_t total, size_t todo);
void	progress_close(struct progress *p);	/* takes the lower lines away */

/* Takes note of a record of the journal; `ours`: it is one of this run. */
int	progress_record(struct progress *p, const jv *record, bool ours,
	    struct err *e);

/* Draws, at most some times a second; `always`: in any case. */
int	progress_draw(struct progress *p, bool always, struct err *e);

#endif
