/*
 * effort: how much work a text asks for.
 *
 * A linear model over a few signals that hold in any trade: how a sentence
 * begins, how many things are counted ("all 40 screens"), words of breadth and
 * of large undertakings, of brevity, questions, pasted errors.  Only sentences
 * that order or ask something are looked at, not the story around them: a
 * long text may want one word, and a short one a rebuilt system.  The weights
 * were fitted on tasks of several trades (bench/route).
 */
#ifndef AGENT_EFFORT_H
#define AGENT_EFFORT_H

#include <stddef.h>

#include "words.h"

enum {
	EFFORT_BIAS, EFFORT_LENGTH, EFFORT_BROAD, EFFORT_LARGE, EFFORT_BRIEF,
	EFFORT_LIMIT, EFFORT_HORIZON, EFFORT_QUESTION, EFFORT_ERROR,
	EFFORT_PASTED, EFFORT_COUNTED, EFFORT_CLAUSES, EFFORT_SENTENCES,
	EFFORT_ASKS, EFFORT_ENDS_ASKING, EFFORT_ORDERS, EFFORT_TOUCHES,
	EFFORT_GOAL, EFFORT_JOINED, EFFORT_SIGNALS
};

struct effort {
	double heavy;			/* of 1: how likely it is much work */
	double minutes;			/* a rough estimate */
	long tokens;			/* likewise, in and out together */
	double signals[EFFORT_SIGNALS];
};

/* The groups of a list of words that effort looks for. */
struct effort_words {
	struct words *words;
	int groups[EFFORT_SIGNALS];	/* -1 where the signal is no group */
};

void	effort_init(struct effort_words *ew, struct words *w);
void	effort_estimate(const struct effort_words *ew, const char *text,
	    size_t len, struct effort *ret);

/* What spoke most for the class that came out: "all", "40 screens". */
const char *effort_signal(size_t signal);

/* How much one speaks for much work (above 0) or little (below). */
double	effort_speaks(const struct effort *f, size_t signal);

#endif
