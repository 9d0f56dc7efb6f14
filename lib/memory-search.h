/*
 * memory-search: finds notes by words, time, tags and, with vectors, meaning.
 *
 * A query is a question, some words, or either with: "a phrase", +must, -not,
 * begin*, tag:T, author:A, source:S, since:TIME, until:TIME.  Nothing in it
 * is an error: what makes no sense as syntax is looked for as words.
 *
 * Words count by BM25; forms of a word count as the word, a synonym
 * (synonyms.h) for less, and a word that no note has is replaced by those
 * that it was most likely meant to be.  A note that replaces another comes
 * before it, unless the query asks for what was before.
 */
#ifndef AGENT_MEMORY_SEARCH_H
#define AGENT_MEMORY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "memory.h"

/* Which notes; members that are NULL or 0 do not matter. */
struct memory_filter {
	const char *const *tags;	/* all of these */
	size_t ntags;
	const char *author, *source;
	const char *path;		/* a document, or a directory */
	int64_t since, until;		/* ms; since <= time < until */
	bool documents, notes;		/* these alone */
	bool superseded;		/* list: also those */
	bool expired;			/* also those */
};

struct memory_search {
	const char *text;
	struct memory_filter filter;
	size_t limit;
	bool all;			/* every word must be there */
	bool exact;			/* no synonyms, no correction */
	const char *const *synonyms;	/* files; may not be there */
	size_t nsynonyms;
	const float *vector;		/* of the text; or NULL */
	size_t dim;
	const char *model;
};

/* Where a word of the query stands in the text, in bytes. */
struct memory_span {
	size_t start, end;
};

struct memory_hit {
	struct memory_note note;
	struct memory *memory;		/* where it is from */
	double score;
	double words;		/* what the words gave, before the rest */
	int word_rank, vector_rank;	/* from 1; 0: not found that way */
	bool superseded;
	char *why;		/* a JSON object; NULL unless asked for */
	struct memory_span *span;
	size_t nspans;
};

struct memory_hits {
	struct memory_hit *hit;
	size_t n;
	char *changed;		/* "acount → account", or NULL */
};

#define MEMORY_HITS_INIT { 0 }

int	memory_search(struct memory *m, const struct memory_search *s,
	    bool explain, struct memory_hits *ret, struct err *e);
/* Adds the hits of another memory; the best `limit` stay, in their order. */
void	memory_hits_join(struct memory_hits *h, struct memory_hits *more,
	    size_t limit);
void	memory_hits_release(struct memory_hits *h);
#define AUTO_HITS __attribute__((cleanup(memory_hits_release)))

#endif
