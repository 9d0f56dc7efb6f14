/* serve: a small HTTP/1.1 server, for loopback. */
#include "config.h"

#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "alloc.h"
#include "buf.h"
#include "fd.h"
#include "num.h"

enum state {
	READING,		/* a request, or waiting for one */
	ANSWERING,		/* its answer is not complete */
	CLOSING			/* once all is sent */
};

struct serve_conn {
	struct serve *serve;
	struct serve_conn *prev, *next;
	int fd;
	enum state state;
	struct buf in, out;
	struct buf head;	/* of the request, cut up in place */
	struct buf body;
	struct http_field fields[SERVE_FIELDS_MAX];
	struct serve_request rq;
	bool keep;		/* the connection, after the answer */
	bool bare;		/* HEAD, 204, 304: no body */
	bool chunked;
	bool has_head;		/* of the answer */
	bool reset;		/* break off instead of closing */
	bool dead;		/* freed at the end of the step */
	uint32_t watched;	/* events in epoll */
	void *user;
};

struct serve {
	int listen_fd, ep, port;
	const struct serve_events *events;
	void *ctx;
	struct serve_conn *conns;
	size_t n;
};

/* Connections. */

static void
watch(struct serve_conn *c)
{
	uint32_t want = (c->out.len ? EPOLLOUT : 0u) |
	    (c->in.len < SERVE_HEAD_MAX || c->state == READING ? EPOLLIN : 0u) |
	    EPOLLRDHUP;
	struct epoll_event ev = { .events = want, .data.ptr = c };

	if (want == c->watched || c->dead)
		return;
	c->watched = want;
	epoll_ctl(c->serve->ep, EPOLL_CTL_MOD, c->fd, &ev);
}

static void
let_go(struct serve_conn *c)
{
	struct linger now = { 1, 0 };

	if (c->dead)
		return;
	if (c->reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->dead = true;
	c->out.len = 0;
}

static void
client_left(struct serve_conn *c)
{
	bool answering = c->state == ANSWERING;

	let_go(c);
	if (answering)
		c->serve->events->gone(c->serve->ctx, c);
}

static void
conn_free(struct serve_conn *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->serve->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->serve->n--;
	buf_release(&c->in);
	buf_release(&c->out);
	buf_release(&c->head);
	buf_release(&c->body);
	free(c);
}

static int
accept_one(struct serve *s)
{
	int on = 1, fd = accept4(s->listen_fd, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct serve_conn *c;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };

	if (fd < 0)
		return 0;
	if (s->n >= SERVE_CONNECTIONS_MAX) {
		close(fd);
		return 1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = xcalloc(1, sizeof(*c));
	*c = (struct serve_conn){ .serve = s, .fd = fd, .next = s->conns,
		.watched = ev.events };
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	s->n++;
	ev.data.ptr = c;
	epoll_ctl(s->ep, EPOLL_CTL_ADD, fd, &ev);
	return 1;
}

/* Sends what it can. */
static void
flush(struct serve_conn *c)
{
	bool had = c->out.len > 0;

	while (c->out.len > 0 && !c->dead) {
		ssize_t n = send(c->fd, c->out.data, c->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			client_left(c);
			return;
		}
		buf_consume(&c->out, (size_t)n);
	}
	if (c->out.len == 0 && c->state == CLOSING)
		let_go(c);
	else if (had && c->out.len == 0 && c->state == ANSWERING &&
	    c->serve->events->drained)
		c->serve->events->drained(c->serve->ctx, c);
	watch(c);
}

/* Answers. */

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	default:
		return "Status";
	}
}

static bool
is_ours(const char *name)
{
	return strcasecmp(name, "content-length") == 0 ||
	    strcasecmp(name, "transfer-encoding") == 0 ||
	    strcasecmp(name, "connection") == 0 ||
	    strcasecmp(name, "keep-alive") == 0;
}

void
serve_head(struct serve_conn *c, int status, const struct http_field *fields,
    size_t count)
{
	if (c->dead || c->state != ANSWERING || c->has_head)
		return;
	c->has_head = true;
	c->bare |= status < 200 || status == 204 || status == 304;
	buf_addf(&c->out, "HTTP/1.1 %d %s\r\n", status, reason(status));
	for (size_t i = 0; i < count; i++)
		if (!is_ours(fields[i].name) &&
		    !strpbrk(fields[i].name, "\r\n:") &&
		    !strpbrk(fields[i].value, "\r\n"))
			buf_addf(&c->out, "%s: %s\r\n", fields[i].name,
			    fields[i].value);
	c->chunked = !c->bare;
	buf_adds(&c->out, c->bare ? "" : "Transfer-Encoding: chunked\r\n");
	buf_adds(&c->out, c->keep ? "\r\n" : "Connection: close\r\n\r\n");
	watch(c);
}

