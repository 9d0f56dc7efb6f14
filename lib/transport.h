/*
 * transport: what carries a request to a model and its answer back.
 *
 * Three kinds have the same shape: the network (http.h), a recording
 * (replay.h) and a program (exec.h).  Each takes the requests and gives the
 * events of http.h, and is driven by the loop of model.c.
 */
#ifndef AGENT_TRANSPORT_H
#define AGENT_TRANSPORT_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"
#include "http.h"

struct transport_ops {
	const char *scheme;	/* what a base starts with: "http", "replay:" */
	void *(*create)(size_t connections, struct err *e);
	/* `target` is the base of the model: the file, the command. */
	void *(*start)(void *t, const char *target,
	    const struct http_request *rq, const struct http_events *events,
	    void *ctx, struct err *e);
	void (*cancel)(void *call);
	void (*progress)(void *call);
	void (*limit)(void *call, struct deadline until);
	int (*fd)(const void *t);	/* to poll for input; -1: none */
	struct deadline (*due)(const void *t);	/* step then at the latest */
	int (*step)(void *t, struct err *e);	/* what needs no waiting */
	void (*release)(void *t);
};

/* `self` is the struct http, replay... that ops work on. */
struct transport {
	const struct transport_ops *ops;
	void *self;
};

/*
 * The transport that `base` (of struct model) asks for, by its scheme; `self`
 * is a new one.  ST_CONFIG when there is no such scheme.
 */
int	transport_new(const char *base, size_t connections,
	    struct transport *ret, struct err *e);

/* Whether a transport made for one base serves the other too. */
bool	transport_serves(const struct transport *t, const char *base);

#endif
