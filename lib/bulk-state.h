/*
 * bulk-state: how far a batch has come: the file of bulk.h.
 *
 * Lines of JSON, each on the disk before what follows from it is done:
 * {"mark","digest","count","model","at"} when it is meant to be handed in,
 * {"file"} (where files are handed in first), {"batch"} with its number, and
 * {"booked"} when the ledger has it.  What is handed in again, because the
 * batch had no answer to it, is another round, with a mark of its own.
 */
#ifndef AGENT_BULK_STATE_H
#define AGENT_BULK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "ulid.h"

struct bulk_state {
	char *path;
	int fd;
	struct buf text;	/* what was in it, */
	size_t at;		/* and how much of that is taken */
	int round;		/* from 1; of this: */
	bool begun;		/* there was an intent before us */
	char mark[ULID_LEN + 1];
	int64_t since;		/* of the intent, wall clock, ns */
	char *file, *batch;	/* or NULL */
	bool booked;
};

#define BULK_STATE_INIT { .fd = -1 }

/*
 * Opens or makes it, for this process alone; notes the intent when it is new.
 * ST_TEMPFAIL, ST_CANTCREATE, ST_DATA when it belongs to another digest.
 */
int	bulk_state_open(const char *path, const char *digest, size_t count,
	    const char *model, struct bulk_state *ret, struct err *e);
void	bulk_state_close(struct bulk_state *s);

/* Goes on to the next round, of so many tasks, which may have begun. */
int	bulk_state_next(struct bulk_state *s, size_t count, struct err *e);

int	bulk_state_file(struct bulk_state *s, const char *id, struct err *e);
int	bulk_state_batch(struct bulk_state *s, const char *id, struct err *e);
int	bulk_state_booked(struct bulk_state *s, struct err *e);

#endif
