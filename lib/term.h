/*
 * term: text that came from models and tools, on a terminal.
 *
 * Such text may contain what steers a terminal: retitles the window, writes
 * the clipboard, answers as if typed, hides or reorders what is read.  The
 * filter below lets none of it through.  It removes escape sequences (CSI,
 * OSC, DCS, APC, PM, SOS, whether begun with ESC or with a C1 control) whole,
 * shows other control characters as ^X, and puts U+FFFD in the place of
 * invalid UTF-8 and of characters that reorder or hide text (bidirectional
 * controls, tags, line separators).  A sequence that does not end is dropped
 * up to the end of its line, so it cannot swallow what follows.
 *
 * State is kept from piece to piece: a sequence or a character may be cut
 * anywhere.
 */
#ifndef AGENT_TERM_H
#define AGENT_TERM_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum {
	TERM_SGR = 1,		/* colours (CSI ... m) pass, concealment not */
	TERM_ONELINE = 2,	/* white space of any kind and amount becomes
				 * one space; none at the beginning */
	TERM_ASCII = 4		/* characters beyond ASCII become '?' */
};

enum { TERM_PARAMS_MAX = 48 };

struct term_filter {
	int flags;
	int state;
	char params[TERM_PARAMS_MAX];	/* of a CSI sequence */
	size_t nparams;
	size_t swallowed;		/* of a string; it has a limit */
	uint32_t code, min;		/* a character that is not complete */
	int missing;
	bool coloured;			/* a colour is on */
	bool cr;			/* a carriage return came last */
	bool space;			/* ONELINE: a space is due, */
	bool begun;			/* and there is text before it */
};

void	term_filter_init(struct term_filter *f, int flags);

/* Appends what is harmless of the next piece. */
void	term_filter(struct term_filter *f, const char *s, size_t len,
	    struct buf *out);

/* What is incomplete becomes U+FFFD or nothing; colours are switched off. */
void	term_filter_end(struct term_filter *f, struct buf *out);

/* All three for a text that is there as a whole. */
void	term_clean(const char *s, size_t len, int flags, struct buf *out);

/* Where text goes. */
struct term {
	bool tty;
	bool colour;
	bool ascii;		/* the locale says that it knows no UTF-8 */
	int columns;		/* 0: as many as one likes (no terminal) */
	locale_t locale;	/* that knows how wide characters are */
};

#define TERM_INIT { .locale = (locale_t)0 }

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

/*
 * Looks at the descriptor and the environment.  Colours are on with
 * TERM_ALWAYS, or with TERM_AUTO on a terminal whose TERM is neither unset
 * nor "dumb" unless NO_COLOR is set.
 */
void	term_open(struct term *t, int fd, enum term_when colour);
void	term_close(struct term *t);

/* "auto", "always", "never": 0, or -1. */
int	term_parse_when(const char *word, enum term_when *ret);

/* Asks the terminal how wide it is now; after SIGWINCH, say. */
void	term_resize(struct term *t, int fd);

/* Columns that clean text of one line takes. */
size_t	term_width(const struct term *t, const char *s, size_t len);

/*
 * How many bytes fit into `columns`, in whole characters with what combines
 * with them; and the width of these.
 */
size_t	term_fit(const struct term *t, const char *s, size_t len,
	    size_t columns, size_t *ret_width);

/*
 * Appends the text, cut with an ellipsis when it is too wide, at its end or
 * at its beginning; its width.
 */
size_t	term_cut(const struct term *t, const char *s, size_t len,
	    size_t columns, struct buf *out);
size_t	term_cut_front(const struct term *t, const char *s, size_t len,
	    size_t columns, struct buf *out);

#endif
