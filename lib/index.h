/*
 * index: an inverted index in two plain tables of a store.
 *
 * Documents have numbers that only grow.  The index is a list of segments,
 * each of which covers a range of numbers and is never changed: a new one is
 * made of the documents after the last, and neighbours are merged, which is
 * copying, since their ranges do not overlap.  What a document becomes after
 * an edit gets a new number; the old number is dead, and the one who searches
 * passes the dead ones.
 *
 * A segment is a row of `index_segment` and rows of `index_data`: blocks of a
 * sorted dictionary (front-coded terms, each with its document frequency and
 * a short list of postings, or the number of a row that holds a long one).
 * A posting is the distance to the document before (LEB128) and one byte:
 * the term's BM25 weight in that document without idf, the length
 * normalisation included, so that a search reads nothing but postings.
 *
 * index_segment(id integer primary key, base, span, docs, words, dir)
 * index_data(id integer primary key, data), id = segment << 32 | number;
 * numbers of long lists have bit 31 set.
 */
#ifndef AGENT_INDEX_H
#define AGENT_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "store.h"
#include "lexis.h"

/* The two constants of BM25; `b` is for short texts, which notes are. */
#define INDEX_K1 1.0
#define INDEX_B 0.5

enum { INDEX_WEIGHT_ONE = 255 };	/* the byte for K1 + 1, the most */

/* Making a segment in memory. */
struct index_builder;

/* `average` is the usual number of words of a document. */
struct index_builder *index_builder_new(double average);
void	index_builder_free(struct index_builder *b);

/* A document, by rising number, between begin and end: words from text (a
 * weight of 1 each, less for what is beside the text), and exact terms to
 * filter by. */
void	index_builder_begin(struct index_builder *b, int64_t number);
void	index_builder_text(struct index_builder *b, const char *text,
	    size_t len, double weight);
void	index_builder_mark(struct index_builder *b, const char *term,
	    size_t len);
void	index_builder_end(struct index_builder *b);
size_t	index_builder_docs(const struct index_builder *b);

struct index_block {
	unsigned char *data;
	size_t len;
};

/* A segment: of the store, or what a builder held. */
struct index_segment {
	int64_t id;			/* 0: in memory only */
	int64_t base;			/* the first number it may hold */
	int64_t span;			/* numbers that it covers */
	int64_t docs;
	int64_t words;			/* in all documents */
	size_t nblocks;
	struct index_block *first;	/* first term of each block */
	struct index_block *blocks;	/* as read so far */
	struct index_block *lists;	/* in memory only: long lists */
	size_t nlists;
	unsigned char *dir;		/* what `first` points into */
};

void	index_segment_release(struct index_segment *g);

/* Ends a builder into a segment in memory; the builder is freed. */
void	index_finish(struct index_builder *b, struct index_segment *ret);

/* All segments of the store, in order of their numbers. */
struct index {
	struct store *store;
	struct index_segment *seg;
	size_t n, cap;
	int64_t next;			/* the first number not covered */
	int64_t docs, words;
};

int	index_open(struct store *s, struct index *ret, struct err *e);
void	index_release(struct index *x);

/* Adds a segment that is in memory, for this process alone. */
void	index_add_memory(struct index *x, struct index_segment *g);

/* In a transaction: writes a segment that is in memory, and merges. */
int	index_write(struct index *x, struct index_segment *g, struct err *e);

/* In a transaction: merges everything into one segment. */
int	index_merge_all(struct index *x, struct err *e);

/* A term of the dictionary, as a walk over it meets them, in order. */
struct index_term {
	const char *text;
	size_t len;
	uint32_t df;
	const unsigned char *list;	/* postings, when short */
	size_t list_len;
	int64_t list_id;		/* or where they are; -1 */
};

/*
 * Calls `fn` for each term of a segment that starts with `prefix` until it
 * returns nonzero.  0, or -1.
 */
int	index_walk(struct index *x, size_t seg, const char *prefix, size_t len,
	    int (*fn)(void *arg, const struct index_term *t), void *arg,
	    struct err *e);

/* Postings of a term, copied; the caller frees. */
int	index_list(struct index *x, size_t seg, const struct index_term *t,
	    unsigned char **ret, size_t *ret_len, struct err *e);

/* One number of a list. */
static inline const unsigned char *
index_varint(const unsigned char *p, uint64_t *ret)
{
	uint64_t v = *p & 0x7F;

	/* no more than ten bytes, also of damaged ones */
	for (int shift = 7; *p++ & 0x80 && shift < 64; shift += 7)
		v |= (uint64_t)(*p & 0x7F) << shift;
	*ret = v;
	return p;
}

/* Whether every list and block of the store can be walked; ST_DATA. */
int	index_check(struct index *x, struct err *e);

#endif
