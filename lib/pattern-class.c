/* pattern-class: sets of characters, and the escapes that name them. */
#include "config.h"

#include "pattern.h"

#include <stdarg.h>

#include "alloc.h"
#include "pattern-impl.h"
#include "unicode.h"
#include "utf8.h"

#define CHAR_MAX_CODE UINT32_C(0x10ffff)
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct pattern_range digits[] = { { '0', '9' } };
const struct pattern_range pattern_words[PATTERN_NWORDS] = {
	{ '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' }
};
static const struct pattern_range spaces[] = {
	{ '\t', '\r' }, { ' ', ' ' }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 },
	{ 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
	{ 0x205f, 0x205f }, { 0x3000, 0x3000 }, { 0xfeff, 0xfeff }
};
/* White_Space differs from \s in two characters. */
static const struct pattern_range white_space[] = {
	{ '\t', '\r' }, { ' ', ' ' }, { 0x85, 0x85 }, { 0xa0, 0xa0 },
	{ 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 },
	{ 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 }
};
static const struct pattern_range ascii[] = { { 0, 0x7f } };
static const struct pattern_range hex_digits[] = {
	{ '0', '9' }, { 'A', 'F' }, { 'a', 'f' }
};


int
pattern_refuse(const struct pattern_parser *ps, const char *fmt, ...)
{
	char reason[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(ps->e, ST_DATA, "pattern, character %zu: %s",
	    utf8_count(ps->text, ps->at) + 1, reason);
}

bool
pattern_more(const struct pattern_parser *ps)
{
	return ps->at < ps->len;
}

/* Takes `c` when it comes next. */
bool
pattern_take(struct pattern_parser *ps, char c)
{
	if (!pattern_more(ps) || ps->text[ps->at] != c)
		return false;
	ps->at++;
	return true;
}

bool
pattern_take_text(struct pattern_parser *ps, const char *s)
{
	size_t n = strlen(s);

	if (ps->len - ps->at < n || memcmp(ps->text + ps->at, s, n) != 0)
		return false;
	ps->at += n;
	return true;
}

/* Sets. */

static void
set_add(struct pattern_set *s, uint32_t lo, uint32_t hi)
{
	GROW(s->ranges, s->n, s->cap);
	s->ranges[s->n++] = (struct pattern_range){ lo, hi };
}

/* The ranges, which are sorted, or all that lies between them. */
void
pattern_add_ranges(struct pattern_set *s, const struct pattern_range *r,
    size_t n, bool opposite)
{
	uint32_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (!opposite)
			set_add(s, r[i].lo, r[i].hi);
		else if (r[i].lo > from)
			set_add(s, from, r[i].lo - 1);
		from = r[i].hi + 1;
	}
	if (opposite && from <= CHAR_MAX_CODE)
		set_add(s, from, CHAR_MAX_CODE);
}

/* Escapes. */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Exactly `n` hexadecimal digits, or none are taken. */
static bool
take_hex(struct pattern_parser *ps, size_t n, uint32_t *ret)
{
	uint32_t v = 0;

	if (ps->len - ps->at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int h = hex_value(ps->text[ps->at + i]);
		if (h < 0)
			return false;
		v = v * 16 + (uint32_t)h;
	}
	ps->at += n;
	*ret = v;
	return true;
}

/* After \u: {1F600}, or 4 digits, or two such that are surrogates. */
static int
parse_u(struct pattern_parser *ps, uint32_t *ret)
{
	uint32_t v = 0, low;
	size_t back;

	if (pattern_take(ps, '{')) {
		size_t from = ps->at;
		while (pattern_more(ps) && hex_value(ps->text[ps->at]) >= 0 &&
		    v <= CHAR_MAX_CODE)
			v = v * 16 + (uint32_t)hex_value(ps->text[ps->at++]);
		if (ps->at == from || v > CHAR_MAX_CODE ||
		    !pattern_take(ps, '}'))
			return pattern_refuse(ps, "bad \\u{...}");
		*ret = v;
		return 0;
	}
	if (!take_hex(ps, 4, &v))
		return pattern_refuse(ps, "\\u needs 4 hexadecimal digits");
	back = ps->at;
	if (v >= 0xd800 && v < 0xdc00 && pattern_take_text(ps, "\\u") &&
	    take_hex(ps, 4, &low) && low >= 0xdc00 && low < 0xe000)
		v = 0x10000 + ((v - 0xd800) << 10 | (low - 0xdc00));
	else
		ps->at = back;
	*ret = v;
	return 0;
}

