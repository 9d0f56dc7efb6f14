/*
 * calls-impl: what the parts of calls.h share: calls.c runs calls,
 * calls-words.c knows what is run for each, calls-served.c has servers answer.
 */
#ifndef AGENT_CALLS_IMPL_H
#define AGENT_CALLS_IMPL_H

#include <poll.h>

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

/* The file that gets what it says. */
int	calls_open_output(const struct calls_place *place, struct call *c,
	    struct err *e);

/*
 * Asks the server of its tool; looks whether there is an answer, or none to
 * come: 1 and it is in the file, 0, or -1; gives it up.
 */
void	calls_ask(const struct calls_place *place, struct call *c);
int	calls_take(const struct calls_place *place, struct call *c,
	    struct err *e);
void	calls_give_up(const struct calls_place *place, struct call *c,
	    const char *why);

/* What to poll for the sake of a call, two of them. */
void	calls_poll(const struct calls_place *place, const struct call *c,
	    struct pollfd p[2]);

#endif
