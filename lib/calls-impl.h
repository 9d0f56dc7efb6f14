/*
 * calls-impl: what the two halves of calls.h share: calls.c runs calls,
 * calls-words.c knows what is run for each.
 */
#ifndef AGENT_CALLS_IMPL_H
#define AGENT_CALLS_IMPL_H

#include "calls.h"
#include "strs.h"

/* How long a call may take. */
int64_t	calls_timeout(const struct calls_place *place, const struct call *c);

/* agent-sandbox, and what the tools of the place may see in it. */
int	calls_box(const struct calls_place *place, struct strs *w,
	    struct err *e);

/*
 * The command of a call that was checked; `*ret_in` is its standard input, as
 * in struct child_spec, the caller's to close.
 */
int	calls_words(const struct calls_place *place, const struct call *c,
	    struct strs *w, int *ret_in, struct err *e);

#endif
