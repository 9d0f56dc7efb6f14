/* carry: moves bytes from one socket to another. */
#include "config.h"

#include "carry.h"

#include <errno.h>
#include <sys/socket.h>

#include "alloc.h"

/* Writes what is kept; false when the connection is broken. */
static bool
push(struct carry *c)
{
	while (c->done < c->buf.len) {
		ssize_t n = send(c->to, c->buf.data + c->done,
		    c->buf.len - c->done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->done += (size_t)n;
	}
	/* idle connections keep no memory */
	buf_release(&c->buf);
	c->done = 0;
	if (c->ended && !c->shut) {
		shutdown(c->to, SHUT_WR);
		c->shut = true;
	}
	return true;
}

bool
carry_step(struct carry *c, char *chunk)
{
	ssize_t n, sent = 0;

	if (!push(c))
		return false;
	if (c->buf.len > 0 || c->ended)
		return true;
	n = recv(c->from, chunk, CARRY_CHUNK, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		c->ended = true;
		return push(c);
	}
	sent = send(c->to, chunk, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (sent < 0)
		sent = 0;
	if (sent < n)
		buf_add(&c->buf, chunk + sent, (size_t)(n - sent));
	return true;
}
