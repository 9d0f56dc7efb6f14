/*
 * clean: text of others made harmless for a terminal.
 *
 * What a model, a tool or a file says may contain escape sequences that
 * recolour, retitle, overwrite or answer back.  Each control character but
 * newline and tab becomes '?' (carriage return before a newline goes), so do
 * the C1 controls (U+0080 to U+009F) and the characters that reorder text
 * (U+202A to U+202E, U+2066 to U+2069).  Everything else passes unchanged,
 * invalid UTF-8 too.
 */
#ifndef AGENT_CLEAN_H
#define AGENT_CLEAN_H

#include <stddef.h>

#include "buf.h"

/* For text that comes in pieces: what a cut left undecided. */
struct clean {
	char kept[3];
	size_t n;
};

#define CLEAN_INIT { 0 }

/* Appends what is decided of the text so far to `out`. */
void	clean_feed(struct clean *c, const char *s, size_t len,
	    struct buf *out);

/* The text has ended: appends the rest. */
void	clean_end(struct clean *c, struct buf *out);

/* A whole text at once. */
void	clean_text(const char *s, size_t len, struct buf *out);

#endif
