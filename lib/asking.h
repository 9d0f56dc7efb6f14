/*
 * asking: a question to a person, through a gate (agent-gate(1)).
 *
 * The question has a key, so that a run that was broken off while it waited
 * asks the same one again and gets the answer that was given meanwhile.
 * Silence is never yes.
 */
#ifndef AGENT_ASKING_H
#define AGENT_ASKING_H

#include <stdbool.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "json.h"

/* Everything is borrowed. */
struct asking {
	const char *root;		/* of the workspace */
	const char *agent;		/* who asks */
	const char *key;
	const char *question;
	const char *subject;		/* what rules and "always" are about */
	const char *show;		/* a file that is shown; or NULL */
	const char *kind;		/* of agent-gate(1); NULL: approval */
	const jv *options;		/* the only answers; or NULL */
	bool park;			/* do not wait for people */
};

/*
 * 1 yes, 0 no; `words` gets what was said with it, or for another kind than
 * approval the whole answer.  -1: parked (ST_TEMPFAIL), out of time, a signal,
 * or no gate could be had.
 */
int	asking_person(const struct asking *a, struct deadline until,
	    const volatile int *stop, struct buf *words, struct err *e);

#endif
