/* ndjson: newline-delimited JSON, one object a line. */
#include "config.h"

#include "ndjson.h"

#include <poll.h>

#include "alloc.h"
#include "fd.h"

void
ndjson_init(struct ndjson_reader *r, int fd, size_t limit)
{
	*r = (struct ndjson_reader){ .fd = fd, .limit = limit };
}

void
ndjson_release(struct ndjson_reader *r)
{
	buf_release(&r->in);
}

void
ndjson_line_release(struct ndjson_line *line)
{
	jv_free(line->value);
	*line = (struct ndjson_line)NDJSON_LINE_INIT;
}

bool
ndjson_pending(const struct ndjson_reader *r)
{
	return r->in.len > r->start &&
	    memchr(r->in.data + r->start, '\n', r->in.len - r->start);
}

size_t
ndjson_drop_partial(struct ndjson_reader *r)
{
	size_t part = r->in.len - r->start;

	if (r->skipping)
		return 0;
	buf_truncate(&r->in, r->start);
	r->scanned = r->start;
	return part;
}

/* Moves what is left to the front, so that the buffer does not creep. */
static void
compact(struct ndjson_reader *r)
{
	if (r->start == 0)
		return;
	buf_consume(&r->in, r->start);
	r->scanned -= r->start;
	r->start = 0;
}

/*
 * Finds the next newline; true when a whole line, or the torn end of the
 * input, is at `start`.
 */
static bool
find_line(struct ndjson_reader *r, size_t *ret_len, bool *ret_torn)
{
	const char *nl = NULL;

	if (r->scanned < r->in.len)
		nl = memchr(r->in.data + r->scanned, '\n',
		    r->in.len - r->scanned);
	*ret_torn = false;
	if (nl) {
		*ret_len = (size_t)(nl - r->in.data) - r->start;
		return true;
	}
	r->scanned = r->in.len;
	*ret_len = r->in.len - r->start;
	*ret_torn = r->eof;
	return r->eof && (*ret_len > 0 || r->skipping);
}

static bool
is_blank(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r')
			return false;
	return true;
}

/* More input; NDJSON_LINE when there was some or the end was seen. */
static enum ndjson_result
fill(struct ndjson_reader *r, struct deadline until, const volatile int *stop,
    struct err *e)
{
	ssize_t n;

	compact(r);
	if (until.at != INT64_MAX || stop) {
		int ready = fd_wait(r->fd, POLLIN, until, stop, e);
		if (ready < 0)
			return NDJSON_FAIL;
		if (ready == 0)
			return NDJSON_AGAIN;
	}
	buf_reserve(&r->in, 65536);
	n = fd_read(r->fd, r->in.data + r->in.len, 65536, e);
	if (n == FD_AGAIN)
		return NDJSON_AGAIN;
	if (n < 0)
		return NDJSON_FAIL;
	if (n == 0 && r->follow)
		return NDJSON_AGAIN;
	r->in.len += (size_t)n;
	r->in.data[r->in.len] = '\0';
	r->eof = n == 0;
	return NDJSON_LINE;
}

static enum ndjson_result
parse(const struct ndjson_reader *r, struct ndjson_line *line, struct err *e)
{
	if (r->raw)
		return NDJSON_LINE;
	if (json_parse(line->text, line->len, &line->value, e) < 0) {
		err_prefix(e, "line %lu", line->number);
		return NDJSON_BAD;
	}
	if (!json_is(&line->value, JSON_OBJECT)) {
		err_set(e, ST_DATA, "line %lu: not an object but %s",
		    line->number,
		    json_kind_name(json_kind(&line->value)));
		ndjson_line_release(line);
		return NDJSON_BAD;
	}
	return NDJSON_LINE;
}

/*
 * Takes the line of `len` bytes at `start`.  One that was, or is, too long
 * is bad; a blank one is passed over (NDJSON_AGAIN).
 */
static enum ndjson_result
take_line(struct ndjson_reader *r, size_t len, bool torn,
    struct ndjson_line *line, struct err *e)
{
	const char *text = r->in.data + r->start;
	bool long_one = r->skipping || len > r->limit;

	r->number++;
	r->start += len + !torn;
	r->scanned = r->start;
	r->skipping = false;
	if (long_one) {
		err_set(e, ST_DATA, "line %lu: longer than %zu bytes",
		    r->number, r->limit);
		return NDJSON_BAD;
	}
	if (!r->raw && is_blank(text, len))
		return NDJSON_AGAIN;
	line->text = text;
	line->len = len;
	line->number = r->number;
	line->torn = torn;
	return parse(r, line, e);
}

