/*
 * http: HTTP over libcurl's multi interface, driven by epoll.
 *
 * curl tells which descriptors to watch and when it wants to be called; we
 * keep the descriptors in an epoll of our own, so that a loop outside polls
 * one descriptor however many calls there are, and a step costs what happened,
 * not what is open.
 *
 * The timers are ours, because curl's start too early (a call that waits for a
 * connection is already being timed) and know no progress.  A call's timer
 * only ever moves further into the future, so it is enough to look at all of
 * them when the earliest seen at the last look has come.
 */
#include "config.h"

#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "alloc.h"
#include "fd.h"
#include "num.h"

enum phase {
	WAITING,		/* for a connection to be free */
	CONNECTING,
	SENT,
	RECEIVING
};

struct http {
	CURLM *multi;
	int ep;
	struct http_call *first;
	size_t active;
	struct deadline curl_due;
	struct deadline look_at;	/* no timer ends before */
	bool happened;			/* since the step began */
	bool resume;			/* a call wants to go on */
};

struct http_call {
	struct http *http;
	struct http_call *prev, *next;
	CURL *easy;
	struct curl_slist *headers;
	struct http_events events;
	void *ctx;
	struct http_timers timers;
	struct deadline until;
	struct http_head head;
	bool has_head;
	bool inside;		/* one of our callbacks */
	bool cancelled;		/* from there */
	bool paused, resume;
	enum phase phase;
	int64_t since;		/* in this phase, or the last byte */
	int64_t progress;
	struct err e;		/* why a callback ended it */
	char *origin;		/* "http://host:port" */
	char text[CURL_ERROR_SIZE];
};

const char *
http_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	return NULL;
}

int
http_date(const char *s, int64_t *ret_wall_ns)
{
	time_t t = curl_getdate(s, NULL);

	if (t == -1)
		return -1;
	*ret_wall_ns = (int64_t)t * CLOCK_SEC;
	return 0;
}

/* Of a URL what may be shown: no path, no credentials. */
static char *
origin_of(const char *url)
{
	const char *host = strstr(url, "://"), *end, *at;

	if (!host)
		return xstrdup(url);
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	return xasprintf("%.*s%.*s", (int)(host - url), url,
	    (int)(end - (at ? at + 1 : host)), at ? at + 1 : host);
}

/* What curl calls. */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct http *h = ctx;
	struct epoll_event ev = { .data.fd = fd };

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(h->ep, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(h->ep, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT &&
	    epoll_ctl(h->ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -1;
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;

	(void)multi;
	h->curl_due = ms < 0 ? DEADLINE_NEVER : deadline_in(ms * CLOCK_MS);
	return 0;
}

static void
enter(struct http_call *c, enum phase phase)
{
	c->since = clock_mono();
	if (c->phase == WAITING)
		c->progress = c->since;
	c->phase = phase;
	/* a timer of the new phase may end before those that were seen */
	c->http->look_at = deadline_in(0);
}

static int
on_resolve(void *state, void *reserved, void *ctx)
{
	struct http_call *c = ctx;

	(void)state;
	(void)reserved;
	if (c->phase == WAITING)
		enter(c, CONNECTING);
	return 0;
}

static curl_socket_t
on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_call *c = ctx;

	(void)purpose;
	if (c->phase == WAITING)
		enter(c, CONNECTING);
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int
on_connected(void *ctx, char *ip, char *local, int port, int local_port)
{
	(void)ip;
	(void)local;
	(void)port;
	(void)local_port;
	enter(ctx, SENT);
	return CURL_PREREQFUNC_OK;
}

/* Collects the head and gives it. */
static int
give_head(struct http_call *c)
{
	struct curl_header *f = NULL;
	struct http_field *fields = NULL;
	size_t cap = 0;
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return 0;
	while ((f = curl_easy_nextheader(c->easy, CURLH_HEADER, -1, f))) {
		GROW(fields, c->head.count, cap);
		fields[c->head.count++] =
		    (struct http_field){ f->name, f->value };
	}
	c->head.status = (int)status;
	c->head.fields = fields;
	c->has_head = true;
	c->http->happened = true;
	return c->events.head ? c->events.head(c->ctx, &c->head, &c->e) : 0;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	int r = 0;

	if (c->phase != RECEIVING)
		enter(c, RECEIVING);
	c->since = clock_mono();
	/* fields after the body come here too */
	if (!c->has_head && (line[0] == '\r' || line[0] == '\n')) {
		c->inside = true;
		r = give_head(c);
		c->inside = false;
	}
	return r < 0 || c->cancelled ? CURL_WRITEFUNC_ERROR : size * n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	int r;

	if (c->paused)
		return CURL_WRITEFUNC_PAUSE;
	c->http->happened = true;
	c->inside = true;
	r = c->events.body(c->ctx, data, size * n, &c->e);
	c->inside = false;
	/* after, not before: our own time is not the server's */
	c->since = clock_mono();
	return r < 0 || c->cancelled ? CURL_WRITEFUNC_ERROR : size * n;
}

struct http *
http_new(size_t connections, struct err *e)
{
	struct http *h = xcalloc(1, sizeof(*h));

	h->ep = epoll_create1(EPOLL_CLOEXEC);
	if (h->ep < 0) {
		err_sys(e, ST_SYSTEM, "cannot create an epoll descriptor");
		free(h);
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    !(h->multi = curl_multi_init())) {
		err_set(e, ST_SYSTEM, "cannot start libcurl");
		close(h->ep);
		free(h);
		return NULL;
	}
	h->curl_due = h->look_at = DEADLINE_NEVER;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	if (connections > 0) {
		curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
		    (long)connections);
		curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
		    (long)connections);
	}
	return h;
}

