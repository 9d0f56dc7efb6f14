/*
 * vector-file: the blocks of vectors of a memory in one file to map.
 *
 * Reading blobs through SQLite copies them page by page; a million vectors
 * are found four times faster in a file that is mapped.  It is derived from
 * the blocks: NAME-vec.MODEL may be removed at any time, is replaced as a
 * whole, and is not used when it does not fit the database beside it.
 *
 * A header, and from 2 MiB on the bytes of the vectors, then the scales, then
 * the rows of the notes.  It is written in large pieces, so that the page
 * cache keeps it in large folios, which are mapped at once.
 */
#ifndef AGENT_VECTOR_FILE_H
#define AGENT_VECTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "memory.h"

enum { VECTOR_BLOCK = 256 };	/* vectors of a block in the database */

struct vector_file {
	void *map;
	size_t size;
	size_t n, pad;
	int64_t last_block;	/* the newest block that it has */
	const int8_t *data;
	const float *scale;
	const int64_t *row;
};

/* Whether there is one that fits. */
bool	vector_file_open(struct memory *m, int64_t model, size_t pad,
	    struct vector_file *ret);
void	vector_file_close(struct vector_file *f);

/* Writes it, when there are many vectors and it lacks many of them. */
int	vector_file_update(struct memory *m, int64_t model, size_t pad,
	    struct err *e);

#endif
