/* proxyreq: what a client of the sandbox's proxy asks for. */
#include "config.h"

#include "proxyreq.h"

#include <ctype.h>
#include <strings.h>

#include "alloc.h"

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

/* A line without its CRLF; NULL when there is none, or a bare CR or LF. */
static const char *
next_line(const char **p, const char *end, size_t *ret_len)
{
	const char *line = *p;
	const char *lf = memchr(line, '\n', (size_t)(end - line));
	size_t n;

	if (!lf || lf == line || lf[-1] != '\r')
		return NULL;
	n = (size_t)(lf - 1 - line);
	if (memchr(line, '\r', n) || memchr(line, '\0', n))
		return NULL;
	*p = lf + 1;
	*ret_len = n;
	return line;
}

static bool
is_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    !strchr("!#$%&'*+-.^_`|~", s[i]))
			return false;
	return n > 0;
}

static bool
is_header(const char *line, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n > len && line[len] == ':' &&
	    strncasecmp(line, name, len) == 0;
}

/* What concerns this connection alone, or could be read in two ways. */
static bool
is_hop_header(const char *line, size_t n)
{
	static const char *const names[] = {
		"Connection", "Host", "Keep-Alive", "Proxy-Authenticate",
		"Proxy-Authorization", "Proxy-Connection", "TE", "Upgrade"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_header(line, n, names[i]))
			return true;
	return false;
}

/*
 * The header lines: checked, and copied to `head` without those of this hop.
 * Two lengths are what smuggling is made of.
 */
static bool
read_headers(struct proxyreq *r, const char *p, const char *end)
{
	int lengths = 0, encodings = 0, hosts = 0;
	size_t n;

	while (p < end) {
		const char *line = next_line(&p, end, &n);
		const char *colon;

		if (!line)
			return false;
		if (n == 0)
			break;
		colon = memchr(line, ':', n);
		/* also refuses a continuation line and "Name :" */
		if (!colon || !is_token(line, (size_t)(colon - line)))
			return false;
		lengths += is_header(line, n, "Content-Length");
		encodings += is_header(line, n, "Transfer-Encoding");
		hosts += is_header(line, n, "Host");
		if (is_hop_header(line, n))
			continue;
		buf_add(&r->head, line, n);
		buf_adds(&r->head, "\r\n");
	}
	return lengths <= 1 && encodings <= 1 && hosts <= 1 &&
	    lengths + encodings <= 1;
}

/* "http://host[:port]/path": the request line for the host itself. */
static bool
read_uri(struct proxyreq *r, const char *method, size_t method_len,
    const char *uri, size_t len)
{
	static const char scheme[] = "http://";
	const size_t skip = sizeof(scheme) - 1;
	const char *host = uri + skip, *end = uri + len, *path;

	if (len <= skip || strncasecmp(uri, scheme, skip) != 0)
		return false;
	for (path = host; path < end && !strchr("/?#", *path); path++)
		if (*path == '@')
			return false;
	if (!nethost_parse(&r->host, host, (size_t)(path - host), 80))
		return false;
	buf_add(&r->head, method, method_len);
	buf_adds(&r->head, path < end && *path == '/' ? " " : " /");
	buf_add(&r->head, path, (size_t)(end - path));
	buf_addf(&r->head, " HTTP/1.1\r\nHost: ");
	buf_add(&r->head, host, (size_t)(path - host));
	/* one request a connection: the next may be for another host */
	buf_adds(&r->head, "\r\nConnection: close\r\n");
	return true;
}

static void
parse_http(struct proxyreq *r, const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);
	const char *p = data, *line, *target, *version;
	size_t n;

	if (!end) {
		r->kind = PROXYREQ_MORE;
		if (len >= PROXYREQ_MAX)
			bad(r, 431);
		/* so that garbage is not waited for */
		else if (len > 0 && !isupper((unsigned char)data[0]))
			bad(r, 400);
		return;
	}
	end += 4;
	r->used = (size_t)(end - data);
	if (r->used > PROXYREQ_MAX) {
		bad(r, 431);
		return;
	}
	line = next_line(&p, end, &n);
	target = line ? memchr(line, ' ', n) : NULL;
	version = target ? memrchr(line, ' ', n) : NULL;
	if (!target || version == target ||
	    !is_token(line, (size_t)(target - line)) ||
	    (size_t)(line + n - version) != 9 ||
	    strncmp(version, " HTTP/1.", 8) != 0 ||
	    memchr(target + 1, ' ', (size_t)(version - target - 1))) {
		bad(r, 400);
		return;
	}
	target++;
	n = (size_t)(version - target);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)target[i] <= ' ' || target[i] == 0x7f) {
			bad(r, 400);
			return;
		}
	if (strncmp(line, "CONNECT ", 8) == 0) {
		r->kind = PROXYREQ_CONNECT;
		if (!nethost_parse(&r->host, target, n, 0))
			bad(r, 400);
	} else if (target[0] == '/') {
		r->kind = PROXYREQ_LOCAL;
		buf_add(&r->head, line, (size_t)(version + 9 - line));
		buf_adds(&r->head, "\r\n");
	} else {
		r->kind = PROXYREQ_HTTP;
		if (!read_uri(r, line, (size_t)(target - 1 - line), target, n))
			bad(r, 400);
	}
	if (r->kind != PROXYREQ_BAD && !read_headers(r, p, end))
		bad(r, 400);
	buf_adds(&r->head, "\r\n");
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
