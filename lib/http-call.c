/*
 * http-call: one request, as libcurl sees it: what it is told, what it calls
 * back, how long each phase may last and what its verdict means.
 */
#include "config.h"

#include "http-impl.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "alloc.h"
#include "env.h"
#include "num.h"

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

static int64_t
after(int64_t since, int64_t ns)
{
	int64_t at;

	if (ns <= 0 || __builtin_add_overflow(since, ns, &at))
		return INT64_MAX;
	return at;
}

int64_t
http_call_due(const struct http_call *c, int64_t *ret_limit)
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

/* A timer of this call may end before those that were seen. */
static void
look_again(struct http_call *c)
{
	struct http *h = c->http;
	int64_t limit;
	struct deadline at = { http_call_due(c, &limit) };

	h->look_at = deadline_min(h->look_at, at);
}

static void
enter(struct http_call *c, enum phase phase)
{
	c->since = clock_mono();
	if (c->phase == WAITING)
		c->progress = c->since;
	c->phase = phase;
	look_again(c);
}

/* What curl calls. */

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
	long status = 0, version = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return 0;
	curl_easy_getinfo(c->easy, CURLINFO_HTTP_VERSION, &version);
	c->http->one_each |= version < CURL_HTTP_VERSION_2_0;
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

/* Of a body that comes in pieces. */
static size_t
on_read(char *data, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	ssize_t got = c->source.read(c->source.ctx ? c->source.ctx : c->ctx,
	    data, size * n);

	c->since = clock_mono();
	return got == HTTP_LATER ? CURL_READFUNC_PAUSE :
	    got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int
on_seek(void *ctx, curl_off_t to, int origin)
{
	const struct http_call *c = ctx;

	return to == 0 && origin == SEEK_SET &&
	    c->source.rewind(c->source.ctx ? c->source.ctx : c->ctx) ?
	    CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK;
}

/* What a call was, but its handle. */
static void
free_call(struct http_call *c)
{
	struct http *h = c->http;
	CURL *easy = c->easy;

	if (c->prev)
		c->prev->next = c->next;
	else if (h->first == c)
		h->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	curl_multi_remove_handle(h->multi, easy);
	curl_slist_free_all(c->headers);
	free((void *)(uintptr_t)c->head.fields);
	free(c->origin);
	*c = (struct http_call){ .easy = easy, .next = h->spare };
	h->spare = c;
}

void
http_call_free_spare(struct http *h)
{
	struct http_call *c;

	while ((c = h->spare)) {
		h->spare = c->next;
		curl_easy_cleanup(c->easy);
		free(c);
	}
}

/* What is the same for every request. */
static void
set_always(struct http_call *c)
{
	CURL *easy = c->easy;
	const char *ca = env_get("CURL_CA_BUNDLE");

	/* libcurl itself does not look, curl(1) does */
	if (!ca)
		ca = env_get("SSL_CERT_FILE");
	if (ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca);

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
	curl_easy_setopt(easy, CURLOPT_USERAGENT,
	    PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* ours counts; curl's own default would end a call that waits */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L * 24 * 3600);
}

static void
set_source(struct http_call *c, const struct http_source *source)
{
	CURL *easy = c->easy;

	c->source = *source;
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)source->len);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, c);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, c);
}

static void
set_request(struct http_call *c, const struct http_request *rq)
{
	CURL *easy = c->easy;

	/* the handle may have served another: each of these is set anew */
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (rq->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, rq->body);
	} else if (rq->source) {
		set_source(c, rq->source);
	} else if (rq->method && strcmp(rq->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	/* waiting for 100-continue costs a round trip or a second */
	if (rq->body || rq->source)
		c->headers = curl_slist_append(c->headers, "Expect:");
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, rq->method);
	for (size_t i = 0; rq->headers && rq->headers[i]; i++)
		c->headers = curl_slist_append(c->headers, rq->headers[i]);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, rq->unix_socket);
}

/* 0, or -1 when it cannot be: the URL. */
static int
set_up(struct http_call *c, const struct http_request *rq)
{
	CURL *easy = c->easy;
	bool tls = strncasecmp(rq->url, "https:", 6) == 0;

	set_request(c, rq);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, tls ?
	    (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
	/* rather share an HTTP/2 connection than open another */
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
	if (!tls && strncasecmp(rq->url, "http:", 5) != 0)
		return -1;
	c->http->one_each |= !tls;
	return curl_easy_setopt(easy, CURLOPT_URL, rq->url) == CURLE_OK ?
	    0 : -1;
}

/* One that has ended, or a new one; NULL when there is no memory. */
static struct http_call *
take_call(struct http *h)
{
	struct http_call *c = h->spare;

	if (c) {
		h->spare = c->next;
		c->next = NULL;
		return c;
	}
	c = xcalloc(1, sizeof(*c));
	c->easy = curl_easy_init();
	if (!c->easy) {
		free(c);
		return NULL;
	}
	set_always(c);
	return c;
}

struct http_call *
http_start(struct http *h, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	struct http_call *c = take_call(h);

	if (!c) {
		err_set(e, ST_SYSTEM, "cannot start a request");
		return NULL;
	}
	c->http = h;
	c->events = *events;
	c->ctx = ctx;
	c->timers = rq->timers;
	c->until = rq->until;
	c->origin = origin_of(rq->url);
	if (set_up(c, rq) < 0) {
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
	look_again(c);
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
http_more(struct http_call *c)
{
	c->resume = true;
	c->http->resume = true;
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
http_limit(struct http_call *c, struct deadline until)
{
	c->until = until;
	c->http->look_at = deadline_min(c->http->look_at, c->until);
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

void
http_call_end(struct http_call *c, CURLcode code)
{
	struct err e = ERR_INIT;

	if (code == CURLE_OK) {
		finish(c, NULL);
		return;
	}
	failure(c, code, &e);
	finish(c, &e);
}

void
http_call_expire(struct http_call *c, int64_t limit)
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
