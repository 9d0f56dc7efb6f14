/* proxy: the way of a sandbox to the hosts that it may reach. */
#include "config.h"

#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "alloc.h"
#include "carry.h"
#include "fd.h"
#include "httphead.h"
#include "lookup.h"
#include "proxyreq.h"

enum {
	HEAD_SECONDS = 15,	/* for a request to be complete */
	DIAL_SECONDS = 20,	/* look-up and all addresses together */
	TICK_SECONDS = 1,
	CLIENT_BUFFER = 196608
};

enum state { READING, LOOKING, DIALLING, INSIDE, CARRYING, CLOSING };

struct proxy_conn {
	struct proxy *proxy;
	struct proxy_conn *next, **link;
	enum state state;
	int id;
	int client, server;
	struct deadline until;
	struct nethost host;
	const char *by;
	enum proxyreq_kind kind;
	bool greeted;		/* SOCKS5 */
	struct buf in;		/* what the client sent before it is carried */
	struct lookup lookup;
	size_t naddrs, tried;
	struct sockaddr_storage addrs[LOOKUP_MAX];
	struct carry up, down;
};

static void	on_client(void *arg, int fd, uint32_t events);
static void	on_flow(void *arg, int fd, uint32_t events);
static void	dial(struct proxy_conn *c);

static void
tell(struct proxy_conn *c, bool allowed, const char *why)
{
	struct proxy_event event = {
		.allowed = allowed, .host = c->host.name,
		.port = c->host.port, .by = c->by, .why = why
	};

	c->proxy->told(c->proxy->arg, &event);
}

static void
close_fd(struct proxy *p, int *fd)
{
	if (*fd < 0)
		return;
	loop_remove(p->loop, *fd);
	close(steal_fd(fd));
}

static void	resume(struct proxy *p);

static void
end(struct proxy_conn *c)
{
	struct proxy *p = c->proxy;

	if (c->lookup.fd >= 0)
		loop_remove(p->loop, c->lookup.fd);
	lookup_stop(&c->lookup);
	close_fd(p, &c->client);
	close_fd(p, &c->server);
	buf_release(&c->in);
	buf_release(&c->up.buf);
	buf_release(&c->down.buf);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	p->count--;
	free(c);
	resume(p);
}

/* The last words to a client, which fit into its socket's buffer. */
static void
answer_and_end(struct proxy_conn *c, const void *data, size_t len)
{
	ssize_t n = send(c->client, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	(void)n;
	/* unread bytes would turn the end into a reset, which loses them */
	shutdown(c->client, SHUT_WR);
	close_fd(c->proxy, &c->server);
	c->state = CLOSING;
	c->until = deadline_in(CLOCK_SEC);
	loop_set(c->proxy->loop, c->client, EPOLLIN, on_client, c);
}

static const char *
reason(int status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 431: return "Request Header Fields Too Large";
	case 504: return "Gateway Timeout";
	default: return "Bad Gateway";
	}
}

/* SOCKS5 has its own numbers for what HTTP calls by these. */
static unsigned char
socks_code(int status)
{
	return status == 403 ? 2 : status == 504 ? 6 : status < 100 ?
	    (unsigned char)status : 4;
}

static void
refuse(struct proxy_conn *c, int status, const char *why)
{
	AUTO_BUF struct buf out = BUF_INIT, body = BUF_INIT;

	tell(c, false, why);
	if (c->greeted) {
		unsigned char reply[10] = { 5, socks_code(status), 0, 1 };
		answer_and_end(c, reply, sizeof(reply));
		return;
	}
	if (c->kind != PROXYREQ_CONNECT && c->kind != PROXYREQ_HTTP &&
	    c->kind != PROXYREQ_BAD && c->kind != PROXYREQ_LOCAL) {
		end(c);
		return;
	}
	buf_addf(&body, "agent-sandbox: %s: %s:%u\n", why, c->host.name,
	    c->host.port);
	buf_addf(&out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", status,
	    reason(status), body.len);
	buf_add(&out, body.data, body.len);
	answer_and_end(c, out.data, out.len);
}

