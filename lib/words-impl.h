/* words-impl: what reading the list and reading texts through it share. */
#ifndef AGENT_WORDS_IMPL_H
#define AGENT_WORDS_IMPL_H

#include "fold.h"
#include "words.h"

enum {
	GROUPS_MAX = 1000,
	PARENTS_MAX = 4,
	LISTED_MAX = 6,			/* groups that one word is listed in */
	CACHE_SIZE = 1 << 13		/* words remembered */
};

enum words_kind { WHOLE = 1, PREFIX, PHRASE, LEANING };

struct words_group {
	char *name;
	bool act, amount, trade;
	uint16_t parents[PARENTS_MAX];
	size_t nparents;
};

struct words_entry {
	uint64_t key;			/* 0: free */
	uint16_t listed[LISTED_MAX];
	uint8_t n;
	uint8_t weak;			/* bits: half the weight */
	uint8_t percent[LISTED_MAX];	/* of a leaning */
};

struct words_cached {
	uint64_t key;			/* of the folded word; 0: free */
	uint64_t stem;
	struct words_link links[WORDS_LINKS];
	uint16_t n;
	bool stop;
};

struct words {
	struct words_group *groups;
	size_t ngroups, groupcap;
	struct words_entry *table;
	size_t used, size;		/* size is a power of 2 */
	size_t longest;			/* bytes of a beginning */
	size_t phrase_max;		/* words of a phrase */
	size_t stop, common;		/* groups of words that say nothing, or
					 * little */
	struct words_cached *cache;
};

/* The place of a key in an open table, or where it would be. */
struct words_entry *words_slot(struct words_entry *table, size_t size,
	    uint64_t key);

/* The group of this name, or -1. */
int	words_find(const struct words *w, const char *name, size_t len);

#endif
