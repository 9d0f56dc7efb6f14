/*
 * index-format: how a segment is laid out; for the files of index alone.
 *
 * A block is terms in order: bytes shared with the one before (0 at the start
 * of a block), bytes that follow, these, the document frequency, the length
 * of the list, then the list itself, or for one longer than INDEX_SHORT its
 * number.  The directory is the first term of each block, length first.
 */
#ifndef AGENT_INDEX_FORMAT_H
#define AGENT_INDEX_FORMAT_H

#include "index.h"

enum {
	INDEX_SHORT = 48,
	INDEX_BLOCK = 1500,	/* bytes, when a new one is begun */
	INDEX_PAD = 16		/* zeros after a list in memory, so that a
				 * damaged number ends */
};
#define INDEX_LONG INT64_C(0x80000000)

struct index_writer {
	int	(*put)(void *arg, int64_t number, const void *data, size_t len,
		    struct err *e);
	void	*arg;
	struct buf block, dir;
	char	last[WORD_MAX];
	size_t	lastlen;
	int64_t	nblocks, nlists;
};

void	index_put_varint(struct buf *out, uint64_t v);
int	index_writer_add(struct index_writer *w, const char *term, size_t len,
	    uint32_t df, const void *list, size_t list_len, struct err *e);
int	index_writer_finish(struct index_writer *w, struct err *e);
void	index_writer_release(struct index_writer *w);

/* Fills g->first, g->nblocks, g->dir. */
int	index_parse_dir(struct index_segment *g, const void *dir, size_t len);

/* A walk over all terms of one block. */
struct index_cursor {
	const unsigned char *p, *end;
	char	term[WORD_MAX];
	struct index_term t;
};

/* 1 a term, 0 the end, -1 damaged. */
int	index_cursor_next(struct index_cursor *c);

/* A block of the dictionary, kept until the segment is released. */
int	index_block_load(struct index *x, size_t seg, size_t block,
	    const struct index_block **ret, struct err *e);

/* ST_DATA, with what to do about it. */
int	index_damaged(struct index *x, struct err *e);

#endif
