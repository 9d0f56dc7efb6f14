/*
 * bulk-task: the tasks of a batch.  Their lines lie in a spool, so that what
 * is in memory of each is little.
 */
#ifndef AGENT_BULK_TASK_H
#define AGENT_BULK_TASK_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "bulk.h"
#include "err.h"
#include "json.h"
#include "sha256.h"
#include "spool.h"

struct bulk_task {
	int64_t at;		/* its line */
	size_t len;
	int64_t result_at;	/* its last result, in the spool of those */
	size_t result_len;	/* 0: none */
	char *bad;		/* it cannot be asked: why; or NULL */
	int bad_status;
	int left, misfits_left;	/* how often more it may be handed in */
	bool again;		/* that is to be done now */
};

struct bulk_tasks {
	const struct bulk *b;
	struct spool lines;
	struct bulk_task *v;
	size_t n, cap;
	size_t asked;		/* those that are not bad */
	int64_t bytes;		/* of their requests */
	bool bad_lines;		/* there were some, or bad tasks */
	char digest[SHA256_HEX_LEN + 1];	/* what makes two streams of
						 * tasks the same batch */
};

#define BULK_TASKS_INIT { .lines = SPOOL_INIT }

/* Reads them all. */
int	bulk_tasks_read(struct bulk_tasks *t, const volatile int *stop,
	    struct err *e);
void	bulk_tasks_release(struct bulk_tasks *t);

/* A task as it came. */
int	bulk_task_get(const struct bulk_tasks *t, const struct bulk_task *one,
	    jv *ret, struct err *e);

/* The body of its request, appended; after a misfit, with that answer and
 * why it is none (NULL: neither). */
int	bulk_task_body(const struct bulk_tasks *t, const jv *task,
	    const jv *answer, const struct buf *why, struct buf *out,
	    struct err *e);

#endif
