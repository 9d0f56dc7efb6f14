/*
 * model-server: a model for tests and benchmarks, on the loopback only.
 *
 *	model-server [-k KEY] [-l LOG] [-p PORT] [-e SCENARIO]... [FILE]
 *
 * Prints its port and serves until it is killed or its parent dies: Chat
 * Completions, Responses, Messages and ollama's chat, each streamed or not,
 * what model-others.h lists, and its own counters at /-/stats.
 *
 * FILE holds scenarios, JSON objects one a line; -e gives one on the command
 * line, before those of the file.  The first that fits a request answers it;
 * an empty one is behind them all.
 *
 *	match	text that "METHOD PATH\nBODY" must contain
 *	times	how many requests it answers at most
 *	status, headers, body	the response instead of an answer; `body` is
 *		JSON, or a string that is sent as it is
 *	text, reasoning, tools [{id,name,arguments}], finish	the answer
 *	tokens, big	instead of text: so many words; so many bytes
 *	echo	true: the text is the last "content" or "input" of the request
 *	usage, end	false: usage is not said; the end does not come
 *	error	an object in the place of the end of a stream
 *	comments, crlf	true: keep-alive comments between events; CRLF
 *	delay, first	seconds before the head; between it and the body
 *	rate	events a second; `stamp` true: each word is the time, in
 *		nanoseconds of CLOCK_MONOTONIC, at which it is written
 *	mute	true: what is no answer (a batch...) is done, but not said
 *	split	bytes to write at once
 *	stall	bytes of the body, then silence; -1: no head either
 *	cut	bytes of the body, then the connection ends; `reset` true: by a
 *		reset; `close` true: not chunked, so that an early end looks
 *		like a proper one
 *
 * A part KEY=NUMBER of the request's path (/cut=100/v1/chat/completions) sets
 * cut, stall, split, delay or rate for that request.
 *
 * LOG gets an object for each request: n, t (CLOCK_MONOTONIC, ns), method,
 * path, headers, body.
 */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "fd.h"
#include "json.h"
#include "model-due.h"
#include "model-others.h"
#include "model-request.h"
#include "model-scenario.h"
#include "num.h"

struct conn {
	struct due due;			/* first: what it is in */
	int fd;
	struct buf in, out;
	size_t written;			/* of out */
	struct answer_body body;
	size_t sent, piece;		/* of body: bytes, pieces */
	struct scenario how;		/* a copy; ready is not used */
	int64_t began;
	bool busy, head_sent, chunked, ending, writing;
};

static struct {
	int ep, listener, log;
	const char *key;
	long long requests, connections, open, busy, most_open, most_busy;
} srv = { .log = -1 };

static void __attribute__((noreturn))
die(const struct err *e)
{
	exit(err_report(e));
}

/* Sending. */

static void
close_conn(struct conn *c, bool reset)
{
	struct linger hard = { .l_onoff = 1 };

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	due_set(&c->due, INT64_MAX);
	close(c->fd);
	srv.open--;
	srv.busy -= c->busy;
	buf_release(&c->in);
	buf_release(&c->out);
	answer_body_release(&c->body);
	free(c);
}

static void
watch(struct conn *c, bool writing)
{
	struct epoll_event ev = { .data.ptr = c,
	    .events = EPOLLIN | (writing ? EPOLLOUT : 0) };

	if (c->writing == writing)
		return;
	c->writing = writing;
	epoll_ctl(srv.ep, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Writes what is due; false when the connection is gone. */
static bool
flush(struct conn *c)
{
	while (c->written < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->written,
		    c->out.len - c->written, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			watch(c, true);
			return true;
		}
		if (n < 0) {
			close_conn(c, false);
			return false;
		}
		c->written += (size_t)n;
	}
	buf_reset(&c->out);
	c->written = 0;
	watch(c, false);
	return true;
}

static void
add_head(struct buf *out, int status, const char *type, const jv *headers,
    bool chunked, bool close_after, size_t len)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\nx-request-id: req-%lld\r\n", status,
	    status == 200 ? "OK" : "Status", srv.requests);
	if (!json_has(headers, "content-type"))
		buf_addf(out, "Content-Type: %s\r\n", type);
	JSON_EACH(headers, i) {
		const char *name = json_iter_key(headers, i);
		buf_addf(out, "%s: %s\r\n", name, json_str(headers, name));
	}
	if (close_after)
		buf_adds(out, "Connection: close\r\n\r\n");
	else if (chunked)
		buf_adds(out, "Transfer-Encoding: chunked\r\n\r\n");
	else
		buf_addf(out, "Content-Length: %zu\r\n\r\n", len);
}