static void
free_call(struct http_call *c)
{
	struct http *h = c->http;

	if (c->prev)
		c->prev->next = c->next;
	else if (h->first == c)
		h->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	curl_multi_remove_handle(h->multi, c->easy);
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	free((void *)(uintptr_t)c->head.fields);
	free(c->origin);
	free(c);
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	while (h->first)
		http_cancel(h->first);
	curl_multi_cleanup(h->multi);
	close(h->ep);
	free(h);
	curl_global_cleanup();
}

static void
set_callbacks(struct http_call *c)
{
	CURL *easy = c->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->text);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
	curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, c);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
}

static void
set_request(struct http_call *c, const struct http_request *rq)
{
	CURL *easy = c->easy;

	curl_easy_setopt(easy, CURLOPT_USERAGENT,
	    PACKAGE_NAME "/" PACKAGE_VERSION);
	if (rq->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, rq->body);
		/* waiting for 100-continue costs a round trip or a second */
		c->headers = curl_slist_append(c->headers, "Expect:");
	}
	if (rq->method)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, rq->method);
	for (size_t i = 0; rq->headers && rq->headers[i]; i++)
		c->headers = curl_slist_append(c->headers, rq->headers[i]);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, c->headers);
	if (rq->unix_socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH,
		    rq->unix_socket);
}

/* 0, or -1 when it cannot be: the URL. */
static int
set_up(struct http_call *c, const struct http_request *rq)
{
	CURL *easy = c->easy;
	bool tls = strncasecmp(rq->url, "https:", 6) == 0;

	set_callbacks(c);
	set_request(c, rq);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* ours counts; curl's own default would end a call that waits */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L * 24 * 3600);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, tls ?
	    (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	/* rather share an HTTP/2 connection than open another */
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
	if (!tls && strncasecmp(rq->url, "http:", 5) != 0)
		return -1;
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	return curl_easy_setopt(easy, CURLOPT_URL, rq->url) == CURLE_OK ?
	    0 : -1;
}

struct http_call *
http_start(struct http *h, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	struct http_call *c = xcalloc(1, sizeof(*c));

	c->http = h;
	c->events = *events;
	c->ctx = ctx;
	c->timers = rq->timers;
	c->until = rq->until;
	c->origin = origin_of(rq->url);
	c->easy = curl_easy_init();
	if (!c->easy || set_up(c, rq) < 0) {
		err_set(e, ST_CONFIG, "not an http or https URL: '%s'",
		    c->origin);
		free_call(c);
		return NULL;
	}
	c->since = c->progress = clock_mono();
	if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK) {
		err_set(e, ST_SYSTEM, "cannot start a request");
		free_call(c);
		return NULL;
	}
	c->next = h->first;
	if (h->first)
		h->first->prev = c;
	h->first = c;
	h->active++;
	h->look_at = deadline_in(0);
	return c;
}

void
http_cancel(struct http_call *c)
{
	if (c->inside) {
		/* curl is in it; on_body() tells it, finish() frees */
		c->cancelled = true;
		return;
	}
	c->http->active--;
	free_call(c);
}

