/*
 * subagent: the tool `spawn`, with which an agent has another one do
 * something, in a run of its own.
 *
 * It may spawn itself and those that it may write to.  How deep that goes is
 * limited, and what the other may spend is a share of what is left: a half
 * when one is spawned in a turn, a third each when two are.  What it spent
 * counts for who spawned it.
 */
#ifndef AGENT_SUBAGENT_H
#define AGENT_SUBAGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agents.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "json.h"
#include "strs.h"
#include "ulid.h"

enum { SUBAGENT_DEPTH = 2 };	/* when limits.depth does not say */

/* Everything is borrowed. */
struct subagents {
	const struct agents *agents;
	const char *self;		/* the agent's id */
	const char *dir;		/* where they work */
	const char *file;		/* --agents; or NULL */
	const char *mode;		/* --permission-mode; or NULL */
	bool no_checkpoints, park;
	bool too_deep;			/* none may be spawned */
	struct deadline until;
};

/*
 * What is settled before one begins, and on record with the call: one that
 * was broken off goes on as it began.
 */
struct subagent_terms {
	char run[ULID_LEN + 1];		/* its run; "": not settled yet */
	int64_t tokens;			/* what it may spend; 0: no limit */
	double cost;
};

/*
 * How deep we are: `was`, when a run that is gone on with was deeper than
 * what we are told.  Tells those that we start.
 */
int64_t	subagents_enter(int64_t was);

/* Says in the declaration of `spawn`, if it is there, whom; or drops it. */
void	subagents_declare(const struct subagents *s, jv *tools);

/* Whether a call may be made: ST_NO with words for the model. */
int	subagent_check(const struct subagents *s, const jv *arguments,
	    struct err *e);

/* The terms for the record, and from it, when they are there. */
jv	subagent_terms_json(const struct subagent_terms *t);
void	subagent_terms_read(const jv *data, struct subagent_terms *ret);

/*
 * The command for a call; the task is for its standard input.  The same one
 * goes on with a run that is there.
 */
int	subagent_words(const struct subagents *s, const jv *arguments,
	    const char *key, const struct subagent_terms *terms,
	    struct strs *w, struct err *e);

/*
 * From what it printed, records, in the file `fd`: what it says at its end,
 * appended to `text`, and what it used, {"input_tokens"...}; JSON_NONE when
 * it does not say.  False when it said nothing at all.
 */
bool	subagent_result(int fd, struct buf *text, jv *ret_usage);

#endif
