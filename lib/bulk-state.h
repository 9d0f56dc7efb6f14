/*
 * bulk-state: how far a batch has come: the file of bulk.h.
 *
 * Lines of JSON, each on the disk before what follows from it is done:
 * {"mark","digest","count","model","at"} when it is meant to be handed in,
 * {"file"} (where files are handed in first), {"batch"} with its number, and
 * {"booked"} when the ledger has it.
 */
#ifndef AGENT_BULK_STATE_H
#define AGENT_BULK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "ulid.h"

struct bulk_state {
	char *path;
	int fd;
	bool begun;		/* there was an intent before us */
	char mark[ULID_LEN + 1];
	int64_t at;		/* of the intent, wall clock, ns */
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

int	bulk_state_file(struct bulk_state *s, const char *id, struct err *e);
int	bulk_state_batch(struct bulk_state *s, const char *id, struct err *e);
int	bulk_state_booked(struct bulk_state *s, struct err *e);

#endif
