/*
 * memory-markdown: notes as a Markdown file, there and back.
 *
 *	## 01JD... 2026-03-01 #deploy #infra
 *
 *	Deploys go through bastion-2.
 *
 * A note is a heading of level 2 with its id, its day and its tags, then its
 * text.  A heading without an id and a day begins a new note, of which it is
 * the first line but for the tags at its end.  A line of the text that looks
 * like such a heading has a backslash before it.  What stands before the
 * first heading is not a note.
 */
#ifndef AGENT_MEMORY_MARKDOWN_H
#define AGENT_MEMORY_MARKDOWN_H

#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "memory.h"

void	markdown_write(const struct memory_note *note, struct buf *out);

/*
 * Calls `fn` for each note of a text: its id when the heading has one, text
 * and tags.  It stops with nonzero, which is then the result.
 */
int	markdown_read(const char *text, size_t len,
	    int (*fn)(void *arg, struct memory_note *note, struct err *e),
	    void *arg, struct err *e);

#endif
