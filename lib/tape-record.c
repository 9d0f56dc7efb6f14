/*
 * tape-record: a proxy that writes down what passes.
 *
 * The answer is passed on as it comes and kept, piece by piece with its time.
 * Of the request's header nothing is kept, of the answer's only what a client
 * acts upon.  The keys that went by are blanked wherever they occur.
 */
#include "config.h"

#include "tape.h"

#include <fcntl.h>
#include <strings.h>

#include "alloc.h"
#include "base64.h"
#include "env.h"
#include "fd.h"
#include "http.h"
#include "json.h"
#include "tape-impl.h"
#include "utf8.h"

enum {
	QUEUE_MAX = 1 << 20,	/* bytes that a slow client may be behind */
	SECRET_MIN = 6,
	SECRETS_MAX = 8
};

struct recorder {
	const struct tape_options *o;
	struct serve *serve;
	struct http *http;
	int fd;
	const char *upstreams[8];	/* by route */
	struct err failed;		/* writing */
};

/* One exchange. */
struct pass {
	struct recorder *r;
	struct serve_conn *client;	/* NULL: it left */
	struct http_call *call;
	char *body;
	char *url;
	const char **headers;
	char *secrets[SECRETS_MAX];
	size_t nsecrets;
	struct buf held;		/* a character that is not complete */
	jv line, chunks;
	int64_t began;
	bool paused, has_head;
};

static void
pass_free(struct pass *p)
{
	for (size_t i = 0; i < p->nsecrets; i++)
		free(p->secrets[i]);
	free(p->headers);
	free(p->body);
	free(p->url);
	buf_release(&p->held);
	json_release(&p->line);
	json_release(&p->chunks);
	free(p);
}

/* Secrets. */

static void
add_secret(struct pass *p, const char *s, size_t len)
{
	if (len >= SECRET_MIN && p->nsecrets < SECRETS_MAX)
		p->secrets[p->nsecrets++] = xstrndup(s, len);
}

static void
find_secrets(struct pass *p, const struct serve_request *rq)
{
	static const char *const fields[] = {
		"authorization", "x-api-key", "api-key", "x-goog-api-key",
		"cookie", "proxy-authorization"
	};
	const char *query = strchr(rq->target, '?');

	for (size_t i = 0; i < rq->count; i++)
		for (size_t k = 0; k < sizeof(fields) / sizeof(*fields); k++)
			if (strcasecmp(rq->fields[i].name, fields[k]) == 0) {
				const char *v = rq->fields[i].value;
				const char *space = strchr(v, ' ');
				v = space ? space + 1 : v;
				add_secret(p, v, strlen(v));
			}
	while (query) {
		if (strncmp(query + 1, "key=", 4) == 0)
			add_secret(p, query + 5, strcspn(query + 5, "&"));
		query = strchr(query + 1, '&');
	}
}

static char *
blank(const struct pass *p, char *text)
{
	for (size_t i = 0; i < p->nsecrets; i++) {
		struct buf out = BUF_INIT;
		const char *at = text, *found;
		size_t n = strlen(p->secrets[i]);
		buf_reset(&out);
		while ((found = strstr(at, p->secrets[i])) != NULL) {
			buf_add(&out, at, (size_t)(found - at));
			buf_adds(&out, "***");
			at = found + n;
		}
		buf_adds(&out, at);
		free(text);
		text = buf_steal(&out);
	}
	return text;
}

/* Writing down. */

static jv
request_json(const struct serve_request *rq)
{
	AUTO_JV jv body = JSON_NONE;
	struct err ignored = ERR_INIT;
	jv o = json_object();

	json_set_str(&o, "method", rq->method);
	json_set(&o, "path", json_from_bytes(rq->target,
	    strcspn(rq->target, "?")));
	if (rq->body_len == 0)
		return o;
	if (json_parse(rq->body, rq->body_len, &body, &ignored) == 0)
		json_set(&o, "body", json_copy(&body));
	else
		json_set(&o, "text", json_from_bytes(rq->body, rq->body_len));
	return o;
}

/* How many of the bytes are whole characters; -1: it is no UTF-8. */
static ssize_t
whole(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t c;
		size_t n = utf8_decode(s + i, len - i, &c);

		if (n == 0)
			return len - i < UTF8_MAX ? (ssize_t)i : -1;
		i += n;
	}
	return (ssize_t)len;
}

