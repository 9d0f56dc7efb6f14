/*
 * memory-doc: documents: files, cut into parts that are notes.
 *
 * A file is known by its absolute path.  One whose size and time are those
 * that were seen is not read again; one whose digest is the same is not cut
 * again; of one that has changed, the parts that are the same keep their ids.
 */
#ifndef AGENT_MEMORY_DOC_H
#define AGENT_MEMORY_DOC_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "memory.h"

enum doc_result {
	DOC_UNCHANGED, DOC_ADDED, DOC_CHANGED, DOC_GONE,
	DOC_SKIPPED		/* binary, or no regular file */
};

struct doc_options {
	const char *tags;	/* of each part; a JSON array, or NULL */
	const char *source;
	bool whole;		/* one part, as long as it may be */
};

/*
 * Brings a file into the memory; one that is not there is taken out of it.
 * Begins and commits by itself, several times for a large one: after a crash
 * such a file is read again.
 */
int	doc_add(struct memory *m, const char *path,
	    const struct doc_options *o, enum doc_result *ret, struct err *e);

/* Takes a document, or all below a directory, out: how many. */
int64_t	doc_remove(struct memory *m, const char *path, struct err *e);

/*
 * Takes out documents whose file has gone though its directory is there; all
 * that have gone with `all`.  How many.
 */
int64_t	doc_sweep(struct memory *m, bool all, struct err *e);

#endif