static void
add_bytes(struct conn *c, const char *data, size_t n)
{
	if (c->chunked)
		buf_addf(&c->out, "%zx\r\n", n);
	buf_add(&c->out, data, n);
	if (c->chunked)
		buf_adds(&c->out, "\r\n");
}

/* The word of an event that is stamped is put in as it goes out. */
static void
add_stamped(struct conn *c, const char *data, size_t n)
{
	AUTO_BUF struct buf event = BUF_INIT;
	AUTO_FREE char *piece = xstrndup(data, n);
	const char *at = strstr(piece, "word ");

	if (!at) {
		add_bytes(c, data, n);
		return;
	}
	buf_add(&event, piece, (size_t)(at - piece));
	buf_addf(&event, "%lld ", (long long)clock_mono());
	buf_adds(&event, at + strlen("word "));
	add_bytes(c, event.data, event.len);
}

static void
finish(struct conn *c)
{
	if (c->chunked)
		buf_adds(&c->out, "0\r\n\r\n");
	c->busy = false;
	srv.busy--;
	answer_body_release(&c->body);
	due_set(&c->due, INT64_MAX);
}

/* How much of the body goes out now. */
static size_t
portion(const struct conn *c)
{
	size_t n = c->body.bytes.len - c->sent;

	if (c->how.rate > 0 && c->piece < c->body.count)
		n = c->body.ends[c->piece] - c->sent;
	else if (c->how.split > 0 && (size_t)c->how.split < n)
		n = (size_t)c->how.split;
	if (c->how.cut >= 0 && c->sent + n > (size_t)c->how.cut)
		n = (size_t)c->how.cut - c->sent;
	if (c->how.stall >= 0 && c->sent + n > (size_t)c->how.stall)
		n = (size_t)c->how.stall - c->sent;
	return n;
}

static int64_t
seconds(double s)
{
	return (int64_t)(s * (double)CLOCK_SEC);
}

/* Sends the next part; false when the connection is gone. */
static bool
pump(struct conn *c)
{
	const struct scenario *h = &c->how;
	size_t n;

	if (h->stall == -1) {
		due_set(&c->due, INT64_MAX);
		return true;
	}
	if (!c->head_sent) {
		AUTO_JV jv headers = json_get(&h->spec, "headers");
		add_head(&c->out, h->status ? (int)h->status : 200,
		    c->body.type, &headers, c->chunked, h->close,
		    c->body.bytes.len);
		c->head_sent = true;
		c->began = clock_mono();
		if (h->first > 0) {
			due_set(&c->due, c->began + seconds(h->first));
			return flush(c);
		}
	}
	n = portion(c);
	if (n > 0 && h->stamp)
		add_stamped(c, c->body.bytes.data + c->sent, n);
	else if (n > 0)
		add_bytes(c, c->body.bytes.data + c->sent, n);
	c->sent += n;
	c->piece++;
	if (h->cut >= 0 && c->sent >= (size_t)h->cut) {
		if (!flush(c))
			return false;
		close_conn(c, h->reset);
		return false;
	}
	if (c->sent == c->body.bytes.len) {
		finish(c);
		if (!flush(c))
			return false;
		if (h->close) {
			close_conn(c, false);
			return false;
		}
		return true;
	}
	if (h->stall >= 0 && c->sent >= (size_t)h->stall)
		due_set(&c->due, INT64_MAX);
	else if (h->rate > 0)
		due_set(&c->due, c->began +
		    seconds((double)c->piece / h->rate));
	else
		due_set(&c->due, clock_mono() + CLOCK_MS / 5);
	return flush(c);
}

/* Requests. */

static void
send_simple(struct conn *c, int status, const char *body)
{
	add_head(&c->out, status, "application/json", &(jv){ 0 }, false,
	    false, strlen(body));
	buf_adds(&c->out, body);
	c->busy = false;
	srv.busy--;
}

static int
protocol_of(const char *path)
{
	static const char *const ends[PROTOCOLS] = {
		[CHAT] = "/chat/completions", [RESPONSES] = "/responses",
		[MESSAGES] = "/messages", [OLLAMA] = "/api/chat"
	};

	for (int i = 0; i < PROTOCOLS; i++)
		if (request_is(path, ends[i]))
			return i;
	return -1;
}