static void
add_chunk(struct pass *p, const char *data, size_t len)
{
	double at = (double)(clock_mono() - p->began) / (double)CLOCK_SEC;
	jv chunk = json_array();
	ssize_t n;

	buf_add(&p->held, data, len);
	n = whole(p->held.data, p->held.len);
	json_append(&chunk, json_from_num((double)(int64_t)(at * 1e6) / 1e6));
	if (n < 0) {
		AUTO_BUF struct buf out = BUF_INIT;
		base64_encode(p->held.data, p->held.len, &out);
		json_append(&chunk, json_null());
		json_append(&chunk, json_from_bytes(out.data, out.len));
		n = (ssize_t)p->held.len;
	} else {
		json_append(&chunk, json_from_bytes(p->held.data, (size_t)n));
	}
	buf_consume(&p->held, (size_t)n);
	json_append(&p->chunks, chunk);
}

static void
write_down(struct pass *p, bool cut)
{
	struct err *e = &p->r->failed;

	if (p->held.len > 0) {
		/* the end of it will not come */
		AUTO_BUF struct buf out = BUF_INIT;
		jv chunk = json_array();
		base64_encode(p->held.data, p->held.len, &out);
		json_append(&chunk, json_from_num((double)(clock_mono() -
		    p->began) / (double)CLOCK_SEC));
		json_append(&chunk, json_null());
		json_append(&chunk, json_from_bytes(out.data, out.len));
		json_append(&p->chunks, chunk);
	}
	json_set(&p->line, "chunks", json_copy(&p->chunks));
	if (cut)
		json_set_bool(&p->line, "cut", true);
	AUTO_FREE char *text = blank(p, json_text(&p->line));
	AUTO_FREE char *line = xasprintf("%s\n", text);
	if (e->status == ST_OK)
		fd_write(p->r->fd, line, strlen(line), e);
}

/* What comes from the server. */

