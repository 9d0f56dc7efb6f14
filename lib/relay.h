/*
 * relay: passes bytes from one descriptor to another inside a loop.
 *
 * Between the command and us are pipes (or its own terminal) where our
 * standard descriptors are terminals, which must never be inside, or where
 * the output is counted.  What we read from is ours and non-blocking.  What
 * we write to is shared with others, so it stays as it is: never more is
 * written than it takes without blocking.
 */
#ifndef AGENT_RELAY_H
#define AGENT_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "loop.h"

struct relay {
	struct loop *loop;
	int from, to;		/* -1: ended */
	bool close_to;		/* pass the end on */
	bool shared;		/* `to` is somebody else's too */
	bool keep_blocking;	/* so is `from` */
	bool unpolled;		/* `to` is a file: always ready */
	struct buf buf;		/* read, not yet written */
	size_t done;		/* bytes of it that are written */
	uint64_t total;		/* bytes that came */
	int error;		/* errno of a failed write */
	/* changes what came before it is passed on; NULL: nothing */
	void (*filter)(void *arg, const char *data, size_t len,
	    struct buf *out);
	void *filter_arg;
};

#define RELAY_INIT { .from = -1, .to = -1 }

/* Starts; `from` becomes non-blocking. */
int	relay_start(struct relay *r, struct loop *l, int from, int to,
	    struct err *e);
bool	relay_ended(const struct relay *r);
void	relay_stop(struct relay *r);	/* drops what is left */

#endif