static void
watch_flows(struct proxy_conn *c)
{
	uint32_t client = 0, server = 0;

	if (c->up.buf.len > 0)
		server |= EPOLLOUT;
	else if (!c->up.ended)
		client |= EPOLLIN;
	if (c->down.buf.len > 0)
		client |= EPOLLOUT;
	else if (!c->down.ended)
		server |= EPOLLIN;
	/* a side that is waited for nothing would only report its hang-up */
	if (client)
		loop_set(c->proxy->loop, c->client, client, on_flow, c);
	else
		loop_remove(c->proxy->loop, c->client);
	if (server)
		loop_set(c->proxy->loop, c->server, server, on_flow, c);
	else
		loop_remove(c->proxy->loop, c->server);
}

static void
on_flow(void *arg, int fd, uint32_t events)
{
	static char chunk[CARRY_CHUNK];
	struct proxy_conn *c = arg;

	(void)fd;
	(void)events;
	if (!carry_step(&c->up, chunk) || !carry_step(&c->down, chunk) ||
	    (c->up.shut && c->down.shut)) {
		end(c);
		return;
	}
	watch_flows(c);
}

static void
start_carrying(struct proxy_conn *c)
{
	int one = 1, size = CLIENT_BUFFER;

	c->state = CARRYING;
	c->until = DEADLINE_NEVER;
	/*
	 * The client is on this host: what it has not read yet stays in the
	 * processor's cache if it may not grow to megabytes.
	 */
	setsockopt(c->client, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(c->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->up = (struct carry){ .from = c->client, .to = c->server };
	c->down = (struct carry){ .from = c->server, .to = c->client };
	buf_add(&c->up.buf, c->in.data ? c->in.data : "", c->in.len);
	buf_release(&c->in);
	if (c->greeted) {
		static const char good[10] = { 5, 0, 0, 1 };
		buf_add(&c->down.buf, good, sizeof(good));
	} else if (c->kind == PROXYREQ_CONNECT) {
		buf_adds(&c->down.buf, "HTTP/1.1 200 Connected\r\n\r\n");
	}
	on_flow(c, c->client, 0);
}

static void
on_dialled(void *arg, int fd, uint32_t events)
{
	struct proxy_conn *c = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	    error == 0) {
		tell(c, true, NULL);
		loop_remove(c->proxy->loop, fd);
		start_carrying(c);
		return;
	}
	close_fd(c->proxy, &c->server);
	dial(c);
}

/* The next address; only those that were looked at are ever dialled. */
static void
dial(struct proxy_conn *c)
{
	c->state = DIALLING;
	while (c->tried < c->naddrs) {
		struct sockaddr *sa = (struct sockaddr *)&c->addrs[c->tried++];
		int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);

		if (fd < 0)
			continue;
		if ((connect(fd, sa, netaddr_len(sa)) < 0 &&
		    errno != EINPROGRESS) || loop_set(c->proxy->loop, fd,
		    EPOLLOUT, on_dialled, c) < 0) {
			close(fd);
			continue;
		}
		c->server = fd;
		return;
	}
	refuse(c, 502, "cannot be reached");
}

static void
dial_checked(struct proxy_conn *c, const struct sockaddr_storage *addrs,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (netrules_allow_address(&c->proxy->rules,
		    (const struct sockaddr *)&addrs[i]))
			c->addrs[c->naddrs++] = addrs[i];
	if (n > 0 && c->naddrs == 0)
		refuse(c, 403, "has no public address");
	else if (n == 0)
		refuse(c, 502, "is not known");
	else
		dial(c);
}

static void
on_looked_up(void *arg, int fd, uint32_t events)
{
	struct proxy_conn *c = arg;
	size_t n;

	(void)events;
	loop_remove(c->proxy->loop, fd);
	n = lookup_take(&c->lookup);
	dial_checked(c, c->lookup.addrs, n);
}

/* The host is allowed by name: find it. */
static void
seek(struct proxy_conn *c)
{
	struct err ignored;
	struct sockaddr_storage given;

	c->state = LOOKING;
	c->until = deadline_in(DIAL_SECONDS * CLOCK_SEC);
	loop_remove(c->proxy->loop, c->client);
	if (!netrules_allow(&c->proxy->rules, &c->host)) {
		refuse(c, 403, "not allowed");
	} else if (netrules_resolve(&c->proxy->rules, &c->host, &given)) {
		/* whoever says --resolve means that address */
		c->addrs[0] = given;
		c->naddrs = 1;
		dial(c);
	} else if (c->host.literal) {
		dial_checked(c, &c->host.addr, 1);
	} else if (lookup_start(&c->lookup, c->host.name, c->host.port,
	    &ignored) < 0 || loop_set(c->proxy->loop, c->lookup.fd, EPOLLIN,
	    on_looked_up, c) < 0) {
		refuse(c, 502, "cannot be looked up");
	}
}