/* What a client acts upon, and no cookie or identity. */
static bool
is_kept(const char *name)
{
	static const char *const kept[] = {
		"content-type", "retry-after", "x-should-retry",
		"request-id", "x-request-id", "content-encoding"
	};
	static const char *const families[] = {
		"x-ratelimit-", "anthropic-ratelimit-", "ratelimit-"
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (strcasecmp(name, kept[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (strncasecmp(name, families[i], strlen(families[i])) == 0)
			return true;
	return false;
}

static int
on_head(void *ctx, const struct http_head *head, struct err *e)
{
	struct pass *p = ctx;
	AUTO_JV jv fields = json_object();

	(void)e;
	p->has_head = true;
	for (size_t i = 0; i < head->count; i++) {
		AUTO_FREE char *name = xstrdup(head->fields[i].name);
		if (!is_kept(name))
			continue;
		for (char *s = name; *s; s++)
			*s = (char)(*s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s);
		json_set_str(&fields, name, head->fields[i].value);
	}
	json_set_int(&p->line, "status", head->status);
	json_set(&p->line, "headers", json_copy(&fields));
	if (p->client)
		serve_head(p->client, head->status, head->fields,
		    head->count);
	return 0;
}

static int
on_body(void *ctx, const char *data, size_t len, struct err *e)
{
	struct pass *p = ctx;

	(void)e;
	add_chunk(p, data, len);
	if (!p->client)
		return 0;
	serve_body(p->client, data, len);
	if (serve_queued(p->client) > QUEUE_MAX && !p->paused) {
		p->paused = true;
		http_pause(p->call, true);
	}
	return 0;
}

static void
on_done(void *ctx, const struct err *e)
{
	static const struct http_field type = { "content-type",
		"application/json" };
	struct pass *p = ctx;

	if (e)
		err_warn("%s %s: %s", json_path_str(&p->line,
		    "request.method"), json_path_str(&p->line,
		    "request.path"), e->text);
	if (p->has_head)
		write_down(p, e != NULL);
	if (p->client && e && !p->has_head) {
		AUTO_JV jv why = json_object(), body = json_object();
		json_set_str(&why, "message", e->text);
		json_set_str(&why, "type", "unreachable");
		json_set(&body, "error", json_copy(&why));
		AUTO_FREE char *text = json_text(&body);
		serve_head(p->client, 502, &type, 1);
		serve_body(p->client, text, strlen(text));
		serve_end(p->client);
	} else if (p->client && e) {
		serve_abort(p->client);
	} else if (p->client) {
		serve_end(p->client);
	}
	pass_free(p);
}

static const struct http_events from_server = { on_head, on_body, on_done };

/* What comes from the client. */

static char *
url_of(const struct recorder *r, const char *target)
{
	const struct tape_route *route = tape_route_of(target);

	if (r->o->to)
		return xasprintf("%s%s", r->o->to, target);
	return xasprintf("%s%s", r->upstreams[route - tape_routes],
	    target + strlen(route->prefix));
}

static bool
is_passed(const char *name)
{
	static const char *const ours[] = {
		"host", "content-length", "transfer-encoding", "connection",
		"keep-alive", "accept-encoding", "expect", "te", "trailer",
		"upgrade", "proxy-connection"
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return false;
	return true;
}

/* "Name: value", then NULL, in one allocation with the texts behind. */
static const char **
headers_of(const struct serve_request *rq)
{
	size_t size = (rq->count + 1) * sizeof(char *), n = 0;
	const char **list;
	char *text;

	for (size_t i = 0; i < rq->count; i++)
		size += strlen(rq->fields[i].name) +
		    strlen(rq->fields[i].value) + 3;
	list = xcalloc(size, 1);
	text = (char *)(list + rq->count + 1);
	for (size_t i = 0; i < rq->count; i++) {
		if (!is_passed(rq->fields[i].name))
			continue;
		list[n++] = text;
		text = stpcpy(text, rq->fields[i].name);
		text = stpcpy(text, ": ");
		text = stpcpy(text, rq->fields[i].value) + 1;
	}
	return list;
}

static void
on_request(void *ctx, struct serve_conn *c, const struct serve_request *rq)
{
	struct recorder *r = ctx;
	struct pass *p = xcalloc(1, sizeof(*p));
	char when[TIMESTAMP_LEN + 1];
	struct err e = ERR_INIT;
	struct http_request out = { 0 };

	p->r = r;
	p->client = c;
	p->line = json_object();
	p->chunks = json_array();
	p->began = clock_mono();
	timestamp_format(clock_wall(), when);
	json_set_str(&p->line, "time", when);
	json_set(&p->line, "request", request_json(rq));
	find_secrets(p, rq);
	p->url = url_of(r, rq->target);
	p->headers = headers_of(rq);
	p->body = xstrndup(rq->body ? rq->body : "", rq->body_len);
	out = (struct http_request){ .method = rq->method, .url = p->url,
		.headers = p->headers, .until = DEADLINE_NEVER,
		.body = rq->body_len ? p->body : NULL,
		.body_len = rq->body_len };
	serve_set(c, p);
	p->call = http_start(r->http, &out, &from_server, p, &e);
	if (!p->call)
		on_done(p, &e);
}

/* The answer is still worth keeping: read it to its end. */
static void
on_gone(void *ctx, struct serve_conn *c)
{
	struct pass *p = serve_get(c);

	(void)ctx;
	if (!p)
		return;
	p->client = NULL;
	if (p->paused)
		http_pause(p->call, false);
	p->paused = false;
}

static void
on_drained(void *ctx, struct serve_conn *c)
{
	struct pass *p = serve_get(c);

	(void)ctx;
	if (p && p->paused) {
		p->paused = false;
		http_pause(p->call, false);
	}
}

/* The loop. */

static struct deadline
due(void *ctx)
{
	struct recorder *r = ctx;

	return http_due(r->http);
}

static int
step(void *ctx, struct err *e)
{
	struct recorder *r = ctx;

	if (http_step(r->http, e) < 0)
		return -1;
	if (r->failed.status != ST_OK) {
		*e = r->failed;
		return err_prefix(e, "'%s'", r->o->file);
	}
	return 0;
}

static bool
busy(void *ctx)
{
	struct recorder *r = ctx;

	return http_active(r->http) > 0;
}

static int
run(struct recorder *r, int *ret_status, struct err *e)
{
	struct tape_loop loop = { .serve = r->serve, .fd = http_fd(r->http),
		.ctx = r, .due = due, .step = step, .busy = busy };
	char *upstreams[8] = { NULL };
	int result;

	for (size_t i = 0; tape_routes[i].env; i++) {
		const char *value = env_get(tape_routes[i].env);
		char *url = value ? xasprintf("%s%s", strstr(value, "://") ?
		    "" : "http://", value) : xstrdup(tape_routes[i].upstream);
		size_t n = strlen(url);
		while (n > 0 && url[n - 1] == '/')
			url[--n] = '\0';
		r->upstreams[i] = upstreams[i] = url;
	}
	tape_lead_here(r->o, serve_port(r->serve));
	if (!r->o->argv)
		err_warn("listening on http://127.0.0.1:%d",
		    serve_port(r->serve));
	result = tape_run(r->o, &loop, ret_status, e);
	for (size_t i = 0; tape_routes[i].env; i++)
		free(upstreams[i]);
	return result;
}

int
tape_record(const struct tape_options *o, int *ret_status, struct err *e)
{
	static const struct serve_events events = {
		on_request, on_gone, on_drained
	};
	struct recorder r = { .o = o };
	AUTO_FD int fd = open(o->file, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);
	int result = -1;

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'",
		    o->file);
	r.fd = fd;
	if ((r.http = http_new(0, e)) &&
	    serve_open(o->port, &events, &r, &r.serve, e) == 0)
		result = run(&r, ret_status, e);
	http_free(r.http);
	serve_close(r.serve);
	return result;
}
