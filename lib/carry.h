/*
 * carry: moves bytes from one socket to another, as far as they go without
 * waiting, and the end after them.
 */
#ifndef AGENT_CARRY_H
#define AGENT_CARRY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum { CARRY_CHUNK = 262144 };

/* One direction of a connection; its buffer is released by the owner. */
struct carry {
	int from, to;
	struct buf buf;		/* what `to` did not take yet */
	size_t done;
	bool ended;		/* `from` has sent its last byte */
	bool shut;		/* and `to` was told */
};

/*
 * Moves what is there, straight through: only what the other side does not
 * take at once is kept, and then nothing more is read.  `chunk` has room for
 * CARRY_CHUNK bytes.
 */
bool	carry_step(struct carry *c, char *chunk);

#endif
