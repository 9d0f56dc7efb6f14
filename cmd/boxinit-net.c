/* boxinit-net: sockets made in the network namespace of the sandbox. */
#include "config.h"

#include "boxinit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int
listen_on(uint32_t address, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr.s_addr = htonl(address) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		init_fail("cannot make a socket inside");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(fd, 1024) < 0)
		init_fail("cannot listen inside");
	return fd;
}

static uint32_t
bound_port(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		init_fail("cannot tell a port inside");
	return ntohs(sin.sin_port);
}

/*
 * Sockets belong to the namespace in which they were made, so what the
 * parent accepts on these comes from inside; there is nothing in between
 * that the command could attack.
 */
void
init_listen(void)
{
	struct sockaddr_in dns = { .sin_family = AF_INET,
	    .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (init_spec.listen & BOX_LISTEN_PROXY) {
		int fd = listen_on(INADDR_LOOPBACK,
		    (uint16_t)init_spec.proxy_port);
		init_give(BOX_LISTENER, BOX_LISTEN_PROXY, bound_port(fd), fd);
	}
	if (init_spec.listen & BOX_LISTEN_PLAIN) {
		init_give(BOX_LISTENER, BOX_LISTEN_PLAIN, 80,
		    listen_on(INADDR_ANY, 80));
		init_give(BOX_LISTENER, BOX_LISTEN_PLAIN, 443,
		    listen_on(INADDR_ANY, 443));
	}
	if (init_spec.listen & BOX_LISTEN_DNS) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&dns,
		    sizeof(dns)) < 0)
			init_fail("cannot answer names inside");
		init_give(BOX_LISTENER, BOX_LISTEN_DNS, 53, fd);
	}
	for (uint32_t i = 0; i < init_spec.nports && i < BOX_PORTS_MAX; i++)
		init_give(BOX_PLAIN_PORT, 0, init_spec.ports[i],
		    listen_on(INADDR_LOOPBACK, init_spec.ports[i]));
}

/* A connection to a server inside, made here and passed out: --publish. */
void
init_connect(const struct box_msg *m)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)m->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons((uint16_t)m->port),
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(AF_INET, type, 0);
	struct box_msg refused = { .type = BOX_REFUSED, .value = m->value };

	if (fd >= 0 && (connect(fd, (struct sockaddr *)&sin,
	    sizeof(sin)) == 0 || errno == EINPROGRESS)) {
		init_give(BOX_CONNECTED, m->value, m->port, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	fd = socket(AF_INET6, type, 0);
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&sin6,
	    sizeof(sin6)) == 0 || errno == EINPROGRESS)) {
		init_give(BOX_CONNECTED, m->value, m->port, fd);
		return;
	}
	refused.port = (uint32_t)errno;
	if (fd >= 0)
		close(fd);
	init_tell(&refused, -1);
}