/* Takes what the request used off; the rest is the client's data. */
static void
got_request(struct proxy_conn *c, struct proxyreq *r)
{
	c->kind = r->kind;
	c->host = r->host;
	buf_consume(&c->in, r->used);
	switch (r->kind) {
	case PROXYREQ_MORE:
		break;
	case PROXYREQ_GREETING: {
		char reply[2] = { 5, r->method_ok ? 0 : (char)0xff };
		if (!r->method_ok) {
			answer_and_end(c, reply, 2);
		} else if (send(c->client, reply, 2, MSG_NOSIGNAL) == 2) {
			c->greeted = true;
			on_client(c, c->client, 0);
		} else {
			end(c);
		}
		break;
	}
	case PROXYREQ_BAD:
		c->by = r->socks ? "socks5" : "http";
		refuse(c, r->status, "malformed request");
		break;
	case PROXYREQ_LOCAL:
		c->by = "http";
		refuse(c, 404, "no such place");
		break;
	case PROXYREQ_HTTP: {
		AUTO_BUF struct buf rest = BUF_INIT;
		buf_add(&rest, c->in.data, c->in.len);
		buf_reset(&c->in);
		buf_add(&c->in, r->head.data, r->head.len);
		buf_add(&c->in, rest.data, rest.len);
		c->by = "http";
		seek(c);
		break;
	}
	case PROXYREQ_CONNECT:
	case PROXYREQ_SOCKS:
		c->by = r->socks ? "socks5" : "connect";
		seek(c);
		break;
	}
}

static void
on_client(void *arg, int fd, uint32_t events)
{
	struct proxy_conn *c = arg;
	struct proxyreq r;
	char chunk[HTTPHEAD_MAX];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	(void)events;
	if (c->state == CLOSING) {
		if (n == 0 || (n < 0 && errno != EAGAIN))
			end(c);
		return;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		end(c);
		return;
	}
	if (n > 0)
		buf_add(&c->in, chunk, (size_t)n);
	if (c->in.len == 0)
		return;
	proxyreq_parse(&r, c->in.data, c->in.len, c->greeted);
	got_request(c, &r);
	proxyreq_release(&r);
}

/* To an address that stands for a name, or for nothing. */
static void
by_name(struct proxy_conn *c)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	const char *name = NULL;

	c->by = "name";
	c->kind = PROXYREQ_MORE;
	if (getsockname(c->client, (struct sockaddr *)&sin, &len) == 0)
		name = boxdns_name(&c->proxy->dns, ntohl(sin.sin_addr.s_addr));
	if (!name || !nethost_set(&c->host, name, strlen(name),
	    ntohs(sin.sin_port)))
		end(c);
	else
		seek(c);
}

static void
to_host_port(struct proxy_conn *c, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	c->by = "host-port";
	c->kind = PROXYREQ_MORE;
	nethost_set(&c->host, "127.0.0.1", 9, port);
	memcpy(&c->addrs[0], &sin, sizeof(sin));
	c->naddrs = 1;
	c->until = deadline_in(DIAL_SECONDS * CLOCK_SEC);
	dial(c);
}

static void
to_inside(struct proxy_conn *c, uint16_t port)
{
	c->by = "publish";
	c->kind = PROXYREQ_MORE;
	c->state = INSIDE;
	nethost_set(&c->host, "127.0.0.1", 9, port);
	c->until = deadline_in(DIAL_SECONDS * CLOCK_SEC);
	c->proxy->connect_inside(c->proxy->arg, c->id, port);
}