/* An answer without anything special, kept for the next one. */
static bool
serve_ready(struct conn *c, struct scenario *s, int p, bool stream)
{
	struct buf *ready = &s->ready[p][stream];
	struct answer_body b = { 0 };
	AUTO_JV jv headers = json_get(&s->spec, "headers");

	if (ready->len == 0) {
		answer_render(&s->spec, (enum protocol)p, stream, NULL, &b);
		add_head(ready, 200, b.type, &headers, stream, false,
		    b.bytes.len);
		if (stream)
			buf_addf(ready, "%zx\r\n", b.bytes.len);
		buf_add(ready, b.bytes.data, b.bytes.len);
		if (stream)
			buf_adds(ready, "\r\n0\r\n\r\n");
		answer_body_release(&b);
	}
	buf_add(&c->out, ready->data, ready->len);
	c->busy = false;
	srv.busy--;
	return flush(c);
}

static void
render(struct conn *c, const struct request *r, int p, bool stream)
{
	AUTO_JV jv body = json_get(&c->how.spec, "body");
	AUTO_FREE char *echo = scenario_echo(&c->how, r->body);

	if (c->how.status == 0 && !json_has(&c->how.spec, "body")) {
		answer_render(&c->how.spec, (enum protocol)p, stream, echo,
		    &c->body);
		return;
	}
	if (json_string(&body))
		buf_add(&c->body.bytes, json_string(&body),
		    json_string_len(&body));
	else
		json_write(&body, &c->body.bytes);
	c->body.type = "application/json";
}

/* One request of a batch. */
static int
answer_one(const char *path, const char *body, struct buf *out)
{
	AUTO_FREE char *text = xasprintf("POST %s\n%s", path, body);
	const struct scenario *s = scenario_choose(text);
	AUTO_FREE char *echo = scenario_echo(s, body);
	AUTO_JV jv said = json_get(&s->spec, "body");
	struct answer_body b = { 0 };
	int p = protocol_of(path);

	if (s->status != 0) {
		json_write(&said, out);
		return (int)s->status;
	}
	answer_render(&s->spec, p < 0 ? CHAT : (enum protocol)p, false, echo,
	    &b);
	buf_add(out, b.bytes.data, b.bytes.len);
	answer_body_release(&b);
	return 200;
}

/* What is asked by other paths than the four; `mute`: it is done, but not
 * said. */
static bool
serve_other(struct conn *c, const struct request *r, bool mute)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int status = 200;

	if (request_is(r->path, "/-/stats"))
		buf_addf(&out, "{\"requests\":%lld,\"connections\":%lld,"
		    "\"most_open\":%lld,\"most_busy\":%lld}", srv.requests,
		    srv.connections, srv.most_open, srv.most_busy);
	else
		status = others_reply(r, answer_one, &out);
	if (mute)
		return true;
	if (status > 0)
		send_simple(c, status, out.data ? out.data : "");
	else
		send_simple(c, 404, "{\"error\":{\"message\":"
		    "\"no such path\",\"type\":\"not_found\"}}");
	return flush(c);
}

/* Answers; false when the connection is gone. */
static bool
serve(struct conn *c, const struct request *r)
{
	struct scenario *s;
	bool stream = strstr(r->body, "\"stream\":true") ||
	    strstr(r->body, "\"stream\": true");
	int p = protocol_of(r->path);
	AUTO_FREE char *line = xasprintf("%s %s\n", r->method, r->path);
	bool special;

	if (!request_authorized(r, srv.key)) {
		send_simple(c, 401, "{\"error\":{\"message\":\"no such key\","
		    "\"type\":\"authentication_error\"}}");
		return flush(c);
	}
	s = scenario_choose(others_batched(r) ? line : r->text);
	if (p < 0 && (!s || s->status == 0))
		return serve_other(c, r, s && s->mute);
	if (p == OLLAMA)
		stream = !strstr(r->body, "\"stream\":false");
	c->how = *s;
	special = scenario_override(&c->how, r->path);
	if (!special && s->plain)
		return serve_ready(c, s, p, stream);
	c->sent = c->piece = 0;
	c->head_sent = false;
	render(c, r, p < 0 ? CHAT : p, stream);
	c->chunked = stream && !c->how.close && c->how.status == 0;
	due_set(&c->due, clock_mono() + seconds(c->how.delay));
	return c->how.delay > 0 ? true : pump(c);
}

