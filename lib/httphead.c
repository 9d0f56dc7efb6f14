/* httphead: the head of an HTTP/1.x request, read strictly. */
#include "config.h"

#include "httphead.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

static struct httphead_part
part(const char *from, const char *end)
{
	return (struct httphead_part){ from, (size_t)(end - from) };
}

bool
httphead_is(const struct httphead_part *p, const char *word)
{
	return strlen(word) == p->len && strncasecmp(p->at, word, p->len) == 0;
}

const struct httphead_part *
httphead_field(const struct httphead *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (httphead_is(&h->fields[i].name, name))
			return &h->fields[i].value;
	return NULL;
}

bool
httphead_token(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    (!s[i] || !strchr("!#$%&'*+-.^_`|~", s[i])))
			return false;
	return n > 0;
}

/* Whether a list such as "close, x-mine" has this word. */
static bool
lists(const struct httphead_part *list, const struct httphead_part *word)
{
	const char *p = list->at, *end = p + list->len;

	while (p < end) {
		size_t n = 0;
		while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
			p++;
		while (p + n < end && !memchr(" \t,", p[n], 3))
			n++;
		if (n == word->len && strncasecmp(p, word->at, n) == 0)
			return true;
		p += n;
	}
	return false;
}

bool
httphead_hop(const struct httphead *h, const struct httphead_field *f)
{
	static const char *const names[] = {
		"Connection", "Keep-Alive", "Proxy-Authenticate",
		"Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
		"Upgrade"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (httphead_is(&f->name, names[i]))
			return true;
	for (size_t i = 0; i < h->count; i++)
		if (httphead_is(&h->fields[i].name, "Connection") &&
		    lists(&h->fields[i].value, &f->name))
			return true;
	return false;
}

/* A line without its CRLF; false when there is a bare CR, LF or NUL. */
static bool
next_line(const char **p, const char *end, struct httphead_part *ret)
{
	const char *lf = memchr(*p, '\n', (size_t)(end - *p));

	if (!lf || lf == *p || lf[-1] != '\r')
		return false;
	*ret = part(*p, lf - 1);
	*p = lf + 1;
	return !memchr(ret->at, '\r', ret->len) &&
	    !memchr(ret->at, '\0', ret->len);
}

/* "GET /x HTTP/1.1": single spaces, nothing else that is none. */
static bool
read_request_line(struct httphead *h, const struct httphead_part *line)
{
	const char *end = line->at + line->len;
	const char *first = memchr(line->at, ' ', line->len);
	const char *last = memrchr(line->at, ' ', line->len);

	if (!first || first == last || end - last != 9 ||
	    strncmp(last, " HTTP/1.", 8) != 0 || last[8] < '0' || last[8] > '9')
		return false;
	h->method = part(line->at, first);
	h->target = part(first + 1, last);
	h->minor = last[8] - '0';
	for (size_t i = 0; i < h->target.len; i++)
		if ((unsigned char)h->target.at[i] <= ' ' ||
		    h->target.at[i] == 0x7f)
			return false;
	return h->target.len > 0 &&
	    httphead_token(h->method.at, h->method.len);
}

static bool
read_field(struct httphead *h, const struct httphead_part *line)
{
	const char *end = line->at + line->len;
	const char *colon = memchr(line->at, ':', line->len), *v;

	/* also refuses a continuation line and "Name :" */
	if (!colon || !httphead_token(line->at, (size_t)(colon - line->at)))
		return false;
	for (v = colon + 1; v < end && (*v == ' ' || *v == '\t'); v++)
		;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	h->fields[h->count++] = (struct httphead_field){
		part(line->at, colon), part(v, end)
	};
	return true;
}

static bool
is_clear(const struct httphead *h)
{
	int framing = 0, hosts = 0;

	for (size_t i = 0; i < h->count; i++) {
		const struct httphead_part *name = &h->fields[i].name;
		framing += httphead_is(name, "Content-Length") ||
		    httphead_is(name, "Transfer-Encoding");
		hosts += httphead_is(name, "Host");
	}
	return framing <= 1 && hosts <= 1;
}

int
httphead_parse(struct httphead *h, const char *data, size_t len,
    int *ret_status)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4), *p = data;
	struct httphead_part line;

	h->count = 0;
	*ret_status = 400;
	if (!end) {
		if (len >= HTTPHEAD_MAX)
			*ret_status = 431;
		/* so that garbage is not waited for */
		else if (len == 0 || isupper((unsigned char)data[0]))
			return 0;
		return -1;
	}
	end += 4;
	h->used = (size_t)(end - data);
	if (h->used > HTTPHEAD_MAX) {
		*ret_status = 431;
		return -1;
	}
	if (!next_line(&p, end, &line) || !read_request_line(h, &line))
		return -1;
	while (next_line(&p, end, &line)) {
		if (line.len == 0)
			return is_clear(h) ? 1 : -1;
		if (h->count == HTTPHEAD_FIELDS) {
			*ret_status = 431;
			return -1;
		}
		if (!read_field(h, &line))
			return -1;
	}
	return -1;
}