void
serve_body(struct serve_conn *c, const char *data, size_t len)
{
	if (c->dead || c->state != ANSWERING || c->bare || len == 0)
		return;
	buf_addf(&c->out, "%zx\r\n", len);
	buf_add(&c->out, data, len);
	buf_adds(&c->out, "\r\n");
	watch(c);
}

void
serve_end(struct serve_conn *c)
{
	if (c->dead || c->state != ANSWERING)
		return;
	if (!c->has_head)
		serve_head(c, 500, NULL, 0);
	if (c->chunked)
		buf_adds(&c->out, "0\r\n\r\n");
	c->state = c->keep ? READING : CLOSING;
	c->user = NULL;
	watch(c);
}

void
serve_abort(struct serve_conn *c)
{
	if (c->dead)
		return;
	/* what was sent before shall arrive */
	c->state = CLOSING;
	c->keep = false;
	c->user = NULL;
	flush(c);
}

size_t
serve_queued(const struct serve_conn *c)
{
	return c->dead ? 0 : c->out.len;
}

void
serve_set(struct serve_conn *c, void *user)
{
	c->user = user;
}

void *
serve_get(const struct serve_conn *c)
{
	return c->user;
}

/* Requests. */

static void
refuse(struct serve_conn *c, int status, const char *text)
{
	struct http_field type = { "Content-Type", "text/plain" };

	c->state = ANSWERING;
	c->keep = false;
	c->has_head = c->bare = false;
	serve_head(c, status, &type, 1);
	serve_body(c, text, strlen(text));
	serve_end(c);
}

/* The end of the head: behind the empty line, or 0. */
static size_t
head_length(const struct buf *in)
{
	const char *end = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) :
	    NULL;

	return end ? (size_t)(end - in->data) + 4 : 0;
}

static const char *
field(const struct serve_request *rq, const char *name)
{
	for (size_t i = 0; i < rq->count; i++)
		if (strcasecmp(rq->fields[i].name, name) == 0)
			return rq->fields[i].value;
	return NULL;
}

static char *
next_line(char **at)
{
	char *line = *at, *end = strstr(line, "\r\n");

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 2;
	return line;
}

/* Cuts the head into its parts, which stay in c->head. */
static int
parse_head(struct serve_conn *c)
{
	char *at = c->head.data, *line = next_line(&at), *space;
	struct serve_request *rq = &c->rq;

	*rq = (struct serve_request){ .method = line, .fields = c->fields };
	if (!line || !(space = strchr(line, ' ')))
		return -1;
	*space = '\0';
	rq->target = space + 1;
	if (!(space = strchr(space + 1, ' ')) || rq->target[0] != '/')
		return -1;
	*space = '\0';
	if (strncmp(space + 1, "HTTP/1.", 7) != 0)
		return -1;
	c->keep = strcmp(space + 1, "HTTP/1.1") == 0;
	while ((line = next_line(&at)) && *line) {
		char *colon = strchr(line, ':'), *value, *end;
		if (!colon || colon == line || line[0] == ' ' ||
		    rq->count == SERVE_FIELDS_MAX)
			return -1;
		*colon = '\0';
		value = colon + 1 + strspn(colon + 1, " \t");
		end = value + strlen(value);
		while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
			*--end = '\0';
		c->fields[rq->count++] = (struct http_field){ line, value };
	}
	return 0;
}

/*
 * The body in chunks, at `from` in c->in: where it ends, 0 when there is more
 * to come, -1 when it is none.
 */
static ssize_t
read_chunks(struct serve_conn *c, size_t from)
{
	buf_reset(&c->body);
	for (;;) {
		const char *p = c->in.data + from;
		const char *end = memmem(p, c->in.len - from, "\r\n", 2);
		size_t size = 0, i = 0;
		if (!end)
			return 0;
		for (; p + i < end; i++) {
			static const char hex[] = "0123456789abcdef";
			const char *h = memchr(hex, p[i] | 0x20, 16);
			if (p[i] >= '0' && p[i] <= '9')
				h = hex + (p[i] - '0');
			if (!h || size > SERVE_BODY_MAX)
				break;
			size = size * 16 + (size_t)(h - hex);
		}
		if (i == 0 || (p + i < end && p[i] != ';') ||
		    c->body.len + size > SERVE_BODY_MAX)
			return -1;
		from = (size_t)(end - c->in.data) + 2;
		if (c->in.len - from < size + 2)
			return 0;
		if (size == 0)
			return (ssize_t)(from + 2);	/* no trailers */
		buf_add(&c->body, c->in.data + from, size);
		from += size + 2;
	}
}

