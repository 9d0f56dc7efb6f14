/*
 * ttyfilter: what a confined program may do to the terminal of its caller.
 *
 * term.h is for text; this is for programs that draw.  Colours, movement of
 * the cursor, clearing, scrolling and the common modes pass; what sets
 * titles, writes the clipboard, reports to or types into the program that
 * reads the terminal next, or redefines keys does not: OSC, DCS, APC, PM and
 * SOS strings, queries, window operations, resets, C1 controls.
 */
#ifndef AGENT_TTYFILTER_H
#define AGENT_TTYFILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum { TTYFILTER_SEQ_MAX = 64 };

struct ttyfilter {
	bool full_screen;	/* alternate screen, mouse, position query */
	int state;
	char seq[TTYFILTER_SEQ_MAX];
	size_t n;		/* bytes of a sequence that is not complete */
	int missing;		/* of a UTF-8 character */
	bool c1;		/* it begins as a C1 control does */
	bool coloured, moded;	/* what ttyfilter_end() has to undo */
};

/* Appends what may pass of the next piece. */
void	ttyfilter(struct ttyfilter *f, const char *data, size_t len,
	    struct buf *out);

/* What puts the terminal back: colours, cursor, screen, modes. */
void	ttyfilter_end(struct ttyfilter *f, struct buf *out);

#endif
