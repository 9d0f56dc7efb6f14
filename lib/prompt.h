/*
 * prompt: the words of a question, from operands, files and standard input.
 *
 * Standard input is read only when it is meant to be, because under cron, CI
 * and other agents it is often open and never written:
 *
 *  - operand "-", or file "-": to its end, always;
 *  - no operand and no file: to its end, unless it is a terminal;
 *  - otherwise to its end if it is a regular file or a FIFO (`x | agent-ask
 *    ...`); after three seconds without a byte a warning says so once and
 *    names the cure;
 *  - not if it is a terminal, a socket, a device or closed.
 *
 * The parts are put together in this order, an empty line between them:
 * operands (joined by spaces), files, standard input.
 */
#ifndef AGENT_PROMPT_H
#define AGENT_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "clock.h"
#include "err.h"

enum { PROMPT_MAX = 64 << 20 };

struct prompt {
	char *const *operands;
	size_t noperands;
	char *const *files;
	size_t nfiles;
	bool no_stdin;			/* never read it */
	bool optional;			/* there is a question without them:
					 * as if there were an operand */
	struct deadline until;		/* for standard input */
	const char *called;		/* in messages; NULL: "prompt" */
};

/*
 * Reads them into `out`.  ST_USAGE when there is nothing to read, ST_NOINPUT
 * for a file, ST_TIMEOUT, ST_DATA above PROMPT_MAX, ST_SIGNAL + *stop.
 */
int	prompt_read(const struct prompt *p, const volatile int *stop,
	    struct buf *out, struct err *e);

#endif
