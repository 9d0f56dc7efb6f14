/*
 * tape: standing between a client and the servers of models, to record what
 * they say to each other, or to say it again.
 *
 * A listener on loopback, and a command in whose environment the variables
 * that clients look for (tape.c has the table) lead to it.
 */
#ifndef AGENT_TAPE_H
#define AGENT_TAPE_H

#include <stdbool.h>

#include "err.h"

struct tape_options {
	const char *file;	/* the recording */
	const char *to;		/* record: the one server; NULL: by the table */
	int port;		/* 0: any */
	bool loose;		/* play: take what is most like, too */
	double speed;		/* play: 1 as recorded, 2 twice as fast;
				 * 0 at once */
	const char *const *argv;	/* the command; NULL: until stopped */
	const volatile int *stop;
};

/*
 * Until the command has ended, or a signal came: its exit status, or the
 * failure.  Requests that were not recorded are answered with 404, told on
 * stderr, and ST_PROTOCOL in the end.
 */
int	tape_record(const struct tape_options *o, int *ret_status,
	    struct err *e);
int	tape_play(const struct tape_options *o, int *ret_status,
	    struct err *e);

#endif
