/*
 * chunk: cuts a document into parts that can be found and shown alone.
 *
 * A part ends where the text has a seam: before a heading of Markdown, before
 * a definition in code, at an empty line, between records; the better the
 * seam, the sooner.  Parts of prose begin with the last line of the part
 * before, so that a thought that was cut is whole in one of them.
 */
#ifndef AGENT_CHUNK_H
#define AGENT_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct chunk_part {
	const char *text;	/* points into the document */
	size_t len;
	int64_t line, last_line;	/* from 1 */
};

/* Whether it looks like something else than text: a NUL near the start. */
int	chunk_is_binary(const char *text, size_t len);

/*
 * Calls `fn` for each part in order until it returns nonzero, which is then
 * the result.  `path` tells the kind by its end: records, Markdown, code.
 */
int	chunk_document(const char *path, const char *text, size_t len,
	    int (*fn)(void *arg, const struct chunk_part *part, struct err *e),
	    void *arg, struct err *e);

#endif
