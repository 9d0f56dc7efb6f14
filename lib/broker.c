/* broker: the credential broker: the client's side, and the whole. */
#include "config.h"

#include "broker-impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "alloc.h"
#include "fd.h"
#include "httphead.h"

enum {
	CHUNK = 65536,
	HEAD_SECONDS = 15,	/* for a head to be complete */
	BODY_SECONDS = 120	/* for more of a body to come */
};

static void	on_client(void *arg, int fd, uint32_t events);
static void	on_listener(void *arg, int fd, uint32_t events);

static void
tell(struct broker_conn *c, const char *why)
{
	AUTO_FREE char *path = c->req.target ? xstrndup(c->req.target,
	    c->req.path_len) : NULL;
	struct broker_event event = {
		.rule = &c->endpoint->rule, .method = c->req.method,
		.path = path, .why = why
	};

	c->broker->told(c->broker->arg, &event);
}

static void
forget_body(struct broker_conn *c)
{
	if (c->whole)
		c->broker->kept -= c->up.len;
	c->whole = false;
}

static void
pause_listeners(struct broker *b, bool on)
{
	for (size_t i = 0; i < b->n && b->paused != on; i++) {
		struct broker_endpoint *p = &b->endpoints[i];
		if (p->fd >= 0)
			loop_set(b->loop, p->fd, on ? 0 : EPOLLIN,
			    on_listener, p);
	}
	b->paused = on;
}

static void
end(struct broker_conn *c)
{
	struct broker *b = c->broker;

	broker_leave(c);
	forget_body(c);
	loop_remove(b->loop, c->fd);
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->up);
	buf_release(&c->out);
	brokerreq_release(&c->req);
	brokerkey_drop(c->key);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	b->count--;
	free(c);
	pause_listeners(b, false);
}

/* Whether there is room for more of the body. */
static bool
wants_body(const struct broker_conn *c)
{
	return c->state == BROKER_OPEN && !c->up_ended &&
	    c->up.len - c->sent < BROKER_WINDOW;
}

void
broker_settle(struct broker_conn *c)
{
	uint32_t events = 0;

	if (c->out.len > c->done)
		events |= EPOLLOUT;
	else if (c->state == BROKER_CLOSING)
		events |= EPOLLIN;
	if (c->state == BROKER_READING || wants_body(c))
		events |= EPOLLIN;
	loop_set(c->broker->loop, c->fd, events, on_client, c);
}

void
broker_close(struct broker_conn *c)
{
	broker_leave(c);
	c->down_ended = true;
	broker_settle(c);
}

void
broker_cut(struct broker_conn *c)
{
	/* without what would end it in order, and by a reset */
	struct linger hard = { .l_onoff = 1 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	broker_leave(c);
	c->until = deadline_in(0);
	c->state = BROKER_CLOSING;
}

void
broker_answer(struct broker_conn *c, int status, const char *type,
    const char *body)
{
	buf_addf(&c->out, "HTTP/1.1 %d \r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
	    type, strlen(body), body);
	c->state = BROKER_OPEN;
	c->until = deadline_in(HEAD_SECONDS * CLOCK_SEC);
	c->up_ended = true;
	broker_close(c);
}

void
broker_refuse(struct broker_conn *c, int status, const char *why)
{
	AUTO_FREE char *body = xasprintf("agent-sandbox: %s: %s\n", why,
	    c->endpoint->rule.host.name);

	tell(c, why);
	broker_answer(c, status, "text/plain", body);
}

/* All was said: unread bytes would turn the end into a reset. */
static void
linger(struct broker_conn *c)
{
	shutdown(c->fd, SHUT_WR);
	c->state = BROKER_CLOSING;
	c->until = deadline_in(CLOCK_SEC);
	broker_settle(c);
}

/* Whether the connection is still good. */
static bool
push(struct broker_conn *c)
{
	while (c->done < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->done,
		    c->out.len - c->done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0) {
			buf_consume(&c->out, c->done);
			c->done = 0;
			return true;
		}
		c->done += (size_t)n;
	}
	buf_release(&c->out);
	c->done = 0;
	if (c->down_ended && c->state != BROKER_CLOSING)
		linger(c);
	return true;
}

/* As much as is kept of a request that may have to be said again. */
static void
account(struct broker_conn *c, size_t added)
{
	if (!c->whole)
		return;
	c->broker->kept += added;
	if (c->up.len <= BROKER_KEPT_MAX &&
	    c->broker->kept <= BROKER_KEPT_ALL)
		return;
	forget_body(c);
	buf_consume(&c->up, c->sent);
	c->sent = 0;
}

static void
take_body(struct broker_conn *c)
{
	size_t before = c->up.len;
	int ended = framing_take(&c->framing, &c->in, &c->up);

	account(c, c->up.len - before);
	if (ended < 0) {
		broker_leave(c);
		if (c->headed)
			broker_cut(c);
		else
			broker_refuse(c, 400, "malformed request");
		return;
	}
	c->up_ended = ended;
	c->until = ended ? DEADLINE_NEVER :
	    deadline_in(BODY_SECONDS * CLOCK_SEC);
	if (c->call)
		http_more(c->call);
}

