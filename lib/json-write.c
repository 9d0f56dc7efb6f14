/*
 * json-write: the part of json.h that prints.
 *
 * On one line, byte for byte what libjq prints with sorted keys, several times
 * faster: its printer appends each character to a string of its own, which a
 * stream of thousands of records a second notices.  What is rare (numbers that
 * are no integers) is still left to libjq.
 */
#include "config.h"

#include <math.h>

#include "alloc.h"
#include "json.h"

/* Integers of a double are exact up to here. */
static const double exact_max = 9007199254740992.0;

/* By libjq itself. */
static void
dump(const jv *v, int flags, struct buf *out)
{
	AUTO_JV jv text = JSON_NONE;

	text = jv_dump_string(jv_copy(*v), flags);
	buf_add(out, json_string(&text), json_string_len(&text));
}

static void
write_escape(unsigned char c, struct buf *out)
{
	static const char letters[] = "btnvfr";	/* 8 to 13 */

	if (c == '"' || c == '\\') {
		buf_addc(out, '\\');
		buf_addc(out, (char)c);
	} else if (c >= '\b' && c <= '\r' && c != '\v') {
		buf_addc(out, '\\');
		buf_addc(out, letters[c - '\b']);
	} else {
		buf_addf(out, "\\u%04x", c);
	}
}

/* Valid UTF-8, which every string of libjq is. */
static void
write_string(const char *s, size_t len, struct buf *out)
{
	size_t from = 0;

	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_add(out, s + from, i - from);
		write_escape(c, out);
		from = i + 1;
	}
	buf_add(out, s + from, len - from);
	buf_addc(out, '"');
}

static void
write_integer(int64_t n, struct buf *out)
{
	char text[24], *at = text + sizeof(text);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		*--at = '-';
	buf_add(out, at, (size_t)(text + sizeof(text) - at));
}

static void
write_number(const jv *v, struct buf *out)
{
	double d = jv_number_value(*v);

	if (d != floor(d) || fabs(d) > exact_max || (d == 0 && signbit(d)))
		dump(v, 0, out);
	else
		write_integer((int64_t)d, out);
}

struct member {
	const char *key;		/* lives in the object */
	size_t len;
	int at;				/* its iterator */
};

/* By bytes, as libjq sorts. */
static int
compare(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);

	return r ? r : x->len < y->len ? -1 : x->len > y->len;
}

enum { FEW = 16 };

/* Most objects are small: too small for what qsort(3) sets up. */
static void
sort(struct member *members, size_t n)
{
	if (n > FEW) {
		qsort(members, n, sizeof(*members), compare);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		struct member m = members[i];
		size_t at = i;
		for (; at > 0 && compare(&members[at - 1], &m) > 0; at--)
			members[at] = members[at - 1];
		members[at] = m;
	}
}

static struct member
member_at(const jv *object, int i)
{
	AUTO_JV jv key = json_iter_name(object, i);

	return (struct member){ json_string(&key), json_string_len(&key), i };
}

static void
write_object(const jv *v, struct buf *out)
{
	struct member few[FEW], *members = few;
	size_t count = 0;

	JSON_EACH(v, i) {
		if (count == FEW) {
			members = xcalloc(json_count(v), sizeof(*members));
			memcpy(members, few, sizeof(few));
		}
		members[count++] = member_at(v, i);
	}
	sort(members, count);
	buf_addc(out, '{');
	for (size_t i = 0; i < count; i++) {
		AUTO_JV jv value = json_iter_value(v, members[i].at);
		if (i > 0)
			buf_addc(out, ',');
		write_string(members[i].key, members[i].len, out);
		buf_addc(out, ':');
		json_write(&value, out);
	}
	buf_addc(out, '}');
	if (members != few)
		free(members);
}

static void
write_array(const jv *v, struct buf *out)
{
	size_t n = json_count(v);

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv element = json_at(v, i);
		if (i > 0)
			buf_addc(out, ',');
		json_write(&element, out);
	}
	buf_addc(out, ']');
}

void
json_write(const jv *v, struct buf *out)
{
	switch (json_kind(v)) {
	case JSON_NOTHING:
		break;
	case JSON_NULL:
		buf_adds(out, "null");
		break;
	case JSON_BOOL:
		buf_adds(out, json_is_true(v) ? "true" : "false");
		break;
	case JSON_NUMBER:
		write_number(v, out);
		break;
	case JSON_STRING:
		write_string(json_string(v), json_string_len(v), out);
		break;
	case JSON_ARRAY:
		write_array(v, out);
		break;
	case JSON_OBJECT:
		write_object(v, out);
		break;
	}
}

void
json_write_pretty(const jv *v, struct buf *out)
{
	if (!json_is(v, JSON_NOTHING))
		dump(v, JV_PRINT_SORTED | JV_PRINT_INDENT_FLAGS(2), out);
}

char *
json_text(const jv *v)
{
	struct buf b = BUF_INIT;

	json_write(v, &b);
	return buf_steal(&b);
}

static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] > 0x7f)
			return false;
	return true;
}

void
json_quote(const char *s, size_t len, struct buf *out)
{
	AUTO_JV jv v = JSON_NONE;

	if (is_ascii(s, len)) {
		write_string(s, len, out);
		return;
	}
	v = json_from_bytes(s, len);	/* which mends it */
	json_write(&v, out);
}
