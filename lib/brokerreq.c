/* brokerreq: what a client of the credential broker asks for. */
#include "config.h"

#include "brokerreq.h"

#include <ctype.h>
#include <strings.h>

#include "alloc.h"
#include "httphead.h"
#include "num.h"

enum { CHUNK_LINE_MAX = 1024 };

void
brokerreq_release(struct brokerreq *r)
{
	free(r->method);
	free(r->target);
	strs_release(&r->headers);
	*r = (struct brokerreq)BROKERREQ_INIT;
}

static int
refuse(struct brokerreq *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return -1;
}

/*
 * Not passed on: what another reader could take for an account of the
 * command's own, a method that is not allowed, or a body that we could not
 * look into for the secret.
 */
static bool
is_dropped(const struct httphead_part *name, const struct inject *rule)
{
	static const char *const names[] = {
		"Accept-Encoding", "Api-Key", "Authorization",
		"Content-Length", "Cookie", "Expect", "Host",
		"Transfer-Encoding", "X-Api-Key", "X-Goog-Api-Key",
		"X-HTTP-Method", "X-HTTP-Method-Override",
		"X-Method-Override"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (httphead_is(name, names[i]))
			return true;
	return httphead_is(name, rule->header);
}

static int
take_headers(struct brokerreq *r, const struct inject *rule,
    const struct httphead *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct httphead_field *f = &h->fields[i];
		for (size_t j = 0; j < f->value.len; j++)
			if (iscntrl((unsigned char)f->value.at[j]) &&
			    f->value.at[j] != '\t')
				return refuse(r, 400, "malformed request");
		if (is_dropped(&f->name, rule) || httphead_hop(h, f))
			continue;
		/* as curl wants a field that is empty */
		strs_addf(&r->headers, "%.*s%s%.*s", (int)f->name.len,
		    f->name.at, f->value.len > 0 ? ": " : ";",
		    (int)f->value.len, f->value.at);
	}
	return 0;
}

/* A character of a path; those that some servers take for others as they. */
static char
plain(const char **p, const char *end)
{
	static const struct { char code[4]; char is; } same[] = {
		{ "%2e", '.' }, { "%2f", '/' }, { "%5c", '/' }
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (end - *p >= 3 && strncasecmp(*p, same[i].code, 3) == 0) {
			*p += 3;
			return same[i].is;
		}
	return *(*p)++ == '\\' ? '/' : (*p)[-1];
}

/* Whether a path has "." or ".." in it, however they are written. */
static bool
climbs(const char *path, const char *end)
{
	size_t dots = 0, others = 0;

	for (const char *p = path; p < end;) {
		char c = plain(&p, end);
		if (c == '/') {
			if (others == 0 && (dots == 1 || dots == 2))
				return true;
			dots = others = 0;
		} else if (c == '.') {
			dots++;
		} else {
			others++;
		}
	}
	return others == 0 && (dots == 1 || dots == 2);
}

/* Whether a path is one of the rule's, or below one. */
static bool
is_path_of(const struct inject *rule, const char *path, size_t len)
{
	for (size_t i = 0; i < rule->paths.n; i++) {
		const char *p = rule->paths.v[i];
		size_t n = strlen(p);
		if (n <= len && memcmp(p, path, n) == 0 && (n == 0 ||
		    n == len || p[n - 1] == '/' || path[n] == '/'))
			return true;
	}
	return false;
}

static int
take_target(struct brokerreq *r, const struct inject *rule,
    const struct httphead_part *t)
{
	const char *query = memchr(t->at, '?', t->len);

	for (size_t i = 0; i < t->len; i++)
		if ((unsigned char)t->at[i] >= 0x7f || t->at[i] == '#')
			return refuse(r, 400, "malformed request");
	if (t->at[0] != '/')
		return refuse(r, 400, "not a request for this endpoint");
	r->path_len = query ? (size_t)(query - t->at) : t->len;
	r->target = xstrndup(t->at, t->len);
	if (climbs(r->target, r->target + r->path_len) ||
	    !is_path_of(rule, r->target, r->path_len))
		return refuse(r, 403, "path not allowed");
	return 0;
}

static bool
is_host(const struct httphead_part *host, uint16_t port)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };

	for (size_t i = 0; host && i < sizeof(names) / sizeof(*names); i++) {
		AUTO_FREE char *full = xasprintf("%s:%u", names[i], port);
		if (httphead_is(host, full))
			return true;
	}
	return false;
}

