/*
 * memory-mirror: a memory in step with a Markdown file, both ways.
 *
 * The file has the notes (not documents, nothing replaced or expired) as
 * memory-markdown.h writes them, and at its end a line
 *
 *	<!-- agent-mem 7 -->
 *
 * with a number that grows each time we write the file: it says that the
 * file is whole, and what whoever edited it had before them.  What a person
 * changed, added or took out comes into the memory; what was changed
 * there since goes into the file.  Where both did, both stay: the memory's
 * under its id, the person's as a note of its own.  A section that is missing
 * is taken as deleted only if the file says that it is whole and that the
 * section was in what was edited.  What nobody changed stays in the file as
 * it is, byte for byte.
 *
 * All is one transaction that ends after the file was replaced as a whole:
 * whoever is killed meanwhile has the file's side in the file and the
 * memory's in the memory, and the next time puts them together.
 */
#ifndef AGENT_MEMORY_MIRROR_H
#define AGENT_MEMORY_MIRROR_H

#include <stdint.h>

#include "err.h"
#include "memory.h"

struct mirror {
	const char *person;		/* who edits the file */
	void (*say)(void *arg, const char *what);	/* of conflicts */
	void *arg;
	/* what was done */
	int64_t added, changed, removed;	/* in the memory */
	int64_t written, dropped;		/* sections of the file */
	int64_t conflicts;
};

/*
 * Makes the file when it is not there.  ST_DATA when it is not UTF-8 text,
 * ST_TEMPFAIL when somebody writes it again and again.
 */
int	mirror_sync(struct memory *m, const char *path, struct mirror *k,
	    struct err *e);

#endif