void
http_progress(struct http_call *c)
{
	c->progress = clock_mono();
}

void
http_pause(struct http_call *c, bool on)
{
	c->paused = on;
	if (on)
		return;
	/* curl would give what it kept at once, from here */
	c->resume = true;
	c->http->resume = true;
}

void
http_hurry(struct http_call *c, struct deadline until)
{
	c->until = deadline_min(c->until, until);
	c->http->look_at = deadline_min(c->http->look_at, c->until);
}

size_t
http_active(const struct http *h)
{
	return h->active;
}

int
http_fd(const struct http *h)
{
	return h->ep;
}

struct deadline
http_due(const struct http *h)
{
	if (h->resume)
		return deadline_in(0);
	return deadline_min(h->curl_due, h->look_at);
}

/* What curl's verdict means. */
static int
failure(struct http_call *c, CURLcode code, struct err *e)
{
	const char *why = c->text[0] ? c->text : curl_easy_strerror(code);
	long number = 0;

	if (c->e.status != ST_OK) {
		*e = c->e;
		return -1;
	}
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &number);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return err_set(e, ST_UNAVAILABLE, "cannot connect to '%s': %s",
		    c->origin, number ? strerror((int)number) : why);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, ST_UNAVAILABLE, "cannot connect to '%s': %s",
		    c->origin, why);
	case CURLE_URL_MALFORMAT:
		return err_set(e, ST_CONFIG, "bad URL '%s'", c->origin);
	case CURLE_OUT_OF_MEMORY:
		return err_set(e, ST_SYSTEM, "out of memory");
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		if (!c->has_head)
			return err_set(e, ST_UNAVAILABLE,
			    "'%s' closed the connection without an answer",
			    c->origin);
		return err_set(e, ST_PROTOCOL,
		    "'%s' cut the connection in mid-answer", c->origin);
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2_STREAM:
		return err_set(e, ST_PROTOCOL,
		    "'%s' cut the connection in mid-answer", c->origin);
	default:
		return err_set(e, ST_PROTOCOL, "'%s': %s", c->origin, why);
	}
}

/* Ends a call: the last event, and it is gone. */
static void
finish(struct http_call *c, const struct err *e)
{
	c->http->happened = true;
	c->http->active--;
	if (!c->cancelled) {
		c->inside = true;
		c->events.done(c->ctx, e);
	}
	free_call(c);
}

static void
take_finished(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_call *c = NULL;
		struct err e = ERR_INIT;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		if (code == CURLE_OK) {
			finish(c, NULL);
			continue;
		}
		failure(c, code, &e);
		finish(c, &e);
	}
}

static int64_t
after(int64_t since, int64_t ns)
{
	int64_t at;

	if (ns <= 0 || __builtin_add_overflow(since, ns, &at))
		return INT64_MAX;
	return at;
}

/* When a call is out of time, and of which. */
static int64_t
due_of(const struct http_call *c, int64_t *ret_limit)
{
	const struct http_timers *t = &c->timers;
	int64_t limit = 0, at, slow;

	if (c->phase == CONNECTING)
		limit = t->connect;
	else if (c->phase == SENT)
		limit = t->first_byte;
	else if (c->phase == RECEIVING)
		limit = t->idle;
	at = after(c->since, limit);
	slow = after(c->progress, t->progress);
	if (c->phase != WAITING && slow < at) {
		limit = t->progress;
		at = slow;
	}
	if (c->paused)
		at = INT64_MAX;
	if (c->until.at <= at) {
		limit = 0;
		at = c->until.at;
	}
	*ret_limit = limit;
	return at;
}

static void
expire(struct http_call *c, int64_t limit)
{
	static const char *const what[] = {
		[WAITING] = "no free connection to",
		[CONNECTING] = "no connection to",
		[SENT] = "no answer from",
		[RECEIVING] = "nothing more from"
	};
	struct err e = ERR_INIT;
	char text[NUM_TEXT_MAX];

	num_format_duration(limit, text);
	if (limit == 0)
		err_set(&e, ST_TIMEOUT, "out of time: %s '%s'",
		    what[c->phase], c->origin);
	else if (c->phase == CONNECTING)
		err_set(&e, ST_UNAVAILABLE, "no connection to '%s' in %s",
		    c->origin, text);
	else
		err_set(&e, ST_TIMEOUT, "%s '%s' in %s", what[c->phase],
		    c->origin, text);
	finish(c, &e);
}

