/*
 * memory-vector: notes by the meaning that an embedding model gave them.
 *
 * A vector is kept as half-precision floats beside its note, and, for the
 * scan, as one byte a dimension in blocks of 256 vectors; the best of the
 * scan are scored again exactly.  For many there is a derived file as well
 * (vector-file.h).  Models are told apart by name and dimension; a note has
 * the vector of one.
 */
#ifndef AGENT_MEMORY_VECTOR_H
#define AGENT_MEMORY_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

struct vector_hit {
	int64_t n;		/* the note's row */
	float score;		/* cosine */
};

/* In a transaction: the vector of a note. */
int	vector_put(struct memory *m, int64_t n, const char *model,
	    const float *v, size_t dim, struct err *e);

/* The nearest `limit` rows, best first. */
int	vector_search(struct memory *m, const char *model, const float *v,
	    size_t dim, struct vector_hit *out, size_t limit, size_t *ret_n,
	    struct err *e);

/* Rows after `after`, oldest first, that have no vector of that model. */
int	vector_missing(struct memory *m, const char *model, int64_t after,
	    size_t limit, int (*fn)(void *arg, int64_t n, const char *text,
	    size_t len, struct err *e), void *arg, struct err *e);

/*
 * Up to which row all notes were given to that model; 0 for another model
 * than the last one.  vector_set_upto() is used in a transaction.
 */
int	vector_upto(struct memory *m, const char *model, int64_t *ret,
	    struct err *e);
int	vector_set_upto(struct memory *m, const char *model, int64_t n,
	    struct err *e);
/* The model that was given the last notes, which the caller frees; NULL. */
char	*vector_last_model(struct memory *m);

/* In a transaction: blocks of what there is now, without what has gone. */
int	vector_rebuild(struct memory *m, struct err *e);

/* Outside of a transaction, after many: brings derived files up to date. */
int	vector_settle(struct memory *m, struct err *e);

#endif
