/*
 * boxbroker: the credential broker of one sandbox, a process of its own
 * (agent-sandbox-broker), because it holds secrets and speaks TLS.
 *
 * It is started before the sandbox is made, with the numbers of a socket and
 * of who pays (meter.h) and the rules as arguments, and says there that it has
 * all secrets, or what is missing.  Then it is given the listeners that were
 * made inside, and tells of every request.  It ends when that socket does.
 * The messages, both ways:
 */
#ifndef AGENT_BOXBROKER_H
#define AGENT_BOXBROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "boxreport.h"
#include "boxspec.h"
#include "child.h"
#include "loop.h"
#include "rules.h"
#include "strs.h"

enum {
	BOXBROKER_MAX = 16,	/* rules */
	BOXBROKER_PORT = 3129,	/* the first endpoint's, if it names none */
	BOXBROKER_TEXT = 24576
};

/* To the broker: which rule the descriptor with it is for. */
struct boxbroker_listener {
	uint32_t index;
};

/* From the broker: an object, JSON: {} when it is ready, {"error"}, or
 * {"host","port","method","path","why"} of a request. */

struct boxbroker {
	struct child child;
	int sock;			/* -1: there is none */
	uint16_t ports[BOXBROKER_MAX];
	size_t n;
	struct loop *loop;
	struct boxreport *report;
};

#define BOXBROKER_INIT { .child = CHILD_INIT, .sock = -1 }

/*
 * Checks the rules; adds the endpoints' ports to `spec` and their variables
 * to `env`, and takes the secrets out of that.  ST_USAGE.
 */
int	boxbroker_prepare(struct boxbroker *b, const struct rules *rules,
	    struct box_spec *spec, struct strs *env, struct err *e);

/* Starts it and waits until it has all secrets.  `meter` may be -1. */
int	boxbroker_start(struct boxbroker *b, const struct rules *rules,
	    int meter, struct loop *loop, struct boxreport *report,
	    struct err *e);

/* Whether the listener on that port is an endpoint; then it is passed on. */
bool	boxbroker_takes(struct boxbroker *b, uint16_t port, int fd);

void	boxbroker_release(struct boxbroker *b);

#endif
