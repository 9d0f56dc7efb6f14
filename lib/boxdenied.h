/*
 * boxdenied: system calls that the filter refused, by name, for the report.
 *
 * With --report the filter asks us where it would refuse; we refuse with the
 * same error, always, and so learn which call it was.  We never let one
 * through: between our look and the call its arguments could change.  Calls
 * that the filter denies to exist are not told: every libc tries some.  What
 * a filter of the user's refuses is told whatever the error.
 * With --audit it also asks before writes: boxwrites.h.
 */
#ifndef AGENT_BOXDENIED_H
#define AGENT_BOXDENIED_H

#include "boxfilter.h"
#include "boxreport.h"
#include "loop.h"
#include "strs.h"

enum { BOXDENIED_CALLS = 512 };

struct boxdenied {
	int fd;			/* the listener; -1: none */
	struct loop *loop;
	struct boxreport *report;
	const struct boxfilters *filters;
	unsigned char told[BOXDENIED_CALLS];	/* each once */
	struct strs writes;			/* paths, each once */
};

#define BOXDENIED_INIT { .fd = -1 }

/* Takes over the listener. */
void	boxdenied_start(struct boxdenied *d, struct loop *l, int fd,
	    struct boxreport *report, const struct boxfilters *filters);
void	boxdenied_end(struct boxdenied *d);

#endif
