/*
 * words-impl: what reading the list, mapping its compiled form and reading
 * texts through it share.
 *
 * Groups, entries and bearings have no pointers and a fixed size: they are
 * written to a file and mapped as they are (words-map.c).  What such a file
 * says is not believed: words_entry() and words_group_at() keep what comes
 * out of it within bounds.
 */
#ifndef AGENT_WORDS_IMPL_H
#define AGENT_WORDS_IMPL_H

#include "fold.h"
#include "words.h"

enum {
	GROUPS_MAX = 1000,
	GROUP_NAME = 24,
	PARENTS_MAX = 4,
	LISTED_MAX = 6,			/* groups that one word is listed in */
	CACHE_SIZE = 1 << 13		/* words remembered */
};

enum words_kind { WHOLE = 1, PREFIX, PHRASE, GROUP, ASKED, WRITTEN };

struct words_group {
	char name[GROUP_NAME];
	uint8_t act, amount, trade;
	uint8_t nparents;
	uint16_t parents[PARENTS_MAX];
};

struct words_entry {
	uint64_t key;			/* 0: free */
	uint16_t listed[LISTED_MAX];
	uint8_t n;
	uint8_t weak;			/* bits: half the weight */
	uint8_t pad[2];
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
	struct words_bearing *bearings;
	size_t nbearings, nplaces;	/* nplaces is a power of 2 or 0 */
	double scale;			/* of a product of two bearings */
	double heavy_scale;
	size_t longest;			/* bytes of a beginning */
	size_t phrase_max;		/* words of a phrase */
	size_t stop, common;		/* groups of words that say nothing, or
					 * little */
	struct words_cached *cache;
	void *map;			/* all of the above is in it, or NULL */
	size_t map_len;
};

/* The place of a key in an open table, or where it would be; any in a full
 * table that has it not, which none of ours is. */
struct words_entry *words_slot(struct words_entry *table, size_t size,
	    uint64_t key);

/* The group of this name, or -1. */
int	words_find(const struct words *w, const char *name, size_t len);

/* As fold_split(), at once for what needs no folding: most of any list. */
size_t	words_split(const char *s, size_t len, char *buf, size_t size,
	    struct fold_word *ret, size_t max);

#endif
