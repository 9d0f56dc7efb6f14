/*
 * proxyreq: what a client of the sandbox's proxy asks for.
 *
 * Reads the head of an HTTP/1.x proxy request (CONNECT, or an absolute URI)
 * or a SOCKS5 greeting and request out of bytes that the command chose.
 * Strict: what two readers could understand in two ways is refused.
 */
#ifndef AGENT_PROXYREQ_H
#define AGENT_PROXYREQ_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "netrules.h"

enum proxyreq_kind {
	PROXYREQ_MORE,		/* not all of it is there yet */
	PROXYREQ_BAD,		/* `status` says why */
	PROXYREQ_CONNECT,
	PROXYREQ_HTTP,		/* `head` is what to send to the host */
	PROXYREQ_LOCAL,		/* origin-form: a request to ourselves */
	PROXYREQ_GREETING,	/* SOCKS5: answer with the chosen method */
	PROXYREQ_SOCKS		/* SOCKS5: CONNECT */
};

struct proxyreq {
	enum proxyreq_kind kind;
	int status;		/* of an HTTP answer; SOCKS5: reply code */
	size_t used;		/* bytes of the input that it took */
	bool socks;
	bool method_ok;		/* PROXYREQ_GREETING: "no authentication" */
	struct nethost host;
	struct buf head;	/* PROXYREQ_HTTP */
};

/* `greeted`: a SOCKS5 greeting was answered already on this connection. */
void	proxyreq_parse(struct proxyreq *r, const char *data, size_t len,
	    bool greeted);
void	proxyreq_release(struct proxyreq *r);

#endif
