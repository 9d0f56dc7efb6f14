/*
 * memory-merge: what time and repetition make superfluous.
 *
 * Nothing goes without a trace: an expired note is in the history, one that
 * says what a newer note says is replaced by it, as with `supersedes`.
 */
#ifndef AGENT_MEMORY_MERGE_H
#define AGENT_MEMORY_MERGE_H

#include <stdint.h>

#include "memory-search.h"
#include "memory.h"

/* In a transaction: removes what has expired; how many, or -1. */
int64_t	memory_expire(struct memory *m, struct err *e);

/*
 * In a transaction: notes with the same words but for order, forms and words
 * like "the", and with the same numbers; the newest replaces the others.
 * Words that turn a meaning round ("not", "no", "never") count.  How many
 * were replaced, or -1.
 */
int64_t	memory_merge(struct memory *m, struct err *e);

/*
 * In a transaction: removes the notes that pass the filter but for the newest
 * `keep` of them and those that are pinned (memory_is_pinned()); they stay in
 * the history.  How many, or -1.
 */
int64_t	memory_retire(struct memory *m, const struct memory_filter *f,
	    int64_t keep, struct err *e);

/* In a transaction: changes before that time are forgotten for good. */
int64_t	memory_forget_history(struct memory *m, int64_t until,
	    struct err *e);

#endif
