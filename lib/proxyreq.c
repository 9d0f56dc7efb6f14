/* proxyreq: what a client of the sandbox's proxy asks for. */
#include "config.h"

#include "proxyreq.h"

#include <strings.h>

#include "alloc.h"
#include "httphead.h"

void
proxyreq_release(struct proxyreq *r)
{
	buf_release(&r->head);
}

static void
bad(struct proxyreq *r, int status)
{
	r->kind = PROXYREQ_BAD;
	r->status = status;
}

/* The header lines, without those of this hop and Host, which we set. */
static void
add_headers(struct proxyreq *r, const struct httphead *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct httphead_field *f = &h->fields[i];
		if (httphead_is(&f->name, "Host") || httphead_hop(h, f))
			continue;
		buf_add(&r->head, f->name.at, f->name.len);
		buf_adds(&r->head, ": ");
		buf_add(&r->head, f->value.at, f->value.len);
		buf_adds(&r->head, "\r\n");
	}
}

/* "http://host[:port]/path": the request line for the host itself. */
static bool
read_uri(struct proxyreq *r, const struct httphead *h)
{
	static const char scheme[] = "http://";
	const size_t skip = sizeof(scheme) - 1;
	const char *host = h->target.at + skip, *path;
	const char *end = h->target.at + h->target.len;

	if (h->target.len <= skip ||
	    strncasecmp(h->target.at, scheme, skip) != 0)
		return false;
	for (path = host; path < end && !strchr("/?#", *path); path++)
		if (*path == '@')
			return false;
	if (!nethost_parse(&r->host, host, (size_t)(path - host), 80))
		return false;
	buf_add(&r->head, h->method.at, h->method.len);
	buf_adds(&r->head, path < end && *path == '/' ? " " : " /");
	buf_add(&r->head, path, (size_t)(end - path));
	buf_addf(&r->head, " HTTP/1.1\r\nHost: ");
	buf_add(&r->head, host, (size_t)(path - host));
	/* one request a connection: the next may be for another host */
	buf_adds(&r->head, "\r\nConnection: close\r\n");
	add_headers(r, h);
	buf_adds(&r->head, "\r\n");
	return true;
}

static void
parse_http(struct proxyreq *r, const char *data, size_t len)
{
	struct httphead h;
	int status;

	switch (httphead_parse(&h, data, len, &status)) {
	case 0:
		return;
	case -1:
		bad(r, status);
		return;
	}
	r->used = h.used;
	if (h.method.len == 7 && strncmp(h.method.at, "CONNECT", 7) == 0) {
		r->kind = PROXYREQ_CONNECT;
		if (!nethost_parse(&r->host, h.target.at, h.target.len, 0))
			bad(r, 400);
	} else if (h.target.at[0] == '/') {
		r->kind = PROXYREQ_LOCAL;
	} else {
		r->kind = PROXYREQ_HTTP;
		if (!read_uri(r, &h))
			bad(r, 400);
	}
}

/* RFC 1928 */
static void
parse_greeting(struct proxyreq *r, const unsigned char *d, size_t len)
{
	r->kind = PROXYREQ_MORE;
	if (len < 2 || len < 2u + d[1])
		return;
	r->kind = PROXYREQ_GREETING;
	r->used = 2u + d[1];
	r->method_ok = memchr(d + 2, 0, d[1]) != NULL;
}

static void
parse_socks(struct proxyreq *r, const unsigned char *d, size_t len)
{
	char text[64];
	size_t address, need;
	uint16_t port;
	bool good;

	r->kind = PROXYREQ_MORE;
	if (len < 5)
		return;
	if (d[0] != 5 || d[1] != 1 || d[2] != 0) {
		bad(r, 7);	/* command not supported */
		return;
	}
	address = d[3] == 1 ? 4 : d[3] == 4 ? 16 : d[3] == 3 ? 1u + d[4] : 0;
	if (address == 0) {
		bad(r, 8);	/* address type not supported */
		return;
	}
	need = 4 + address + 2;
	if (len < need)
		return;
	port = (uint16_t)(d[need - 2] << 8 | d[need - 1]);
	if (d[3] == 3) {
		good = nethost_set(&r->host, (const char *)d + 5, d[4], port);
	} else {
		snprintf(text, sizeof(text), "%u.%u.%u.%u", d[4], d[5], d[6],
		    d[7]);
		if (d[3] == 4) {
			int n = 0;
			for (size_t i = 0; i < 16; i += 2)
				n += snprintf(text + n,
				    sizeof(text) - (size_t)n, "%s%x",
				    i ? ":" : "", d[4 + i] << 8 | d[5 + i]);
		}
		good = nethost_set(&r->host, text, strlen(text), port);
	}
	r->kind = PROXYREQ_SOCKS;
	r->used = need;
	if (!good)
		bad(r, 1);
}

void
proxyreq_parse(struct proxyreq *r, const char *data, size_t len, bool greeted)
{
	const unsigned char *bytes = (const unsigned char *)data;

	*r = (struct proxyreq){ .kind = PROXYREQ_MORE };
	if (greeted || (len > 0 && bytes[0] == 5)) {
		r->socks = true;
		if (greeted)
			parse_socks(r, bytes, len);
		else
			parse_greeting(r, bytes, len);
		return;
	}
	parse_http(r, data, len);
}
