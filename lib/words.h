/*
 * words: what words are about: a list of groups ("contracts", "frontend",
 * "translate") with their members in several languages, and texts read
 * through it.
 *
 * The list is data, templates/words, which says how it is written; what words
 * have to do with each other, as learned from tasks, is templates/bearings.
 * Both are compiled into one file that is mapped, so that it costs nothing to
 * start with however long they are.  Text is folded to lower case without
 * accents; words lose the usual endings; Chinese, which has no spaces, is
 * looked up piece by piece.  Nothing here knows what the groups are for.
 *
 * A struct words keeps what it has found out about words that it met (a
 * bounded cache), so a stream of texts is read fast.
 */
#ifndef AGENT_WORDS_H
#define AGENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct words;

/* Reads the list; ST_CONFIG with "NAME:12: reason" when it is not one. */
struct words *words_parse(const char *name, const char *text, size_t len,
	    struct err *e);
/* Adds the bearings of its words to a list that was parsed. */
int	words_parse_bearings(struct words *w, const char *name,
	    const char *text, size_t len, struct err *e);

/*
 * The compiled form: bytes for a file, and such a file mapped.  ST_CONFIG
 * when it is cut short, or was made by another build or for another machine.
 */
void	words_compile(const struct words *w, struct buf *ret);
struct words *words_map(const char *path, struct err *e);
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

/*
 * Bearings: each word that labelled tasks taught us points some way in a space
 * of WORDS_WAYS directions, and so does each word and group of a description.
 * The product of what was asked and what was written about somebody tells how
 * well they go together.  Values are in units; words_scale() is what a
 * product of two is worth, words_heavy_scale() a unit of heaviness.
 */
enum {
	WORDS_WAYS = 38,
	/* To the squared rarities of a text, which its sum is divided by the
	 * root of: a few words are weak evidence. */
	WORDS_FEW = 200
};

struct words_bearing {
	uint64_t key;			/* 0: free */
	uint8_t rarity;			/* how much the word says, in tenths */
	int8_t heavy;			/* how much work it speaks for */
	int8_t to[WORDS_WAYS];
};

/* Of a stem that was asked for, or written about somebody; NULL: unknown. */
const struct words_bearing *words_asked(const struct words *w, uint64_t stem);
const struct words_bearing *words_written(const struct words *w,
	    uint64_t stem);
const struct words_bearing *words_about(const struct words *w, size_t group);
double	words_scale(const struct words *w);
double	words_heavy_scale(const struct words *w);

/* Bearings have numbers from 0 below words_places(). */
size_t	words_places(const struct words *w);
size_t	words_place(const struct words *w, const struct words_bearing *b);

#endif
