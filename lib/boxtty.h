/*
 * boxtty: our terminal while a confined command has one of its own.
 *
 * The command's terminal is made inside; its other side comes out.  Ours is
 * put into raw mode, so that all keys, Ctrl-C too, go in as they are, and
 * back at the end.  The caller's terminal itself is never inside.
 */
#ifndef AGENT_BOXTTY_H
#define AGENT_BOXTTY_H

#include <stdbool.h>
#include <termios.h>

#include "boxspec.h"
#include "loop.h"
#include "relay.h"
#include "ttyfilter.h"

struct boxtty {
	bool wanted;
	bool raw;		/* `saved` must be put back */
	struct termios saved;
	int master;		/* -1: not there yet */
	struct ttyfilter filter;
};

#define BOXTTY_INIT { .master = -1 }

/* The size of ours, for the new one. */
void	boxtty_size(struct box_spec *spec);

/* The other side of the command's has come: takes it over, starts both ways. */
int	boxtty_start(struct boxtty *t, struct loop *l, int master,
	    struct relay *in, struct relay *out, struct err *e);

/* Ours has another size. */
void	boxtty_resized(const struct boxtty *t);

/* Puts ours back as it was. */
void	boxtty_end(struct boxtty *t);

#endif
