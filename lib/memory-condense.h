/*
 * memory-condense: makes notes fewer with the help of a model.
 *
 * Notes that resemble one another are put together into a question; the
 * answer is a list of actions, which are checked and done:
 *
 *	{"actions":[
 *	  {"do":"merge","ids":["a","b"],"text":"what both say"},
 *	  {"do":"replace","ids":["c"],"by":"d"},
 *	  {"do":"expire","ids":["e"]}]}
 *
 * Nothing is deleted: what was merged or replaced is kept as superseded, what
 * was expired is not found any more, and all of it can be undone.  Who asks
 * the model is the caller.
 */
#ifndef AGENT_MEMORY_CONDENSE_H
#define AGENT_MEMORY_CONDENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "memory.h"

extern const char condense_schema[];	/* of the answer */

enum { CONDENSE_NOTES = 40 };

struct condense {
	struct memory *m;
	bool dry_run;
	/* told of each action that is done, or would be; may be NULL */
	void (*say)(void *arg, const jv *action);
	void *arg;
	int64_t after, last;		/* rows still to be looked at */
	int64_t merged, replaced, expired, refused;	/* done */
	struct memory_note note[CONDENSE_NOTES];	/* of the question */
	bool used[CONDENSE_NOTES];
	size_t n;
};

/* From where the last one ended; from the beginning with `all`. */
int	condense_begin(struct condense *c, bool all, struct err *e);
void	condense_end(struct condense *c);

/* The next question, appended to `out`: 1, 0 when there is none. */
int	condense_ask(struct condense *c, struct buf *out, struct err *e);

/*
 * Does what the answer says, in one transaction that also keeps how far we
 * are.  Actions on notes that were not asked about, or have changed since,
 * or that make no sense, are passed over and counted as refused.  ST_DATA
 * when it is no such answer.
 */
int	condense_answer(struct condense *c, const jv *answer, struct err *e);

/* Whether a note is never touched by itself: important, or tagged "pinned". */
bool	memory_is_pinned(const struct memory_note *note);

#endif
