/*
 * match: which agent a text is for, by what is written about the agents.
 *
 * Agents and texts are read through the same list of words (words.h).  What
 * both have in common counts: a group of words, or a word itself; the more,
 * the fewer agents have it.  What stands where a sentence begins counts more,
 * shapes of text (a diff, a stack trace, SQL) give groups that nobody named.
 * Examples that people corrected count as further descriptions.  Where words
 * point was learned from labelled tasks of many teams, and holds for words of
 * no group ("friday") as well; it adds to the score.
 *
 * A pure module: it knows no files and no agents of its own.
 */
#ifndef AGENT_MATCH_H
#define AGENT_MATCH_H

#include <stddef.h>

#include "words.h"

/* What is written about one; strings may be NULL, and are borrowed. */
struct match_agent {
	const char *id;
	const char *description;
	const char *const *responsibilities;
	size_t nresponsibilities;
	const char *const *capabilities;
	size_t ncapabilities;
};

struct match;

/* `w` is borrowed for the life of the matcher. */
struct match *match_new(struct words *w, const struct match_agent *agents,
	    size_t n);
void	match_free(struct match *m);		/* NULL is fine */

/* An example: this text was (weight > 0) or was not (< 0) for this agent. */
void	match_learn(struct match *m, size_t agent, const char *text,
	    size_t len, double weight);

/* How much an agent is about each of the groups of words, into ret[]. */
void	match_about(struct match *m, size_t agent, double *ret);

struct match_score {
	size_t agent;
	double score;		/* comparable within one text */
	double share;		/* of 1, among all agents: a confidence */
};

enum { MATCH_WHY = 4, MATCH_WHY_LEN = 40 };

struct match_why {
	size_t n;
	char text[MATCH_WHY][MATCH_WHY_LEN];	/* most important first */
};

/*
 * Fills ret[n] for all n agents, best first; in equal cases in the order of
 * the list.  `why`, unless NULL, tells what spoke for the first.
 */
void	match_rank(struct match *m, const char *text, size_t len,
	    struct match_score *ret, struct match_why *why);

#endif
