/*
 * think: reasoning that stands in the text of an answer, between <think> and
 * </think>, taken apart from it.
 *
 * Only at the beginning: the tag may come after blanks, and nowhere else is
 * it one.  Tags may be cut anywhere; a few bytes are held back until it is
 * known what they are.
 */
#ifndef AGENT_THINK_H
#define AGENT_THINK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

struct think {
	enum { THINK_BEGIN, THINK_INSIDE, THINK_GAP, THINK_TEXT } state;
	struct buf held;
};

#define THINK_INIT { 0 }

/* Where the parts go; -1 ends think_feed() with that. */
typedef int (*think_fn)(void *ctx, bool reasoning, const char *s, size_t len,
	    struct err *e);

int	think_feed(struct think *t, const char *s, size_t len, think_fn fn,
	    void *ctx, struct err *e);

/* There is no more: gives what was held back. */
int	think_end(struct think *t, think_fn fn, void *ctx, struct err *e);
void	think_release(struct think *t);

#endif