static void
on_listener(void *arg, int fd, uint32_t events)
{
	struct proxy_source *s = arg;
	struct proxy *p = s->proxy;
	struct proxy_conn *c;
	int client;

	(void)events;
	if (p->count >= PROXY_CONNS_MAX) {
		/* the queue of the socket holds the others */
		loop_set(p->loop, fd, 0, on_listener, s);
		if (p->npaused < sizeof(p->paused) / sizeof(*p->paused))
			p->paused[p->npaused++] = fd;
		return;
	}
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client < 0)
		return;
	c = xcalloc(1, sizeof(*c));
	*c = (struct proxy_conn){ .proxy = p, .client = client, .server = -1,
	    .next = p->conns, .link = &p->conns, .lookup = LOOKUP_INIT,
	    .id = (int)(p->next_id++ & INT32_MAX), .by = "",
	    .until = deadline_in(HEAD_SECONDS * CLOCK_SEC) };
	if (p->conns)
		p->conns->link = &c->next;
	p->conns = c;
	p->count++;
	if (s->kind == PROXY_SPEAKS)
		loop_set(p->loop, client, EPOLLIN, on_client, c);
	else if (s->kind == PROXY_BY_NAME)
		by_name(c);
	else if (s->kind == PROXY_HOST_PORT)
		to_host_port(c, s->port);
	else
		to_inside(c, s->port);
}

static void
resume(struct proxy *p)
{
	while (p->npaused > 0) {
		int fd = p->paused[--p->npaused];
		const struct loop_slot *s = &p->loop->slots[fd];
		loop_set(p->loop, fd, EPOLLIN, s->fn, s->arg);
	}
}

int
proxy_listen(struct proxy_source *source, int fd, struct err *e)
{
	if (fd_set_nonblock(fd, true, e) < 0)
		return -1;
	if (loop_set(source->proxy->loop, fd, EPOLLIN, on_listener,
	    source) < 0)
		return err_sys(e, ST_WRAPPER, "cannot wait for connections");
	return 0;
}

static void
on_question(void *arg, int fd, uint32_t events)
{
	struct proxy *p = arg;
	uint8_t in[BOXDNS_PACKET + 1], out[BOXDNS_PACKET];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct nethost h = { .port = 0 };
	bool denied;
	ssize_t n = recvfrom(fd, in, sizeof(in), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &len);
	size_t m;

	(void)events;
	if (n < 0)
		return;
	m = boxdns_answer(&p->dns, &p->rules, in, (size_t)n, out, &h, &denied);
	if (m > 0)
		(void)sendto(fd, out, m, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (struct sockaddr *)&from, len);
	if (denied && h.name[0]) {
		struct proxy_event event = { .host = h.name, .by = "name",
		    .why = "not allowed" };
		p->told(p->arg, &event);
	}
}

int
proxy_answer_names(struct proxy *p, int fd, struct err *e)
{
	if (fd_set_nonblock(fd, true, e) < 0)
		return -1;
	if (loop_set(p->loop, fd, EPOLLIN, on_question, p) < 0)
		return err_sys(e, ST_WRAPPER, "cannot wait for questions");
	return 0;
}

void
proxy_connected(struct proxy *p, int id, int fd)
{
	struct proxy_conn *c = p->conns;

	while (c && (c->id != id || c->state != INSIDE))
		c = c->next;
	if (!c || fd < 0) {
		if (fd >= 0)
			close(fd);
		if (c)
			end(c);
		return;
	}
	c->server = fd;
	c->state = DIALLING;
	if (loop_set(p->loop, fd, EPOLLOUT, on_dialled, c) < 0)
		end(c);
}

struct deadline
proxy_tick(struct proxy *p)
{
	struct proxy_conn *c, *next;
	bool any = false;

	for (c = p->conns; c; c = next) {
		next = c->next;
		if (deadline_passed(c->until)) {
			if (c->state == LOOKING || c->state == DIALLING) {
				close_fd(p, &c->server);
				refuse(c, 504, "took too long");
			} else {
				end(c);
			}
			/* either may have changed the list behind us */
			return deadline_in(0);
		}
		any |= c->until.at != DEADLINE_NEVER.at;
	}
	return any ? deadline_in(TICK_SECONDS * CLOCK_SEC) : DEADLINE_NEVER;
}

void
proxy_release(struct proxy *p)
{
	while (p->conns)
		end(p->conns);
	boxdns_release(&p->dns);
}
