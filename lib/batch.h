/*
 * batch: many questions from a stream, their answers as a stream.
 *
 * A task is a line: an object as batch-task.h describes it, or, with `lines`,
 * any text, which is the prompt.  Each gets one record, a `result` or an
 * `error`, with the task's id in `task` and what else came with it.
 *
 * So many are asked at once, all in this process.  No more is read than can
 * be asked, and no more answers are kept than it takes to put them in order,
 * so memory does not grow with the number of tasks.
 */
#ifndef AGENT_BATCH_H
#define AGENT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "model.h"

struct structured;
struct template;

enum { BATCH_JOBS = 8, BATCH_JOBS_MAX = 10000, BATCH_RETRIES = 5 };

struct batch {
	const jv *config;	/* for the models that tasks name */
	const struct model *model;	/* of the others; NULL: catalog_find's
					 * default, found when it is needed */
	const char *rules;	/* the system message of tasks without one */
	const struct template *template;	/* around their prompts; or
						 * NULL */
	const jv *options;	/* or NULL */
	const struct structured *structured;	/* what answers must fit; or
						 * NULL */
	struct memo *memo;	/* answers from there; or NULL */
	size_t jobs;		/* at once */
	bool lines;
	bool unordered;		/* answers as they come */
	bool progress;		/* a line about it on stderr, rewritten */
	unsigned flags;		/* of requests */
	int retries;
	int schema_retries;	/* how often a misfit is sent back */
	int64_t timeout;	/* for each, ns */
	const char *resume;	/* file of earlier results; or NULL */
	int in, out;
};

/*
 * Runs until the input has ended and everything is answered: ST_OK, ST_NO when
 * some failed, ST_DATA when a line was no task (reported, and gone on after).
 * -1 when it cannot go on: by a signal; ST_IO; an error that every other task
 * would meet too (no key, no quota).  What was being asked is then given up.
 *
 * With `resume`, results are also appended to that file, and tasks that have
 * one there (the same id or none, the same request, status 0) are not asked
 * again: theirs is given from the file.
 */
int	batch_run(const struct batch *b, const volatile int *stop,
	    struct err *e);

#endif
