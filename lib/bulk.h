/*
 * bulk: a stream of tasks by a vendor's batch endpoint: half the price, within
 * a day instead of at once.
 *
 * All tasks are read, handed in as one batch, waited for, and answered in
 * their order, by the records of batch.h.  What expired there, or failed in a
 * way that may pass, is handed in again, as another batch.  Tasks and results
 * lie in files without a name beside the state file, not in memory.
 *
 * A state file says how far it has come, so a process that ended, or was
 * killed at any instant, goes on when it is given the same tasks and the file
 * again, and nothing is handed in twice: what is meant to be is noted first,
 * with a mark that the batch carries, and a batch whose number was never heard
 * is looked for by it.
 */
#ifndef AGENT_BULK_H
#define AGENT_BULK_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "model.h"

struct structured;
struct template;

/* What the vendors take in one batch. */
enum { BULK_TASKS_MAX = 50000, BULK_BYTES_MAX = 200 << 20 };

struct bulk {
	const struct model *model;	/* of all tasks */
	const char *rules;	/* as struct batch */
	const struct template *template;
	const jv *options;
	const struct structured *structured;
	const char *state;	/* the file */
	int retries;		/* how often what failed is handed in again */
	int schema_retries;	/* how often a misfit is sent back */
	bool lines;
	bool progress;		/* a line about it on stderr */
	struct deadline until;
	int in, out;
};

/*
 * ST_OK, ST_NO or ST_DATA as batch_run().  -1: ST_TEMPFAIL when the time is
 * over before the batch is (come again with the same file) or the file is in
 * use, ST_CONFIG for a protocol without batches, ST_DATA when the file belongs
 * to other tasks or the vendor refuses the batch, and what a server that
 * fails is.
 */
int	bulk_run(const struct bulk *b, const volatile int *stop,
	    struct err *e);

#endif