/* Where the request that begins c->in ends, 0 or -1 as above. */
static ssize_t
read_body(struct serve_conn *c, size_t head)
{
	const char *length = field(&c->rq, "content-length");
	int64_t n = 0;

	if (field(&c->rq, "transfer-encoding"))
		return read_chunks(c, head);
	if (length && num_parse_int(length, 0, SERVE_BODY_MAX, &n) < 0)
		return -1;
	if (c->in.len - head < (size_t)n)
		return 0;
	buf_reset(&c->body);
	buf_add(&c->body, c->in.data + head, (size_t)n);
	return (ssize_t)(head + (size_t)n);
}

/* Looks whether a request is complete, and hands it on. */
static void
read_request(struct serve_conn *c)
{
	size_t head = head_length(&c->in);
	const char *value;
	ssize_t end;

	if (head == 0) {
		if (c->in.len > SERVE_HEAD_MAX)
			refuse(c, 431, "the head is too large\n");
		return;
	}
	buf_reset(&c->head);
	buf_add(&c->head, c->in.data, head);
	if (strlen(c->head.data) != head || parse_head(c) < 0) {
		refuse(c, 400, "this is not HTTP/1.1\n");
		return;
	}
	if ((end = read_body(c, head)) < 0) {
		refuse(c, 413, "the body is too large, or malformed\n");
		return;
	}
	value = field(&c->rq, "expect");
	if (end == 0) {
		if (value && c->in.len == head && c->out.len == 0)
			buf_adds(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
		return;
	}
	buf_consume(&c->in, (size_t)end);
	value = field(&c->rq, "connection");
	if (value && strcasecmp(value, "close") == 0)
		c->keep = false;
	c->rq.body = c->body.data;
	c->rq.body_len = c->body.len;
	c->state = ANSWERING;
	c->has_head = false;
	c->user = NULL;
	c->bare = strcmp(c->rq.method, "HEAD") == 0;
	c->serve->events->request(c->serve->ctx, c, &c->rq);
}

static void
read_more(struct serve_conn *c)
{
	char data[65536];

	for (;;) {
		ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0) {
			buf_add(&c->in, data, (size_t)n);
			if (c->state != READING && c->in.len > SERVE_HEAD_MAX)
				break;
			if (c->in.len > (size_t)SERVE_BODY_MAX * 2)
				break;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN) {
			client_left(c);
			return;
		}
		break;
	}
}

static void
handle(struct serve_conn *c, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) && !c->dead)
		read_more(c);
	/* several requests may have come at once */
	while (!c->dead && c->state == READING && c->in.len > 0) {
		size_t before = c->in.len;
		read_request(c);
		if (c->in.len == before)
			break;
	}
	if (!c->dead)
		flush(c);
}

int
serve_step(struct serve *s, struct err *e)
{
	struct epoll_event events[64];
	int n = epoll_wait(s->ep, events, 64, 0);
	struct serve_conn *next;

	if (n < 0 && errno != EINTR)
		return err_sys(e, ST_SYSTEM, "epoll_wait");
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			handle(events[i].data.ptr, events[i].events);
		else
			while (accept_one(s))
				;
	}
	for (struct serve_conn *c = s->conns; c; c = next) {
		next = c->next;
		if (!c->dead && c->out.len > 0)
			flush(c);
		if (!c->dead && c->state == READING && c->in.len > 0)
			handle(c, 0);
		if (c->dead)
			conn_free(c);
	}
	return n > 0;
}

int
serve_fd(const struct serve *s)
{
	return s->ep;
}

int
serve_port(const struct serve *s)
{
	return s->port;
}

int
serve_open(int port, const struct serve_events *events, void *ctx,
    struct serve **ret, struct err *e)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	struct serve *s = xcalloc(1, sizeof(*s));
	struct epoll_event ev = { .events = EPOLLIN };
	int on = 1;

	s->events = events;
	s->ctx = ctx;
	s->ep = epoll_create1(EPOLL_CLOEXEC);
	s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (s->ep < 0 || s->listen_fd < 0 ||
	    setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) < 0 ||
	    bind(s->listen_fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(s->listen_fd, 128) < 0 ||
	    getsockname(s->listen_fd, (struct sockaddr *)&sa, &len) < 0 ||
	    epoll_ctl(s->ep, EPOLL_CTL_ADD, s->listen_fd, &ev) < 0) {
		err_sys(e, ST_UNAVAILABLE, "cannot listen on 127.0.0.1:%d",
		    port);
		serve_close(s);
		return -1;
	}
	s->port = ntohs(sa.sin_port);
	*ret = s;
	return 0;
}

void
serve_close(struct serve *s)
{
	if (!s)
		return;
	while (s->conns) {
		let_go(s->conns);
		conn_free(s->conns);
	}
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->ep >= 0)
		close(s->ep);
	free(s);
}