/* After a backslash: an escape that stands for one character. */
int
pattern_parse_char(struct pattern_parser *ps, uint32_t *ret)
{
	static const char letters[] = "tnvfr", values[] = "\t\n\v\f\r";
	char c = ps->text[ps->at];
	const char *found = c ? strchr(letters, c) : NULL;

	if (c & 0x80) {
		*ret = utf8_next(ps->text, ps->len, &ps->at);
		return 0;
	}
	ps->at++;
	if (found) {
		*ret = (uint32_t)values[found - letters];
	} else if (c == 'x') {
		if (!take_hex(ps, 2, ret))
			return pattern_refuse(ps,
			    "\\x needs 2 hexadecimal digits");
	} else if (c == 'u') {
		return parse_u(ps, ret);
	} else if (c == 'c') {
		char l = pattern_more(ps) ? ps->text[ps->at] : '\0';
		if ((l | 0x20) < 'a' || (l | 0x20) > 'z')
			return pattern_refuse(ps, "\\c needs a letter");
		ps->at++;
		*ret = (uint32_t)l & 0x1f;
	} else if (c == '0' && (!pattern_more(ps) || ps->text[ps->at] < '0' ||
	    ps->text[ps->at] > '9')) {
		*ret = 0;
	} else if (c >= '0' && c <= '9') {
		return pattern_refuse(ps, "back-references are not supported");
	} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
		return pattern_refuse(ps, "no such escape: \\%c", c);
	} else {
		*ret = (unsigned char)c;
	}
	return 0;
}

/* After \p or \P. */
static int
parse_property(struct pattern_parser *ps, bool opposite, struct pattern_set *s)
{
	size_t n = 0;
	uint32_t mask;

	if (!pattern_take(ps, '{'))
		return pattern_refuse(ps, "\\p needs a name in braces");
	if (!pattern_take_text(ps, "General_Category="))
		pattern_take_text(ps, "gc=");
	while (ps->at + n < ps->len && ps->text[ps->at + n] != '}')
		n++;
	AUTO_FREE char *name = xstrndup(ps->text + ps->at, n);
	if ((mask = unicode_mask(name)) != 0)
		s->categories |= opposite ? UNICODE_ALL & ~mask : mask;
	else if (strcmp(name, "ASCII") == 0)
		pattern_add_ranges(s, ascii, COUNT(ascii), opposite);
	else if (strcmp(name, "ASCII_Hex_Digit") == 0)
		pattern_add_ranges(s, hex_digits, COUNT(hex_digits), opposite);
	else if (strcmp(name, "White_Space") == 0)
		pattern_add_ranges(s, white_space, COUNT(white_space),
		    opposite);
	else if (strcmp(name, "Any") == 0)
		s->categories |= opposite ? 0 : UNICODE_ALL;
	else
		return pattern_refuse(ps, "unknown property '%.40s'", name);
	ps->at += n;
	return pattern_take(ps, '}') ? 0 : pattern_refuse(ps, "\\p{ without }");
}

/*
 * After a backslash: 1 when a class escape (\d, \p{L}) was added to the set,
 * 0 when it is none and nothing was taken, -1 on failure.
 */
int
pattern_parse_escape(struct pattern_parser *ps, struct pattern_set *s)
{
	char c = ps->text[ps->at];
	bool opposite = c >= 'A' && c <= 'Z';

	switch (c | 0x20) {
	case 'd':
		ps->at++;
		pattern_add_ranges(s, digits, COUNT(digits), opposite);
		return 1;
	case 'w':
		ps->at++;
		pattern_add_ranges(s, pattern_words, PATTERN_NWORDS, opposite);
		return 1;
	case 's':
		ps->at++;
		pattern_add_ranges(s, spaces, COUNT(spaces), opposite);
		return 1;
	case 'p':
		ps->at++;
		return parse_property(ps, opposite, s) < 0 ? -1 : 1;
	default:
		return 0;
	}
}

/* One member of a class: 1 and a character, 0 and a set added, or -1. */
static int
parse_class_atom(struct pattern_parser *ps, struct pattern_set *s,
    uint32_t *ret)
{
	int r;

	if (!pattern_take(ps, '\\')) {
		*ret = utf8_next(ps->text, ps->len, &ps->at);
		return 1;
	}
	if (!pattern_more(ps))
		return pattern_refuse(ps, "ends in a backslash");
	if ((r = pattern_parse_escape(ps, s)) != 0)
		return r < 0 ? -1 : 0;
	if (pattern_take(ps, 'b')) {
		*ret = '\b';
		return 1;
	}
	return pattern_parse_char(ps, ret) < 0 ? -1 : 1;
}

/* After '['. */
int
pattern_parse_class(struct pattern_parser *ps, struct pattern_set *s)
{
	s->negate = pattern_take(ps, '^');
	while (!pattern_take(ps, ']')) {
		uint32_t lo = 0, hi = 0;
		int single, r;
		if (!pattern_more(ps))
			return pattern_refuse(ps, "[ without ]");
		if ((single = parse_class_atom(ps, s, &lo)) < 0)
			return -1;
		hi = lo;
		if (pattern_more(ps) && ps->text[ps->at] == '-' &&
		    ps->at + 1 < ps->len && ps->text[ps->at + 1] != ']') {
			ps->at++;
			if ((r = parse_class_atom(ps, s, &hi)) < 0)
				return -1;
			if (!single || !r || hi < lo)
				return pattern_refuse(ps,
				    "bad range in a class");
		}
		if (single)
			set_add(s, lo, hi);
	}
	return 0;
}
