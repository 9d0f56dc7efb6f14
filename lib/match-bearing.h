/*
 * match-bearing: how well a text goes with what is written about agents, by
 * where the words of both point (words.h says what a bearing is).
 *
 * Each agent has the sum of the bearings of its words and groups, less what
 * the whole team has in common; a text has that of its words, the rare ones
 * more.  What counts is their product.
 */
#ifndef AGENT_MATCH_BEARING_H
#define AGENT_MATCH_BEARING_H

#include "words.h"

struct match_bearing;

struct match_bearing *match_bearing_new(const struct words *w, size_t agents);
void	match_bearing_free(struct match_bearing *b);	/* NULL is fine */

/* A word of what is written about an agent. */
void	match_bearing_write(struct match_bearing *b, size_t agent,
	    const struct words_token *t);

/* Once all is written; about[] is how much an agent is about each group. */
void	match_bearing_set_about(struct match_bearing *b, size_t agent,
	    const double *about);
void	match_bearing_settle(struct match_bearing *b);

/* How much a word of a text counts: what a sentence begins with says most. */
double	match_bearing_weight(const struct words_token *t);

/* A word of a text, what all of them are worth to an agent, and the end. */
void	match_bearing_ask(struct match_bearing *b, const struct words_token *t);
double	match_bearing_worth(struct match_bearing *b, size_t agent);
void	match_bearing_forget(struct match_bearing *b);

/* The words of the text one after the other; false after the last. */
bool	match_bearing_tell(struct match_bearing *b, size_t agent, size_t i,
	    struct words_token *ret, double *ret_worth);

#endif
