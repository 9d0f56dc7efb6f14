/* sse: server-sent events, out of bytes that come in any pieces. */
#include "config.h"

#include "sse.h"

#include "alloc.h"

void
sse_release(struct sse *s)
{
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->type);
	*s = (struct sse)SSE_INIT;
}

static int
dispatch(struct sse *s, const struct sse_handler *h, struct err *e)
{
	int r = 0;

	if (s->has_data) {
		buf_reserve(&s->data, 0);
		r = h->event(h->ctx, s->type.data ? s->type.data : "",
		    s->data.data, s->data.len, e);
	}
	s->has_data = false;
	buf_reset(&s->data);
	buf_reset(&s->type);
	return r;
}

/* What follows the field's name: one space after the colon belongs to it. */
static const char *
value_of(const char *line, size_t len, size_t name, size_t *ret_len)
{
	size_t at = name;

	if (at < len)
		at++;
	if (at < len && line[at] == ' ')
		at++;
	*ret_len = len - at;
	return line + at;
}

static int
take_line(struct sse *s, const char *line, size_t len,
    const struct sse_handler *h, struct err *e)
{
	const char *colon, *value;
	size_t name, n;

	if (len == 0)
		return dispatch(s, h, e);
	colon = memchr(line, ':', len);
	name = colon ? (size_t)(colon - line) : len;
	value = value_of(line, len, name, &n);
	if (name == 4 && memcmp(line, "data", 4) == 0) {
		if (s->data.len + n >= SSE_EVENT_MAX)
			return err_set(e, ST_PROTOCOL,
			    "an event of more than %d MiB",
			    SSE_EVENT_MAX >> 20);
		if (s->has_data)
			buf_addc(&s->data, '\n');
		buf_add(&s->data, value, n);
		s->has_data = true;
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		buf_reset(&s->type);
		buf_add(&s->type, value, n);
	}
	return 0;
}

/* A line whose end has been seen: what was kept of it, and these bytes. */
static int
end_line(struct sse *s, const char *data, size_t len,
    const struct sse_handler *h, struct err *e)
{
	int r;

	if (s->line.len == 0)
		return take_line(s, data, len, h, e);
	buf_add(&s->line, data, len);
	r = take_line(s, s->line.data, s->line.len, h, e);
	buf_reset(&s->line);
	return r;
}

/* The bytes up to the first CR or LF, or all. */
static size_t
line_length(const char *data, size_t len)
{
	const char *lf = memchr(data, '\n', len);
	size_t n = lf ? (size_t)(lf - data) : len;
	const char *cr = memchr(data, '\r', n);

	return cr ? (size_t)(cr - data) : n;
}

/*
 * Past a byte order mark, which may come in pieces: what could be the start
 * of one is kept in `line` until it is decided.
 */
static bool
skip_mark(struct sse *s, const char **data, size_t *len)
{
	static const char mark[3] = "\xef\xbb\xbf";

	while (*len > 0 && s->line.len < sizeof(mark)) {
		if (**data != mark[s->line.len]) {
			s->started = true;
			return true;
		}
		buf_addc(&s->line, **data);
		++*data;
		--*len;
	}
	if (s->line.len < sizeof(mark))
		return false;
	buf_reset(&s->line);
	s->started = true;
	return true;
}

int
sse_feed(struct sse *s, const char *data, size_t len,
    const struct sse_handler *h, struct err *e)
{
	if (!s->started && !skip_mark(s, &data, &len))
		return 0;
	while (len > 0) {
		size_t n;
		if (s->after_cr && *data == '\n') {
			s->after_cr = false;
			data++;
			len--;
			continue;
		}
		s->after_cr = false;
		n = line_length(data, len);
		if (n == len) {
			if (s->line.len + n >= SSE_EVENT_MAX)
				return err_set(e, ST_PROTOCOL,
				    "a line of more than %d MiB",
				    SSE_EVENT_MAX >> 20);
			buf_add(&s->line, data, n);
			return 0;
		}
		s->after_cr = data[n] == '\r';
		if (end_line(s, data, n, h, e) < 0)
			return -1;
		data += n + 1;
		len -= n + 1;
	}
	return 0;
}

int
sse_end(struct sse *s, const struct sse_handler *h, struct err *e)
{
	if (s->line.len > 0 && end_line(s, "", 0, h, e) < 0)
		return -1;
	return dispatch(s, h, e);
}
