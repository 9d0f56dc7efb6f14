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

/* What one may spend; 0: no limit. */
struct subagent_share {
	int64_t tokens;
	double cost;
};

/*
 * Whether we are too deep for more, of a limit of `depth`; tells those that
 * we start how deep they are.
 */
bool	subagents_enter(int64_t depth);

/* Says in the declaration of `spawn`, if it is there, whom; or drops it. */
void	subagents_declare(const struct subagents *s, jv *tools);

/* Whether a call may be made: ST_NO with words for the model. */
int	subagent_check(const struct subagents *s, const jv *arguments,
	    struct err *e);

/* The command for a call; the task is for its standard input. */
int	subagent_words(const struct subagents *s, const jv *arguments,
	    const char *key, const struct subagent_share *share,
	    struct strs *w, struct err *e);

/*
 * From what it printed, records, in the file `fd`: what it says at its end,
 * appended to `text`, and what it used, {"input_tokens"...}; JSON_NONE when
 * it does not say.
 */
void	subagent_result(int fd, struct buf *text, jv *ret_usage);

#endif
