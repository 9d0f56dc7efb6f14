/*
 * sse: server-sent events, out of bytes that come in any pieces.
 *
 * As the HTML standard has it: CR, LF and CRLF end a line, also when split
 * between two pieces; a byte order mark at the start is skipped; a line that
 * starts with ':' is a comment (a keep-alive); `data` lines of one event are
 * joined by LF; an empty line ends the event; one without data is none.
 * Against the standard, an event that the end of the stream cuts off from its
 * empty line is still given: servers forget the last newline, and losing the
 * last chunk is worse.  `id` and `retry` are of no use to us.
 *
 * Bytes are passed on as they are: a UTF-8 sequence is never split, since an
 * event is given only when it is whole.
 */
#ifndef AGENT_SSE_H
#define AGENT_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

enum { SSE_EVENT_MAX = 64 << 20 };	/* bytes; beyond: ST_PROTOCOL */

/*
 * `type` is the event field, "" when there was none; `data` is
 * NUL-terminated.  Both live until it returns.  0, or -1 to end sse_feed().
 */
struct sse_handler {
	int (*event)(void *ctx, const char *type, const char *data, size_t len,
	    struct err *e);
	void *ctx;
};

struct sse {
	struct buf line;	/* the part of a line that has come */
	struct buf data;
	struct buf type;
	bool has_data;
	bool after_cr;		/* an LF now belongs to the CR before */
	bool started;		/* past where a byte order mark may be */
};

#define SSE_INIT { 0 }

void	sse_release(struct sse *s);

/* Gives the events that `data` completes.  0, or -1. */
int	sse_feed(struct sse *s, const char *data, size_t len,
	    const struct sse_handler *h, struct err *e);

/* The stream has ended: gives the event that was not ended, if any. */
int	sse_end(struct sse *s, const struct sse_handler *h, struct err *e);

#endif