static int
take_body(struct brokerreq *r, const struct httphead *h)
{
	const struct httphead_part *length =
	    httphead_field(h, "Content-Length");
	const struct httphead_part *coding =
	    httphead_field(h, "Transfer-Encoding");
	const struct httphead_part *expect = httphead_field(h, "Expect");

	if (length) {
		AUTO_FREE char *text = xstrndup(length->at, length->len);
		if (strspn(text, "0123456789") != length->len ||
		    num_parse_int(text, 0, INT64_MAX, &r->length) < 0)
			return refuse(r, 400, "malformed request");
	}
	if (coding && (r->old || !httphead_is(coding, "chunked")))
		return refuse(r, 400, "malformed request");
	if (expect && !httphead_is(expect, "100-continue"))
		return refuse(r, 417, "malformed request");
	r->chunked = coding != NULL;
	r->body = coding || length;
	r->waits = expect && r->body && !r->old;
	return 0;
}

int
brokerreq_parse(struct brokerreq *r, const struct inject *rule, uint16_t port,
    const char *data, size_t len)
{
	struct httphead h;
	const struct httphead_part *host;
	int status, whole = httphead_parse(&h, data, len, &status);

	*r = (struct brokerreq)BROKERREQ_INIT;
	if (whole == 0)
		return 0;
	if (whole < 0)
		return refuse(r, status, status == 431 ?
		    "the head is too long" : "malformed request");
	r->used = h.used;
	r->old = h.minor == 0;
	r->method = xstrndup(h.method.at, h.method.len);
	host = httphead_field(&h, "Host");
	if (take_target(r, rule, &h.target) < 0)
		return -1;
	if (host ? !is_host(host, port) : !r->old)
		return refuse(r, host ? 421 : 400, "another host");
	if (!strs_has(&rule->methods, r->method))
		return refuse(r, 405, "method not allowed");
	return take_headers(r, rule, &h) < 0 || take_body(r, &h) < 0 ? -1 : 1;
}

void
framing_start(struct framing *f, const struct brokerreq *r)
{
	*f = (struct framing){ .chunked = r->chunked, .at = FRAME_SIZE };
	if (!r->chunked) {
		f->left = (uint64_t)r->length;
		f->at = f->left > 0 ? FRAME_DATA : FRAME_DONE;
	}
}

/* The line before a chunk; how long it is, 0 when it is not all there. */
static ssize_t
take_size(struct framing *f, const char *data, size_t len)
{
	const char *lf = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t i = 0, end;

	if (!lf)
		return len > CHUNK_LINE_MAX ? -1 : 0;
	end = (size_t)(lf - data);
	for (; i < end && i < 15 && isxdigit((unsigned char)data[i]); i++)
		f->left = f->left * 16 + (uint64_t)(data[i] <= '9' ?
		    data[i] - '0' : (data[i] | 0x20) - 'a' + 10);
	/* no extensions: nobody needs them, and readers differ */
	if (i == 0 || end != i + 1 || data[i] != '\r')
		return -1;
	f->at = f->left > 0 ? FRAME_DATA : FRAME_LAST;
	return (ssize_t)(end + 1);
}

/* The end of a chunk's line, or of all: no trailers. */
static ssize_t
take_crlf(struct framing *f, const char *data, size_t len)
{
	if (len > 0 && data[0] != '\r')
		return -1;
	if (len < 2)
		return 0;
	if (data[1] != '\n')
		return -1;
	f->at = f->at == FRAME_LAST ? FRAME_DONE : FRAME_SIZE;
	return 2;
}

static ssize_t
take_data(struct framing *f, const char *data, size_t len, struct buf *out)
{
	size_t n = len < f->left ? len : (size_t)f->left;

	buf_add(out, data, n);
	f->left -= n;
	if (f->left == 0)
		f->at = f->chunked ? FRAME_AFTER : FRAME_DONE;
	return (ssize_t)n;
}

int
framing_take(struct framing *f, struct buf *in, struct buf *out)
{
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && f->at != FRAME_DONE) {
		const char *data = in->data ? in->data + used : "";
		size_t len = in->len - used;

		if (len == 0)
			break;
		if (f->at == FRAME_SIZE)
			n = take_size(f, data, len);
		else if (f->at == FRAME_DATA)
			n = take_data(f, data, len, out);
		else
			n = take_crlf(f, data, len);
		used += n > 0 ? (size_t)n : 0;
	}
	buf_consume(in, used);
	return n < 0 ? -1 : f->at == FRAME_DONE;
}