/* Serves the requests that are there, one after the other. */
static void
serve_all(struct conn *c)
{
	for (;;) {
		struct request r = { 0 };
		struct err e = ERR_INIT;
		size_t n = c->busy ? 0 : request_parse(&c->in, &r);
		bool there;
		if (n == 0)
			return;
		buf_consume(&c->in, n);
		c->busy = true;
		srv.requests++;
		if (++srv.busy > srv.most_busy)
			srv.most_busy = srv.busy;
		if (srv.log >= 0 &&
		    request_log(srv.log, srv.requests, &r, &e) < 0)
			die(&e);
		there = serve(c, &r);
		request_release(&r);
		if (!there)
			return;
	}
}

static void
on_readable(struct conn *c)
{
	char bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close_conn(c, false);
		return;
	}
	buf_add(&c->in, bytes, (size_t)n);
	serve_all(c);
}

static void
on_connection(void)
{
	static const int on = 1;
	struct epoll_event ev = { .events = EPOLLIN };
	struct conn *c;
	int fd;

	while ((fd = accept4(srv.listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c = xcalloc(1, sizeof(*c));
		c->fd = fd;
		c->due.at = INT64_MAX;
		ev.data.ptr = c;
		epoll_ctl(srv.ep, EPOLL_CTL_ADD, fd, &ev);
		srv.connections++;
		if (++srv.open > srv.most_open)
			srv.most_open = srv.open;
	}
}

static void
listen_on(int64_t port, struct err *e)
{
	static const int on = 1;
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN };
	socklen_t len = sizeof(a);

	srv.ep = epoll_create1(EPOLL_CLOEXEC);
	srv.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	setsockopt(srv.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(srv.listener, (struct sockaddr *)&a, len) < 0 ||
	    listen(srv.listener, 4096) < 0 ||
	    getsockname(srv.listener, (struct sockaddr *)&a, &len) < 0 ||
	    epoll_ctl(srv.ep, EPOLL_CTL_ADD, srv.listener, &ev) < 0) {
		err_sys(e, ST_SYSTEM, "cannot listen");
		die(e);
	}
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
}

static void
run_due(void)
{
	const struct due *first;

	while ((first = due_first()) && first->at <= clock_mono()) {
		struct conn *c = (struct conn *)(uintptr_t)first;
		due_set(&c->due, INT64_MAX);
		/* the kernel still has the part before */
		if (c->written < c->out.len)
			due_set(&c->due, clock_mono() + CLOCK_MS);
		else if (pump(c))
			serve_all(c);
	}
}

static void __attribute__((noreturn))
loop(void)
{
	struct epoll_event ev[256];

	for (;;) {
		const struct due *first = due_first();
		struct deadline d = { first ? first->at : INT64_MAX };
		int64_t left = deadline_left(d);
		struct timespec ts = { left / CLOCK_SEC, left % CLOCK_SEC };
		int n = epoll_pwait2(srv.ep, ev, 256,
		    d.at == INT64_MAX ? NULL : &ts, NULL);
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;
			if (!c)
				on_connection();
			else if ((ev[i].events & EPOLLOUT) && !flush(c))
				continue;
			else if (ev[i].events & (EPOLLIN | EPOLLHUP |
			    EPOLLERR))
				on_readable(c);
		}
		run_due();
	}
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int64_t port = 0;
	pid_t parent = getppid();
	int c;

	err_set_program("model-server");
	while ((c = getopt(argc, argv, "e:k:l:p:")) != -1) {
		if (c == 'e' && scenario_add(optarg, &e) < 0)
			die(&e);
		else if (c == 'k')
			srv.key = optarg;
		else if (c == 'l')
			srv.log = open(optarg, O_WRONLY | O_CREAT | O_APPEND |
			    O_CLOEXEC, 0666);
		else if (c != 'e' && (c != 'p' ||
		    num_parse_int(optarg, 0, 65535, &port) < 0))
			return ST_USAGE;
	}
	if ((optind < argc && scenario_add_file(argv[optind], &e) < 0) ||
	    scenario_add("{}", &e) < 0)
		die(&e);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 1;
	listen_on(port, &e);
	loop();
}
