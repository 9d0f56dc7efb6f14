/*
 * memory-markdown: notes as a Markdown file, there and back.
 *
 *	## 01JD... 2026-03-01 #deploy #infra
 *
 *	Deploys go through bastion-2.
 *
 * A note is a heading of level 2 with its id, its day and its tags, then its
 * text.  A heading that a person wrote is the first line of a note, but for
 * the tags at its end and, after these, "<!-- ID -->" when the note has an id
 * already; without one it is a new note.  A line of the text that looks like
 * a heading has a backslash before it; in a fenced block only a heading with
 * an id is one.  What stands before the first heading is not a note.
 */
#ifndef AGENT_MEMORY_MARKDOWN_H
#define AGENT_MEMORY_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "memory.h"

void	markdown_write(const struct memory_note *note, struct buf *out);

/* A note as it stands in a file. */
struct markdown_section {
	const char *raw;		/* from its heading to the next */
	size_t len;
	struct memory_note note;	/* id, text, tags; text is NULL when
					 * there is none */
	bool titled;			/* the heading is a person's */
};

#define MARKDOWN_SECTION_INIT { .note = MEMORY_NOTE_INIT }

void	markdown_section_release(struct markdown_section *s);
#define AUTO_SECTION __attribute__((cleanup(markdown_section_release)))

/* Where the first heading is, or `end`. */
const char *markdown_first(const char *p, const char *end);

/* The section at `*at`, which then is the next one's start; 0 at the end. */
int	markdown_next(const char **at, const char *end,
	    struct markdown_section *ret);

/* A section anew, with a person's heading as long as it fits the note. */
void	markdown_rewrite(const struct markdown_section *was,
	    const struct memory_note *now, struct buf *out);

/* A person's heading with the id that its note got; the rest as it was. */
void	markdown_entitle(const struct markdown_section *s, const char *id,
	    struct buf *out);

/* Calls `fn` for each note of a text that is not empty.  It stops with
 * nonzero, which is then the result. */
int	markdown_read(const char *text, size_t len,
	    int (*fn)(void *arg, struct memory_note *note, struct err *e),
	    void *arg, struct err *e);

#endif
