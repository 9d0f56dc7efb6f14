/*
 * proxy: the way of a sandbox to the hosts that it may reach.
 *
 * Runs outside, in the parent's loop, on listeners that were made inside.
 * The command connects to it, by HTTP CONNECT, an absolute URI, SOCKS5, or by
 * an address that boxdns gave out for a name.  Also carries the ports that
 * are published and those of the host that are let in.
 *
 * Every connection, made or refused, is told to `told`.
 */
#ifndef AGENT_PROXY_H
#define AGENT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "boxdns.h"
#include "clock.h"
#include "loop.h"
#include "netrules.h"

enum { PROXY_PORT = 3128, PROXY_CONNS_MAX = 2000 };

struct proxy_event {
	bool allowed;
	const char *host;
	uint16_t port;
	const char *by;		/* "connect", "http", "socks5", "name", ... */
	const char *why;	/* when refused */
};

struct proxy_conn;

struct proxy {
	struct loop *loop;
	struct netrules rules;
	struct boxdns dns;
	struct proxy_conn *conns;	/* a list */
	size_t count;
	int paused[8];			/* listeners that wait for room */
	size_t npaused;
	unsigned next_id;
	void (*told)(void *arg, const struct proxy_event *event);
	/* asks for a connection to a port inside: proxy_connected() */
	void (*connect_inside)(void *arg, int id, uint16_t port);
	void *arg;
};

/* How connections that come in on a listener are to be understood. */
enum proxy_listener {
	PROXY_SPEAKS,		/* HTTP or SOCKS5 */
	PROXY_BY_NAME,		/* to an address of boxdns */
	PROXY_HOST_PORT,	/* to the same port of the host */
	PROXY_PUBLISHED		/* from the host to a port inside */
};

struct proxy_source {
	struct proxy *proxy;
	enum proxy_listener kind;
	uint16_t port;		/* where it leads */
};

/* Takes over `fd`; `source` must live as long as the proxy. */
int	proxy_listen(struct proxy_source *source, int fd, struct err *e);

/* Takes over the UDP socket that names are asked for on. */
int	proxy_answer_names(struct proxy *p, int fd, struct err *e);

/* What connect_inside() led to; -1 for a refusal.  Takes over `fd`. */
void	proxy_connected(struct proxy *p, int id, int fd);

/* Ends what has taken too long; when to call again. */
struct deadline proxy_tick(struct proxy *p);

void	proxy_release(struct proxy *p);

#endif
