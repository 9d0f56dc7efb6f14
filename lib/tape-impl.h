/* tape-impl: what the two ways of running a tape share: tape.c. */
#ifndef AGENT_TAPE_IMPL_H
#define AGENT_TAPE_IMPL_H

#include "clock.h"
#include "serve.h"
#include "tape.h"

/* Where a client's requests for a vendor are from and go to. */
struct tape_route {
	const char *env;	/* the variable that leads a client here */
	const char *prefix;	/* of the paths that it then asks for */
	const char *upstream;	/* where they go unless the variable is set */
	const char *key_env;	/* without which a client asks nothing */
	bool bare;		/* the variable holds host:port, no URL */
};

extern const struct tape_route tape_routes[];	/* env NULL at the end */

/* The route that a path falls under; the last one takes all. */
const struct tape_route *tape_route_of(const char *path);

/* One side of the loop besides the listener. */
struct tape_loop {
	struct serve *serve;
	int fd;				/* to poll for input; -1 */
	void *ctx;
	struct deadline (*due)(void *ctx);
	int (*step)(void *ctx, struct err *e);
	bool (*busy)(void *ctx);	/* not to be ended yet */
};

/* Sets the variables for the command. */
void	tape_lead_here(const struct tape_options *o, int port);

/* Runs the command, or waits to be stopped. */
int	tape_run(const struct tape_options *o, struct tape_loop *loop,
	    int *ret_status, struct err *e);

#endif