void
broker_begin(struct broker_conn *c)
{
	c->state = BROKER_OPEN;
	c->whole = true;
	framing_start(&c->framing, &c->req);
	if (c->req.waits)
		buf_adds(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	broker_ask(c);
	if (c->call)
		take_body(c);
	broker_settle(c);
}

static void
take_head(struct broker_conn *c)
{
	int whole = brokerreq_parse(&c->req, &c->endpoint->rule,
	    c->endpoint->port, c->in.data, c->in.len);

	if (whole < 0)
		broker_refuse(c, c->req.status, c->req.why);
	if (whole <= 0)
		return;
	tell(c, NULL);
	buf_consume(&c->in, c->req.used);
	if (!broker_meter_ask(c))
		broker_begin(c);
}

/* Whether the connection is still good. */
static bool
pull(struct broker_conn *c)
{
	char chunk[CHUNK];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (c->state == BROKER_CLOSING || c->down_ended)
		return true;
	buf_add(&c->in, chunk, (size_t)n);
	if (c->state == BROKER_READING)
		take_head(c);
	else
		take_body(c);
	return true;
}

static void
on_client(void *arg, int fd, uint32_t events)
{
	struct broker_conn *c = arg;
	bool reads = c->state == BROKER_READING ||
	    c->state == BROKER_CLOSING || wants_body(c);

	(void)fd;
	if ((events & (EPOLLERR | EPOLLHUP)) ||
	    ((events & EPOLLIN) && reads && !pull(c)) || !push(c)) {
		end(c);
		return;
	}
	broker_go_on(c);
	broker_settle(c);
}

static void
on_listener(void *arg, int fd, uint32_t events)
{
	struct broker_endpoint *p = arg;
	struct broker *b = p->broker;
	struct broker_conn *c;
	int one = 1, client;

	(void)events;
	client = b->count >= BROKER_CONNS_MAX ? -1 :
	    accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/* the queue of the socket holds the others */
	if (client < 0 && b->count > 0 && errno != EAGAIN)
		pause_listeners(b, true);
	if (client < 0)
		return;
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = xcalloc(1, sizeof(*c));
	*c = (struct broker_conn){ .broker = b, .endpoint = p, .fd = client,
	    .next = b->conns, .link = &b->conns, .req = BROKERREQ_INIT,
	    .copy = -1,
	    .until = deadline_in(HEAD_SECONDS * CLOCK_SEC) };
	if (b->conns)
		b->conns->link = &c->next;
	b->conns = c;
	b->count++;
	broker_settle(c);
}

int
broker_add(struct broker *b, const char *rule, struct err *e)
{
	struct inject r;
	struct brokerkey *k;

	if (inject_parse(&r, rule, e) < 0)
		return err_prefix(e, "--inject");
	k = brokerkey_read(&r, e);
	if (!k) {
		inject_release(&r);
		return err_prefix(e, "--inject");
	}
	b->endpoints = xreallocarray(b->endpoints, b->n + 1,
	    sizeof(*b->endpoints));
	b->endpoints[b->n++] = (struct broker_endpoint){ .broker = b,
	    .rule = r, .key = k, .fd = -1, .fresh = deadline_in(0) };
	return 0;
}

int
broker_listen(struct broker *b, size_t i, int fd, struct err *e)
{
	struct broker_endpoint *p = &b->endpoints[i];
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (i >= b->n || p->fd >= 0) {
		close(fd);
		return err_set(e, ST_WRAPPER, "no such endpoint");
	}
	p->fd = fd;
	if (fd_set_nonblock(fd, true, e) < 0)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0 ||
	    loop_set(b->loop, fd, EPOLLIN, on_listener, p) < 0)
		return err_sys(e, ST_WRAPPER, "cannot wait for clients");
	p->port = ntohs(sin.sin_port);
	return 0;
}

/* Those whose time is over, or who are to be asked again. */
struct deadline
broker_step(struct broker *b)
{
	struct deadline next = DEADLINE_NEVER;
	struct broker_conn *c, *after;
	struct err ignored;

	for (size_t i = 0; i < b->n; i++)
		next = deadline_min(next,
		    broker_fetch_due(&b->endpoints[i]));
	(void)http_step(b->http, &ignored);
	for (c = b->conns; c; c = after) {
		after = c->next;
		if (c->again && !c->call)
			broker_ask_again(c);
		if (!deadline_passed(c->until)) {
			next = deadline_min(next, c->until);
		} else if (c->down_ended || c->state == BROKER_CLOSING) {
			end(c);
		} else if (c->headed) {
			broker_cut(c);
		} else {
			broker_refuse(c, 408, "took too long");
		}
	}
	return deadline_min(next, http_due(b->http));
}

void
broker_release(struct broker *b)
{
	while (b->conns)
		end(b->conns);
	if (b->meter >= 0)
		close(b->meter);
	for (size_t i = 0; i < b->n; i++) {
		broker_fetch_end(&b->endpoints[i]);
		inject_release(&b->endpoints[i].rule);
		brokerkey_drop(b->endpoints[i].key);
		if (b->endpoints[i].fd >= 0)
			close(b->endpoints[i].fd);
	}
	free(b->endpoints);
	http_free(b->http);
}
