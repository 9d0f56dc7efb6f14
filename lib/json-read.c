/*
 * json-read: the part of json.h that parses.
 *
 * Lines of JSON are what agentutils spend their time on, and libjq's parser
 * goes over each byte several times.  What is plain (which is nearly all) is
 * read here; at anything else (an escape of half a character, control bytes,
 * deep nesting, an error) libjq reads the text from its start, so what is
 * accepted, and the words of an error, are its own.
 */
#include "config.h"

#include <limits.h>

#include "alloc.h"
#include "json.h"
#include "utf8.h"

enum { DEPTH_MAX = 100 };	/* of what is read here */

struct reader {
	const char *s;
	size_t len, at;
	int depth;
};

static size_t
digits(const char *s, size_t len, size_t i)
{
	while (i < len && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* Past the JSON number at `i`; `i` when there is none. */
static size_t
skip_number(const char *s, size_t len, size_t i)
{
	size_t start = i, whole, end;

	if (s[i] == '-')
		i++;
	whole = i;
	i = digits(s, len, i);
	if (i == whole || (s[whole] == '0' && i > whole + 1))
		return start;
	if (i < len && s[i] == '.') {
		end = digits(s, len, ++i);
		if (end == i)
			return start;
		i = end;
	}
	if (i < len && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i < len && (s[i] == '+' || s[i] == '-'))
			i++;
		end = digits(s, len, i);
		if (end == i)
			return start;
		i = end;
	}
	return i;
}

/* The plain way.  False: for libjq. */

static bool read_value(struct reader *r, jv *ret);

static void
skip_space(struct reader *r)
{
	while (r->at < r->len && (r->s[r->at] == ' ' || r->s[r->at] == '\n' ||
	    r->s[r->at] == '\r' || r->s[r->at] == '\t'))
		r->at++;
}

/* Past spaces and this byte; false when there is another. */
static bool
take_byte(struct reader *r, char c)
{
	skip_space(r);
	if (r->at == r->len || r->s[r->at] != c)
		return false;
	r->at++;
	return true;
}

/* Four hexadecimal digits; -1 when there are not. */
static int
read_hex(struct reader *r)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	int n = 0;

	if (r->len - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = r->s[r->at++];
		const char *digit = c ? strchr(hex, c) : NULL;
		if (!digit)
			return -1;
		n = n * 16 + (int)(digit - hex) -
		    (digit - hex > 15 ? 6 : 0);
	}
	return n;
}

/* After a backslash. */
static bool
read_escape(struct reader *r, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char character[UTF8_MAX];
	const char *letter;
	int c;

	if (r->at == r->len || !r->s[r->at])
		return false;
	letter = strchr(letters, r->s[r->at]);
	if (letter) {
		buf_addc(out, meant[letter - letters]);
		r->at++;
		return true;
	}
	if (r->s[r->at++] != 'u')
		return false;
	c = read_hex(r);
	if (c < 0 || (c >= 0xd800 && c < 0xe000))
		return false;		/* a pair, or half of one */
	buf_add(out, character, utf8_encode((uint32_t)c, character));
	return true;
}

/* Past the bytes of a string that stand for themselves. */
static size_t
skip_plain(const struct reader *r)
{
	size_t i = r->at;

	while (i < r->len && (unsigned char)r->s[i] >= 0x20 &&
	    r->s[i] != '"' && r->s[i] != '\\')
		i++;
	return i;
}

/* After the quote: the string, of which some is in `out`. */
static bool
read_escaped(struct reader *r, jv *ret)
{
	AUTO_BUF struct buf out = BUF_INIT;

	for (;;) {
		size_t end = skip_plain(r);
		buf_add(&out, r->s + r->at, end - r->at);
		r->at = end + 1;
		if (end == r->len || (unsigned char)r->s[end] < 0x20)
			return false;
		if (r->s[end] == '"')
			break;
		if (!read_escape(r, &out))
			return false;
	}
	*ret = json_from_bytes(out.data, out.len);
	return true;
}

static bool
read_string(struct reader *r, jv *ret)
{
	size_t end;

	if (!take_byte(r, '"'))
		return false;
	end = skip_plain(r);
	if (end == r->len || r->s[end] != '"')
		return read_escaped(r, ret);
	*ret = json_from_bytes(r->s + r->at, end - r->at);
	r->at = end + 1;
	return true;
}

static bool
read_number(struct reader *r, jv *ret)
{
	size_t start = r->at, end = skip_number(r->s, r->len, start), i;
	bool minus = r->s[start] == '-';
	int64_t n = 0;

	if (end == start)
		return false;
	r->at = end;
	for (i = start + minus; i < end && r->s[i] >= '0' && r->s[i] <= '9' &&
	    i - start < 16; i++)
		n = n * 10 + (r->s[i] - '0');
	/* digits alone, few enough to be exact */
	*ret = i == end ? json_from_num(minus ? -(double)n : (double)n) :
	    jv_parse_sized(r->s + start, (int)(end - start));
	return json_is(ret, JSON_NUMBER);
}

