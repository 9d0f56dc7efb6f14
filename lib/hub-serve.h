/*
 * hub-serve: the other end of the socket that a sandbox was given.
 *
 * The socket says whose it is, not the one who writes to it: all that comes
 * through is done in the name of `identity`, an address.  It may send where
 * agents.yaml lets it, take from its own mailbox and from the queues that
 * agents.yaml lets it send to, settle what it took there, ask at gates and
 * look at its own questions.  It cannot answer a gate, see another's
 * messages, or touch the hub otherwise.
 *
 * Each connection has a process of its own, which ends with it; so what is
 * parsed for one cannot disturb another, and the leases of a sandbox end
 * with the sandbox.
 */
#ifndef AGENT_HUB_SERVE_H
#define AGENT_HUB_SERVE_H

#include "err.h"
#include "workspace.h"

enum { HUB_SERVE_MAX = 32 };	/* connections at a time */

/*
 * Serves those that connect to `listener`, a socket that listens, until
 * `*stop`.  0, or -1.
 */
int	hub_serve(const struct workspace *w, const char *identity,
	    int listener, const volatile int *stop, struct err *e);

/* One connection, until it ends; what hub_serve() has processes for. */
int	hub_serve_one(const struct workspace *w, const char *identity, int fd,
	    const volatile int *stop, struct err *e);

#endif
