/* Hostile bytes for the HTTP server, in two pieces, over a real socket. */
#include "config.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "alloc.h"
#include "serve.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
on_request(void *ctx, struct serve_conn *c, const struct serve_request *rq)
{
	static const struct http_field bad = { "X-Echo", "a\r\nb: c" };

	(void)ctx;
	serve_head(c, rq->body_len % 3 ? 200 : 204, &bad, 1);
	serve_body(c, rq->body, rq->body_len);
	if (rq->count % 2)
		serve_end(c);
	else
		serve_abort(c);
}

static void
on_gone(void *ctx, struct serve_conn *c)
{
	(void)ctx;
	(void)c;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct serve_events events = { on_request, on_gone, NULL };
	static struct serve *s;
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger now = { 1, 0 };
	struct err e = ERR_INIT;
	size_t half = len ? data[0] % (len + 1) : 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!s && serve_open(0, &events, NULL, &s, &e) < 0)
		abort();
	sa.sin_port = htons((uint16_t)serve_port(s));
	/* no port stays occupied behind it */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		abort();
	serve_step(s, &e);
	if (half > 0 && send(fd, data, half, MSG_NOSIGNAL) >= 0)
		serve_step(s, &e);
	if (len > half && send(fd, data + half, len - half, MSG_NOSIGNAL) >= 0)
		serve_step(s, &e);
	close(fd);
	serve_step(s, &e);
	serve_step(s, &e);
	return 0;
}