enum ndjson_result
ndjson_next_until(struct ndjson_reader *r, struct deadline until,
    const volatile int *stop, struct ndjson_line *ret, struct err *e)
{
	ndjson_line_release(ret);
	for (;;) {
		size_t len;
		bool torn;
		enum ndjson_result got;

		if (find_line(r, &len, &torn)) {
			got = take_line(r, len, torn, ret, e);
			if (got != NDJSON_AGAIN)
				return got;
			continue;
		}
		if (r->eof)
			return NDJSON_EOF;
		if (len > r->limit || r->skipping) {
			/* forget it as it comes, remember that it was there */
			r->skipping = true;
			r->start = r->scanned = r->in.len;
		}
		got = fill(r, until, stop, e);
		if (got != NDJSON_LINE)
			return got;
		/* there may be no end to it, and always more of it */
		if (r->skipping && deadline_passed(until))
			return NDJSON_AGAIN;
	}
}

enum ndjson_result
ndjson_next(struct ndjson_reader *r, struct ndjson_line *ret, struct err *e)
{
	return ndjson_next_until(r, DEADLINE_NEVER, NULL, ret, e);
}

int
ndjson_each(struct ndjson_reader *r, const volatile int *stop,
    int (*take)(void *context, const jv *value, const struct err *bad,
    struct err *e), void *context, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got = NDJSON_LINE;
	int taken = 0;

	while (taken == 0 && (got == NDJSON_LINE || got == NDJSON_BAD)) {
		got = ndjson_next_until(r, deadline_in(0), stop, &line, &why);
		if (got == NDJSON_LINE)
			taken = take(context, &line.value, NULL, e);
		else if (got == NDJSON_BAD)
			taken = take(context, NULL, &why, e);
	}
	ndjson_line_release(&line);
	if (got == NDJSON_FAIL)
		*e = why;
	return taken < 0 || got == NDJSON_FAIL ? -1 : got == NDJSON_AGAIN;
}

int
ndjson_write(int fd, const jv *v, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;

	json_write(v, &line);
	buf_addc(&line, '\n');
	return fd_write(fd, line.data, line.len, e);
}

/* Past the string that starts at `i` (a quote). */
static size_t
skip_string(const char *s, size_t len, size_t i)
{
	for (i++; i < len && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i < len ? i + 1 : len;
}

/* Past the value that starts at `i`: up to a comma or bracket of its level. */
static size_t
skip_value(const char *s, size_t len, size_t i)
{
	int depth = 0;

	while (i < len) {
		char c = s[i];
		if (c == '"') {
			i = skip_string(s, len, i);
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return i;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		i++;
	}
	return i;
}

static size_t
skip_space(const char *s, size_t len, size_t i)
{
	while (i < len && strchr(" \t\r\n", s[i]) && s[i])
		i++;
	return i;
}

/* Whether the quoted text from `a` to `b` spells `key`, escapes resolved. */
static bool
same_key(const char *s, size_t a, size_t b, const char *key)
{
	AUTO_JV jv v = JSON_NONE;
	struct err ignored;
	size_t n = strlen(key);

	if (!memchr(s + a, '\\', b - a))
		return b - a == n + 2 && memcmp(s + a + 1, key, n) == 0;
	return json_parse(s + a, b - a, &v, &ignored) == 0 &&
	    json_string_len(&v) == n && memcmp(json_string(&v), key, n) == 0;
}

void
ndjson_splice(const char *line, size_t len, const char *key, const char *json,
    struct buf *out)
{
	size_t i = skip_space(line, len, 0) + 1;	/* past the brace */
	bool any = false;

	buf_add(out, line, i);
	for (;;) {
		size_t start = i, name = skip_space(line, len, i), end;

		if (name >= len || line[name] != '"')
			break;
		end = skip_string(line, len, name);
		i = skip_space(line, len, end) + 1;	/* past the colon */
		i = skip_value(line, len, skip_space(line, len, i));
		if (!same_key(line, name, end, key)) {
			if (any)
				buf_addc(out, ',');
			buf_add(out, line + start, i - start);
			any = true;
		}
		if (i >= len || line[i] != ',')
			break;
		i++;
	}
	if (any)
		buf_addc(out, ',');
	json_quote(key, strlen(key), out);
	buf_addc(out, ':');
	buf_adds(out, json);
	/* from the closing brace on: what follows it is kept too */
	i = skip_space(line, len, i);
	if (i < len)
		buf_add(out, line + i, len - i);
}
