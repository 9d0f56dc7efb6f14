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

#include "http-impl.h"

#include <errno.h>
#include <sys/epoll.h>

#include "alloc.h"
#include "fd.h"
#include "spool.h"

/* A server that speaks HTTP/2 serves as many at once on one connection, or
 * more: 100 is what it is advised to. */
enum { STREAMS = 32 };

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
		/* libcurl would open one for each that waits meanwhile;
		 * with HTTP/1 they are all needed, see widen() */
		size_t few = connections / STREAMS + 2;
		h->connections = connections;
		curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
		    (long)(few < connections ? few : connections));
		curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
		    (long)connections);
	}
	return h;
}

/* A server takes one request at a time on a connection: each call that waits
 * may have its own.  libcurl wakes but one of them for each that ends, so they
 * are given to it anew. */
static void
widen(struct http *h)
{
	if (!h->one_each || h->connections == 0)
		return;
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	    (long)h->connections);
	h->connections = 0;
	for (struct http_call *c = h->first; c; c = c->next) {
		if (c->phase != WAITING)
			continue;
		curl_multi_remove_handle(h->multi, c->easy);
		curl_multi_add_handle(h->multi, c->easy);
	}
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	while (h->first)
		http_cancel(h->first);
	http_call_free_spare(h);
	curl_multi_cleanup(h->multi);
	close(h->ep);
	free(h);
	curl_global_cleanup();
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

static void
take_finished(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_call *c = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		http_call_end(c, code);
	}
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
		at = http_call_due(c, &limit);
		if (at <= now) {
			/* `done` may cancel any other, so start again */
			http_call_expire(c, limit);
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
	widen(h);
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

/* http_fetch() and http_save() as events. */
struct fetch {
	size_t limit;
	struct buf *out;
	struct spool *to;		/* of a success; or NULL */
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
	if (f->to && f->status >= 200 && f->status < 300)
		return spool_add(f->to, data, len, e);
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

static int
fetch(struct http *h, const struct http_request *rq, const volatile int *stop,
    struct fetch *f, struct err *e)
{
	static const struct http_events events = {
		fetch_head, fetch_body, fetch_done
	};
	struct http_call *c = http_start(h, rq, &events, f, e);

	f->e = e;
	if (!c)
		return -1;
	while (!f->done) {
		int r = http_step(h, e);

		if (r > 0 || (r == 0 && fd_wait(h->ep, POLLIN, http_due(h),
		    stop, e) >= 0))
			continue;
		http_cancel(c);
		f->status = -1;
		f->done = true;
	}
	return f->status;
}

int
http_fetch(struct http *h, const struct http_request *rq, size_t limit,
    const volatile int *stop, struct buf *out, char **type, struct err *e)
{
	struct fetch f = { .limit = limit, .out = out };
	int status = fetch(h, rq, stop, &f, e);

	if (type && status >= 0)
		*type = STEAL(f.type);
	free(f.type);
	return status;
}

int
http_save(struct http *h, const struct http_request *rq, size_t limit,
    const volatile int *stop, struct spool *to, struct buf *refusal,
    struct err *e)
{
	struct fetch f = { .limit = limit, .out = refusal, .to = to };
	int status = fetch(h, rq, stop, &f, e);

	free(f.type);
	return status;
}