/* Ends the calls that are out of time; learns when to look again. */
static void
check_timers(struct http *h)
{
	struct http_call *c;
	int64_t now, at, limit, first = INT64_MAX;

	if (!deadline_passed(h->look_at))
		return;
	h->look_at = DEADLINE_NEVER;
	now = clock_mono();
	for (c = h->first; c;) {
		at = due_of(c, &limit);
		if (at <= now) {
			/* `done` may cancel any other, so start again */
			expire(c, limit);
			c = h->first;
			continue;
		}
		if (at < first)
			first = at;
		c = c->next;
	}
	/* what `done` started meanwhile has asked for a look of its own */
	h->look_at = deadline_min(h->look_at, (struct deadline){ first });
}

static void
go_on(struct http *h)
{
	struct http_call *c, *next;

	if (!h->resume)
		return;
	h->resume = false;
	for (c = h->first; c; c = next) {
		next = c->next;
		if (!c->resume)
			continue;
		c->resume = false;
		c->since = c->progress = clock_mono();
		if (!c->paused)
			curl_easy_pause(c->easy, CURLPAUSE_CONT);
	}
	h->look_at = deadline_in(0);
}

/* Lets curl work on what is ready; how much there was. */
static int
work(struct http *h)
{
	struct epoll_event ev[256];
	int running, n = epoll_wait(h->ep, ev, 256, 0);

	for (int i = 0; i < n; i++) {
		int mask = 0;
		if (ev[i].events & EPOLLIN)
			mask |= CURL_CSELECT_IN;
		if (ev[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (ev[i].events & (EPOLLERR | EPOLLHUP))
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(h->multi, ev[i].data.fd, mask,
		    &running);
	}
	return n;
}

int
http_step(struct http *h, struct err *e)
{
	int64_t began = clock_mono();
	int running, n, rounds = 0;

	(void)e;
	h->happened = false;
	go_on(h);
	while ((n = work(h)) > 0 && rounds++ < 16)
		take_finished(h);
	/* curl asks to be called at once more than once for one request */
	for (int i = 0; i < 8 && deadline_passed(h->curl_due); i++) {
		h->curl_due = DEADLINE_NEVER;
		curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
	take_finished(h);
	/* A reader of ours that kept us waiting is not the servers' fault:
	 * what they sent meanwhile comes first. */
	if (n == 0 || clock_mono() - began < 50 * CLOCK_MS)
		check_timers(h);
	return h->happened;
}

int
http_wait(struct http *h, struct deadline until, const volatile int *stop,
    struct err *e)
{
	for (;;) {
		int r = http_step(h, e);
		if (r != 0)
			return r;
		if (deadline_passed(until))
			return 0;
		if (fd_wait(h->ep, POLLIN, deadline_min(until, http_due(h)),
		    stop, e) < 0)
			return -1;
	}
}

/* http_fetch() as events. */
struct fetch {
	size_t limit;
	struct buf *out;
	char *type;
	int status;
	bool done;
	struct err *e;
};

static int
fetch_head(void *ctx, const struct http_head *head, struct err *e)
{
	struct fetch *f = ctx;
	const char *type = http_field(head, "content-type");

	(void)e;
	f->status = head->status;
	if (type)
		f->type = xstrdup(type);
	return 0;
}

static int
fetch_body(void *ctx, const char *data, size_t len, struct err *e)
{
	struct fetch *f = ctx;

	if (len > f->limit)
		return err_set(e, ST_DATA, "the answer is too large");
	f->limit -= len;
	buf_add(f->out, data, len);
	return 0;
}

static void
fetch_done(void *ctx, const struct err *e)
{
	struct fetch *f = ctx;

	f->done = true;
	if (e) {
		f->status = -1;
		*f->e = *e;
	}
}

int
http_fetch(struct http *h, const struct http_request *rq, size_t limit,
    const volatile int *stop, struct buf *out, char **type, struct err *e)
{
	static const struct http_events events = {
		fetch_head, fetch_body, fetch_done
	};
	struct fetch f = { .limit = limit, .out = out, .e = e };
	struct http_call *c = http_start(h, rq, &events, &f, e);

	if (!c)
		return -1;
	while (!f.done) {
		if (http_wait(h, DEADLINE_NEVER, stop, e) >= 0)
			continue;
		http_cancel(c);
		f.status = -1;
		f.done = true;
	}
	if (type && f.status >= 0)
		*type = STEAL(f.type);
	free(f.type);
	return f.status;
}
