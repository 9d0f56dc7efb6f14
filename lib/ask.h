/*
 * ask: one question, its answer written as it comes.
 */
#ifndef AGENT_ASK_H
#define AGENT_ASK_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"
#include "json.h"
#include "model.h"

enum ask_format {
	ASK_TEXT,		/* the text, as it comes */
	ASK_NDJSON		/* records: model.delta, model.retry, result */
};

enum ask_extract {
	ASK_ALL,
	ASK_FIRST_BLOCK,	/* of fenced code; all, when there is none */
	ASK_LAST_BLOCK
};

struct structured;

struct ask {
	const struct model *model;
	struct model_request request;	/* without events */
	enum ask_format format;
	struct deadline until;
	int out;		/* descriptor for the answer */
	int notes;		/* for reasoning, in text; -1: nowhere */
	enum ask_extract extract;
	const struct structured *structured;	/* or NULL: no schema */
	struct memo *memo;		/* answers from there; or NULL */
	int schema_retries;	/* how often a misfit is sent back */
	/* Called with what came, also of a failure, before anything is said
	 * about the end; may be NULL.  Its failure is that of the whole. */
	int (*keep)(void *ctx, const struct model_reply *r, struct err *e);
	void *keep_ctx;
	const char *const *conversation;	/* its id, once it is kept */
	bool usage;		/* a line about tokens on stderr at the end */
};

/*
 * Asks and writes: as it comes, or at the end where something is extracted or
 * checked.  0 for a whole answer.  -1: `e` says what to report, with
 * ST_LIMIT and ST_REFUSED for an answer that ended so; what had come was
 * written, unless it does not fit the schema (ST_DATA).  As text, a newline is
 * added where the answer has none at its end.  As records, the last is a
 * `result` or an `error`, whatever happens.
 */
int	ask_run(const struct ask *a, const volatile int *stop, struct err *e);

/* For a failure before that: as records, writes the `error`.  Returns -1. */
int	ask_failed(const struct ask *a, const struct err *e);

/* The data of a `result` record. */
jv	ask_result_data(const struct model_reply *r);

#endif