static bool
read_array(struct reader *r, jv *ret)
{
	if (take_byte(r, ']'))
		return true;
	do {
		jv value = JSON_NONE;
		if (!read_value(r, &value)) {
			json_release(&value);
			return false;
		}
		json_append(ret, value);
	} while (take_byte(r, ','));
	return take_byte(r, ']');
}

static bool
read_object(struct reader *r, jv *ret)
{
	if (take_byte(r, '}'))
		return true;
	do {
		jv key = JSON_NONE, value = JSON_NONE;
		if (!read_string(r, &key) || !take_byte(r, ':') ||
		    !read_value(r, &value)) {
			json_release(&key);
			json_release(&value);
			return false;
		}
		*ret = jv_object_set(*ret, key, value);
	} while (take_byte(r, ','));
	return take_byte(r, '}');
}

static bool
read_literal(struct reader *r, jv *ret)
{
	static const char *const words[] = { "null", "false", "true" };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);
		if (n > r->len - r->at ||
		    memcmp(r->s + r->at, words[i], n) != 0)
			continue;
		r->at += n;
		*ret = i == 0 ? json_null() : json_from_bool(i == 2);
		return true;
	}
	return false;
}

/* `*ret` is the caller's to release, whatever becomes of it. */
static bool
read_value(struct reader *r, jv *ret)
{
	bool ok;

	skip_space(r);
	if (r->at == r->len || r->depth == DEPTH_MAX)
		return false;
	switch (r->s[r->at]) {
	case '"':
		return read_string(r, ret);
	case '{':
	case '[':
		r->depth++;
		*ret = r->s[r->at++] == '{' ? json_object() : json_array();
		ok = json_is(ret, JSON_OBJECT) ? read_object(r, ret) :
		    read_array(r, ret);
		r->depth--;
		return ok;
	case 't':
	case 'f':
	case 'n':
		return read_literal(r, ret);
	default:
		return read_number(r, ret);
	}
}

/* By libjq. */

/*
 * libjq's message ends in "(while parsing 'THE WHOLE INPUT')" or has the
 * position first; only the reason is kept.
 */
static int
parse_failed(jv *message, struct err *e)
{
	const char *text = json_string(message);
	const char *end = text ? strstr(text, " (while parsing") : NULL;

	if (!text)
		return err_set(e, ST_DATA, "no JSON value");
	return err_set(e, ST_DATA, "not JSON: %.*s",
	    end && end - text < 200 ? (int)(end - text) : 200, text);
}

static size_t
skip_literal(const char *s, size_t len, size_t i)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++) {
		size_t n = strlen(words[w]);
		if (n <= len - i && memcmp(s + i, words[w], n) == 0)
			return i + n;
	}
	return i;
}

/*
 * Whether what stands outside of the strings is JSON's, in a text whose
 * structure libjq has accepted: it takes "nan", "01", ".5", "+1", a byte
 * order mark and some control bytes for numbers too, which would then be
 * passed on as they are.
 */
static bool
tokens_are_strict(const char *s, size_t len)
{
	for (size_t i = 0; i < len; ) {
		size_t next = i;

		if (s[i] == '"') {
			for (i++; i < len && s[i] != '"'; i++)
				i += s[i] == '\\';
			i++;
			continue;
		}
		if (memchr("{}[],: \t\r\n", s[i], 10)) {
			i++;
			continue;
		}
		next = s[i] == '-' || (s[i] >= '0' && s[i] <= '9') ?
		    skip_number(s, len, i) : skip_literal(s, len, i);
		if (next == i)
			return false;
		i = next;
	}
	return true;
}

int
json_parse(const char *text, size_t len, jv *ret, struct err *e)
{
	struct reader r = { .s = text, .len = len };
	jv v = JSON_NONE;

	if (len > INT_MAX)
		return err_set(e, ST_DATA, "JSON of more than 2 GiB");
	if (read_value(&r, &v)) {
		skip_space(&r);
		if (r.at == len) {
			*ret = v;
			return 0;
		}
	}
	json_release(&v);
	v = jv_parse_sized(text, (int)len);
	if (jv_is_valid(v) && tokens_are_strict(text, len)) {
		*ret = v;
		return 0;
	}
	if (jv_is_valid(v)) {
		json_release(&v);
		return err_set(e, ST_DATA, "not JSON: a malformed number or "
		    "literal");
	}
	AUTO_JV jv message = jv_invalid_get_msg(v);
	return parse_failed(&message, e);
}
