/* model-request: a request to the model server, whole. */
#include "config.h"

#include "model-request.h"

#include <ctype.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "json.h"
#include "num.h"

static void
log_headers(const char *head, struct buf *out)
{
	const char *p = strstr(head, "\r\n");
	const char *sep = "";

	buf_addc(out, '{');
	while (p && p[2] && p[2] != '\r') {
		const char *name = p + 2, *colon, *end;
		end = strstr(name, "\r\n");
		if (!end)
			break;
		colon = memchr(name, ':', (size_t)(end - name));
		if (!colon)
			break;
		buf_adds(out, sep);
		AUTO_FREE char *lower = xstrndup(name,
		    (size_t)(colon - name));
		for (char *l = lower; *l; l++)
			*l = (char)tolower((unsigned char)*l);
		json_quote(lower, strlen(lower), out);
		buf_addc(out, ':');
		colon += strspn(colon, ": ");
		json_quote(colon, (size_t)(end - colon), out);
		sep = ",";
		p = end;
	}
	buf_addc(out, '}');
}

int
request_log(int fd, long long n, const struct request *r, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;

	buf_addf(&line, "{\"n\":%lld,\"t\":%lld,\"method\":\"%s\",\"path\":",
	    n, (long long)clock_mono(), r->method);
	json_quote(r->path, strlen(r->path), &line);
	buf_adds(&line, ",\"headers\":");
	log_headers(r->head, &line);
	buf_adds(&line, ",\"body\":");
	if (r->body_len > 0 && r->body[0] == '{')
		buf_add(&line, r->body, r->body_len);
	else
		json_quote(r->body, r->body_len, &line);
	buf_adds(&line, "}\n");
	return fd_write(fd, line.data, line.len, e);
}

bool
request_authorized(const struct request *r, const char *key)
{
	AUTO_FREE char *bearer = NULL, *plain = NULL;

	if (!key)
		return true;
	bearer = xasprintf("\r\nauthorization: bearer %s\r\n", key);
	plain = xasprintf("\r\nx-api-key: %s\r\n", key);
	return strcasestr(r->head, bearer) || strcasestr(r->head, plain);
}

bool
request_is(const char *s, const char *end)
{
	size_t n = strcspn(s, "?"), m = strlen(end);

	return n >= m && strncmp(s + n - m, end, m) == 0;
}

size_t
request_parse(struct buf *in, struct request *r)
{
	const char *end, *length;
	int64_t n = 0;

	buf_reserve(in, 0);
	end = in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
	if (!end)
		return 0;
	r->head_len = (size_t)(end + 4 - in->data);
	AUTO_FREE char *head = xstrndup(in->data, r->head_len);
	length = strcasestr(head, "\r\ncontent-length:");
	if (length) {
		length += strlen("\r\ncontent-length:");
		length += strspn(length, " ");
		AUTO_FREE char *digits = xstrndup(length,
		    strcspn(length, "\r"));
		num_parse_int(digits, 0, INT64_MAX / 2, &n);
	}
	if (in->len - r->head_len < (size_t)n)
		return 0;
	r->method = xstrndup(head, strcspn(head, " "));
	r->path = xstrndup(head + strlen(r->method) + 1,
	    strcspn(head + strlen(r->method) + 1, " "));
	r->head = STEAL(head);
	r->body_len = (size_t)n;
	r->body = xstrndup(in->data + r->head_len, (size_t)n);
	r->text = xasprintf("%s %s\n%s", r->method, r->path, r->body);
	return r->head_len + (size_t)n;
}

void
request_release(struct request *r)
{
	free(r->method);
	free(r->path);
	free(r->text);
	free(r->head);
	free(r->body);
}
