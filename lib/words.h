/*
 * words: what words are about: a list of groups ("contracts", "frontend",
 * "translate") with their members in several languages, and texts read
 * through it.
 *
 * The list is data, one file for all (share/agentutils/words, which says how
 * it is written).  Text is folded to lower case without accents; words lose
 * the usual endings; Chinese, which has no spaces, is looked up piece by
 * piece.  Nothing here knows what the groups are for.
 *
 * A struct words keeps what it has found out about words that it met (a
 * bounded cache), so a stream of texts is read fast.
 */
#ifndef AGENT_WORDS_H
#define AGENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct words;

/* Reads the list; ST_CONFIG with "NAME:12: reason" when it is not one. */
struct words *words_parse(const char *name, const char *text, size_t len,
	    struct err *e);
void	words_free(struct words *w);		/* NULL is fine */

size_t	words_groups(const struct words *w);
const char *words_group(const struct words *w, size_t group);
int	words_find_group(const struct words *w, const char *name); /* or -1 */
bool	words_is_act(const struct words *w, size_t group); /* kind of work */
/*
 * How much a group is at home in a trade: `trades` has a factor for each
 * group that is one; the best of those that the group is in or below, 1 when
 * it belongs to no trade.
 */
bool	words_is_trade(const struct words *w, size_t group);
double	words_in_trades(const struct words *w, size_t group,
	    const double *trades);
bool	words_is_amount(const struct words *w, size_t group); /* how much */

/* A group that a word belongs to, itself or through another group. */
struct words_link {
	uint16_t group;
	bool leans;		/* it is no member, but points that way */
	float weight;		/* 1: the group itself; less: one above it */
};

enum {
	WORDS_LINKS = 18,	/* of one word, at most */
	WORDS_STEM_MAX = 24
};

struct words_token {
	uint64_t stem;			/* a hash; of "file" and "files" one */
	const char *text;		/* as it was written */
	uint32_t len;
	uint16_t nlinks;
	bool phrase;			/* of several words, which follow */
	bool stop;			/* says nothing by itself */
	uint8_t place;			/* number within its sentence, capped */
	float weight;			/* of the place where it stood */
	struct words_link links[WORDS_LINKS];
};

/* Called for each word, and for each phrase that the list knows. */
typedef void (*words_fn)(const struct words_token *t, void *arg);
void	words_read(struct words *w, const char *text, size_t len,
	    words_fn fn, void *arg);

#endif
