/*
 * effort: how much work a text asks for.
 *
 * A linear model over some thirty signals that hold in any trade and any of
 * the languages of the list of words:
 *
 * - of what is asked: how a sentence begins, words of breadth, of large
 *   undertakings, of brevity and of goals, how many things are counted ("all
 *   40 screens"), clauses, pasted errors;
 * - of the whole text: how long it is, how many things it asks ("what changes,
 *   who decides, where is it kept"), lists, plurals, and what is for one place
 *   or one person: something quoted, a name in code, "my", a sole sentence.
 *
 * For the former only sentences that order or ask are looked at, not the
 * story around them: a long text may want one word, and a short one a rebuilt
 * system.  One signal is what labelled tasks taught of single words (words.h).
 * The weights were fitted on some 4,000 tasks of sixty teams; of sets that
 * were left out, 88 % are right.
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
	EFFORT_GOAL, EFFORT_JOINED, EFFORT_ASKED, EFFORT_ASKED_MUCH,
	EFFORT_ITEMS, EFFORT_LISTED, EFFORT_PLURALS, EFFORT_ALL_PLURAL,
	EFFORT_SHORT, EFFORT_LONG, EFFORT_ALONE, EFFORT_QUOTES, EFFORT_CODE,
	EFFORT_MINE, EFFORT_WORDS, EFFORT_SIGNALS
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
