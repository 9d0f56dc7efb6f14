/*
 * served: programs of ours that serve an agent from outside of its sandbox,
 * started as `PROGRAM -a AGENT -C DIR ...`.
 */
#ifndef AGENT_SERVED_H
#define AGENT_SERVED_H

#include "buf.h"
#include "err.h"
#include "json.h"

enum { SERVED_WORDS = 16 };

/*
 * Runs one to its end; what it prints is appended to `out`.  `args`, with
 * NULL at the end, are at most SERVED_WORDS.  Its exit status, or -1.
 */
int	served_run(const jv *agent, const char *workspace,
	    const char *program, const char *const *args, const char *input,
	    struct buf *out, struct err *e);

#endif
