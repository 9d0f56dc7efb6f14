/*
 * serve: a small HTTP/1.1 server, for loopback.
 *
 * Whole requests in, answers out in pieces of any size and at any time, for
 * any number of connections in one loop.  It never reads more than the limits
 * below; a client that sends what it does not understand gets a 4xx and is
 * let go.
 */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "http.h"

enum {
	SERVE_HEAD_MAX = 64 << 10,
	SERVE_BODY_MAX = 64 << 20,
	SERVE_FIELDS_MAX = 100,
	SERVE_CONNECTIONS_MAX = 512
};

struct serve;
struct serve_conn;

/* Lives until the answer has ended. */
struct serve_request {
	const char *method, *target;	/* "POST", "/v1/x?y" */
	const struct http_field *fields;
	size_t count;
	const char *body;
	size_t body_len;
};

struct serve_events {
	/* answer with the functions below, now or later */
	void (*request)(void *ctx, struct serve_conn *c,
	    const struct serve_request *rq);
	/* the client left before its answer ended; do not use `c` again */
	void (*gone)(void *ctx, struct serve_conn *c);
	/* what was queued has been sent; may be NULL */
	void (*drained)(void *ctx, struct serve_conn *c);
};

/* Listens on 127.0.0.1; port 0 takes any.  Events come from serve_step(). */
int	serve_open(int port, const struct serve_events *events, void *ctx,
	    struct serve **ret, struct err *e);
void	serve_close(struct serve *s);		/* NULL is fine */
int	serve_port(const struct serve *s);

/* To poll for input; then serve_step() does what needs no waiting. */
int	serve_fd(const struct serve *s);
int	serve_step(struct serve *s, struct err *e);

/*
 * An answer: its head (Content-Length, Transfer-Encoding and Connection are
 * ours to set), its body in pieces, its end.  serve_abort() breaks the
 * connection off, so that the client sees an answer that was cut.
 */
void	serve_head(struct serve_conn *c, int status,
	    const struct http_field *fields, size_t count);
void	serve_body(struct serve_conn *c, const char *data, size_t len);
void	serve_end(struct serve_conn *c);
void	serve_abort(struct serve_conn *c);
size_t	serve_queued(const struct serve_conn *c);	/* bytes not sent */

/* The caller's pointer; NULL at each new request. */
void	serve_set(struct serve_conn *c, void *user);
void	*serve_get(const struct serve_conn *c);

#endif
