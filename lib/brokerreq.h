/*
 * brokerreq: what a client of the credential broker asks for.
 *
 * Reads a request to an endpoint of ours (origin-form only) out of bytes that
 * the command chose, and makes of it what may go on: for the host of the rule
 * alone, without anything by which the command could name another account,
 * another host or another method.
 */
#ifndef AGENT_BROKERREQ_H
#define AGENT_BROKERREQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "inject.h"
#include "strs.h"

struct brokerreq {
	char *method, *target;		/* "POST", "/v1/x?y" */
	size_t path_len;		/* of the target, without the query */
	struct strs headers;		/* "Name: value", to be passed on */
	bool body, chunked;		/* there is one; and how it comes */
	int64_t length;			/* of a body that is not chunked */
	bool waits;			/* for "100 Continue" */
	bool old;			/* HTTP/1.0 */
	size_t used;			/* bytes of the input */
	int status;			/* why it is refused; */
	const char *why;		/* in words */
};

#define BROKERREQ_INIT { .method = NULL }

/*
 * 1 when there is a request that may go on, 0 when there is not all of it,
 * -1 when it is refused.  `port` is that of the endpoint.  To be released in
 * any case.
 */
int	brokerreq_parse(struct brokerreq *r, const struct inject *rule,
	    uint16_t port, const char *data, size_t len);
void	brokerreq_release(struct brokerreq *r);

/* The body of a request, as its length or its chunks frame it. */
struct framing {
	bool chunked;
	enum { FRAME_SIZE, FRAME_DATA, FRAME_AFTER, FRAME_LAST,
	    FRAME_DONE } at;
	uint64_t left;
};

void	framing_start(struct framing *f, const struct brokerreq *r);

/*
 * Moves what there is of the body from `in` to `out`: 1 when it has ended (the
 * rest stays in `in`), 0 when more is to come, -1 when it is malformed.
 */
int	framing_take(struct framing *f, struct buf *in, struct buf *out);

#endif
