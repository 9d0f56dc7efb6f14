/*
 * pattern: regular expressions as JSON Schema has them.
 *
 * A pattern becomes a program for Thompson's construction.  All jumps are
 * relative, so that a part can be moved (to put a SPLIT before it) and copied
 * (for {2,5}) without looking into it.  Since only "found or not" is asked,
 * groups and laziness leave no trace.
 */
#include "config.h"

#include "pattern.h"

#include <stdarg.h>

#include "alloc.h"
#include "pattern-impl.h"
#include "unicode.h"

enum {
	PROGRAM_MAX = 20000,	/* instructions */
	SETS_MAX = 5000,
	DEPTH_MAX = 100,	/* of groups */
	REPEAT_MAX = 1000
};

#define CHAR_MAX_CODE UINT32_C(0x10ffff)

struct parser {
	struct pattern *p;
	const char *text;
	size_t len, at;
	int depth;
	struct err *e;
};

/* Line terminators, as `.` leaves them out. */
static const struct pattern_range newlines[] = {
	{ '\n', '\n' }, { '\r', '\r' }, { 0x2028, 0x2029 }
};
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

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static int __attribute__((format(printf, 2, 3)))
refuse(const struct parser *ps, const char *fmt, ...)
{
	char reason[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(ps->e, ST_DATA, "pattern, character %zu: %s",
	    utf8_count(ps->text, ps->at) + 1, reason);
}

static bool
more(const struct parser *ps)
{
	return ps->at < ps->len;
}

/* Takes `c` when it comes next. */
static bool
take_char(struct parser *ps, char c)
{
	if (!more(ps) || ps->text[ps->at] != c)
		return false;
	ps->at++;
	return true;
}

static bool
take_text(struct parser *ps, const char *s)
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
static void
set_add_ranges(struct pattern_set *s, const struct pattern_range *r, size_t n,
    bool opposite)
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

/* Emitting. */

static int
emit(struct parser *ps, struct pattern_inst in)
{
	struct pattern *p = ps->p;

	if (p->len >= PROGRAM_MAX)
		return refuse(ps, "too large");
	GROW(p->code, p->len, p->cap);
	p->code[p->len++] = in;
	return 0;
}

/* Puts an instruction before the part that begins at `start`. */
static int
insert(struct parser *ps, size_t start, struct pattern_inst in)
{
	struct pattern *p = ps->p;

	if (emit(ps, in) < 0)
		return -1;
	memmove(p->code + start + 1, p->code + start,
	    (p->len - 1 - start) * sizeof(*p->code));
	p->code[start] = in;
	return 0;
}

static int
copy_part(struct parser *ps, size_t start, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (emit(ps, ps->p->code[start + i]) < 0)
			return -1;
	return 0;
}

static int
emit_set(struct parser *ps, struct pattern_set *s)
{
	struct pattern *p = ps->p;

	if (p->nsets >= SETS_MAX) {
		free(s->ranges);
		return refuse(ps, "too many classes");
	}
	GROW(p->sets, p->nsets, p->capsets);
	p->sets[p->nsets] = *s;
	return emit(ps, (struct pattern_inst){ OP_SET, (uint32_t)p->nsets++, 0, 0 });
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
take_hex(struct parser *ps, size_t n, uint32_t *ret)
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
parse_u(struct parser *ps, uint32_t *ret)
{
	uint32_t v = 0, low;
	size_t back;

	if (take_char(ps, '{')) {
		size_t from = ps->at;
		while (more(ps) && hex_value(ps->text[ps->at]) >= 0 &&
		    v <= CHAR_MAX_CODE)
			v = v * 16 + (uint32_t)hex_value(ps->text[ps->at++]);
		if (ps->at == from || v > CHAR_MAX_CODE || !take_char(ps, '}'))
			return refuse(ps, "bad \\u{...}");
		*ret = v;
		return 0;
	}
	if (!take_hex(ps, 4, &v))
		return refuse(ps, "\\u needs 4 hexadecimal digits");
	back = ps->at;
	if (v >= 0xd800 && v < 0xdc00 && take_text(ps, "\\u") &&
	    take_hex(ps, 4, &low) && low >= 0xdc00 && low < 0xe000)
		v = 0x10000 + ((v - 0xd800) << 10 | (low - 0xdc00));
	else
		ps->at = back;
	*ret = v;
	return 0;
}

/* After a backslash: an escape that stands for one character. */
static int
parse_char_escape(struct parser *ps, uint32_t *ret)
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
			return refuse(ps, "\\x needs 2 hexadecimal digits");
	} else if (c == 'u') {
		return parse_u(ps, ret);
	} else if (c == 'c') {
		char l = more(ps) ? ps->text[ps->at] : '\0';
		if ((l | 0x20) < 'a' || (l | 0x20) > 'z')
			return refuse(ps, "\\c needs a letter");
		ps->at++;
		*ret = (uint32_t)l & 0x1f;
	} else if (c == '0' && (!more(ps) || ps->text[ps->at] < '0' ||
	    ps->text[ps->at] > '9')) {
		*ret = 0;
	} else if (c >= '0' && c <= '9') {
		return refuse(ps, "back-references are not supported");
	} else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
		return refuse(ps, "no such escape: \\%c", c);
	} else {
		*ret = (unsigned char)c;
	}
	return 0;
}

/* After \p or \P. */
static int
parse_property(struct parser *ps, bool opposite, struct pattern_set *s)
{
	size_t n = 0;
	uint32_t mask;

	if (!take_char(ps, '{'))
		return refuse(ps, "\\p needs a name in braces");
	if (!take_text(ps, "General_Category="))
		take_text(ps, "gc=");
	while (ps->at + n < ps->len && ps->text[ps->at + n] != '}')
		n++;
	AUTO_FREE char *name = xstrndup(ps->text + ps->at, n);
	if ((mask = unicode_mask(name)) != 0)
		s->categories |= opposite ? UNICODE_ALL & ~mask : mask;
	else if (strcmp(name, "ASCII") == 0)
		set_add_ranges(s, ascii, COUNT(ascii), opposite);
	else if (strcmp(name, "ASCII_Hex_Digit") == 0)
		set_add_ranges(s, hex_digits, COUNT(hex_digits), opposite);
	else if (strcmp(name, "White_Space") == 0)
		set_add_ranges(s, white_space, COUNT(white_space), opposite);
	else if (strcmp(name, "Any") == 0)
		s->categories |= opposite ? 0 : UNICODE_ALL;
	else
		return refuse(ps, "unknown property '%.40s'", name);
	ps->at += n;
	return take_char(ps, '}') ? 0 : refuse(ps, "\\p{ without }");
}

/*
 * After a backslash: 1 when a class escape (\d, \p{L}) was added to the set,
 * 0 when it is none and nothing was taken, -1 on failure.
 */
static int
parse_class_escape(struct parser *ps, struct pattern_set *s)
{
	char c = ps->text[ps->at];
	bool opposite = c >= 'A' && c <= 'Z';

	switch (c | 0x20) {
	case 'd':
		ps->at++;
		set_add_ranges(s, digits, COUNT(digits), opposite);
		return 1;
	case 'w':
		ps->at++;
		set_add_ranges(s, pattern_words, PATTERN_NWORDS, opposite);
		return 1;
	case 's':
		ps->at++;
		set_add_ranges(s, spaces, COUNT(spaces), opposite);
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
parse_class_atom(struct parser *ps, struct pattern_set *s, uint32_t *ret)
{
	int r;

	if (!take_char(ps, '\\')) {
		*ret = utf8_next(ps->text, ps->len, &ps->at);
		return 1;
	}
	if (!more(ps))
		return refuse(ps, "ends in a backslash");
	if ((r = parse_class_escape(ps, s)) != 0)
		return r < 0 ? -1 : 0;
	if (take_char(ps, 'b')) {
		*ret = '\b';
		return 1;
	}
	return parse_char_escape(ps, ret) < 0 ? -1 : 1;
}

/* After '['. */
static int
parse_class(struct parser *ps, struct pattern_set *s)
{
	s->negate = take_char(ps, '^');
	while (!take_char(ps, ']')) {
		uint32_t lo = 0, hi = 0;
		int single, r;
		if (!more(ps))
			return refuse(ps, "[ without ]");
		if ((single = parse_class_atom(ps, s, &lo)) < 0)
			return -1;
		hi = lo;
		if (more(ps) && ps->text[ps->at] == '-' &&
		    ps->at + 1 < ps->len && ps->text[ps->at + 1] != ']') {
			ps->at++;
			if ((r = parse_class_atom(ps, s, &hi)) < 0)
				return -1;
			if (!single || !r || hi < lo)
				return refuse(ps, "bad range in a class");
		}
		if (single)
			set_add(s, lo, hi);
	}
	return 0;
}

/* Atoms and terms. */

static int	parse_alternatives(struct parser *ps);

/* After "(?=" or "(?!": the body, then ACCEPT, which ends the look. */
static int
parse_look(struct parser *ps, enum pattern_op op)
{
	size_t start = ps->p->len;

	if (parse_alternatives(ps) < 0 ||
	    emit(ps, (struct pattern_inst){ OP_ACCEPT, 0, 0, 0 }) < 0)
		return -1;
	if (!take_char(ps, ')'))
		return refuse(ps, "( without )");
	return insert(ps, start, (struct pattern_inst){ op, 0,
	    (int)(ps->p->len - start) + 1, 0 });
}

/* After '('. */
static int
parse_group(struct parser *ps)
{
	int r;

	if (++ps->depth > DEPTH_MAX)
		return refuse(ps, "nested too deeply");
	if (take_text(ps, "?=")) {
		r = parse_look(ps, OP_LOOK);
		ps->depth--;
		return r;
	}
	if (take_text(ps, "?!")) {
		r = parse_look(ps, OP_LOOK_NOT);
		ps->depth--;
		return r;
	}
	if (take_text(ps, "?<=") || take_text(ps, "?<!"))
		return refuse(ps, "look-behind is not supported");
	if (take_text(ps, "?<")) {
		while (more(ps) && ps->text[ps->at] != '>')
			ps->at++;
		if (!take_char(ps, '>'))
			return refuse(ps, "bad name of a group");
	} else if (take_char(ps, '?') && !take_char(ps, ':')) {
		return refuse(ps, "no such group");
	}
	if (parse_alternatives(ps) < 0)
		return -1;
	ps->depth--;
	return take_char(ps, ')') ? 0 : refuse(ps, "( without )");
}

/* After a backslash outside a class. */
static int
parse_escape(struct parser *ps)
{
	struct pattern_set s = { 0 };
	uint32_t c = 0;
	int r;

	if (!more(ps))
		return refuse(ps, "ends in a backslash");
	if (take_char(ps, 'b'))
		return emit(ps, (struct pattern_inst){ OP_WORD, 0, 0, 0 });
	if (take_char(ps, 'B'))
		return emit(ps, (struct pattern_inst){ OP_NOT_WORD, 0, 0, 0 });
	if ((r = parse_class_escape(ps, &s)) < 0) {
		free(s.ranges);
		return -1;
	}
	if (r > 0)
		return emit_set(ps, &s);
	if (parse_char_escape(ps, &c) < 0)
		return -1;
	return emit(ps, (struct pattern_inst){ OP_CHAR, c, 0, 0 });
}

static int
parse_atom(struct parser *ps)
{
	struct pattern_set s = { 0 };
	char c = ps->text[ps->at];

	switch (c) {
	case '(':
		ps->at++;
		return parse_group(ps);
	case '[':
		ps->at++;
		if (parse_class(ps, &s) == 0)
			return emit_set(ps, &s);
		free(s.ranges);
		return -1;
	case '.':
		ps->at++;
		set_add_ranges(&s, newlines, COUNT(newlines), true);
		return emit_set(ps, &s);
	case '^':
	case '$':
		ps->at++;
		return emit(ps, (struct pattern_inst){ c == '^' ? OP_START : OP_END,
		    0, 0, 0 });
	case '\\':
		ps->at++;
		return parse_escape(ps);
	case '*':
	case '+':
	case '?':
		return refuse(ps, "nothing to repeat before '%c'", c);
	default:
		return emit(ps, (struct pattern_inst){ OP_CHAR,
		    utf8_next(ps->text, ps->len, &ps->at), 0, 0 });
	}
}

static bool
take_number(struct parser *ps, unsigned *ret)
{
	size_t from = ps->at;
	unsigned v = 0;

	for (; more(ps) && ps->text[ps->at] >= '0' && ps->text[ps->at] <= '9';
	    ps->at++)
		if (v <= REPEAT_MAX)
			v = v * 10 + (unsigned)(ps->text[ps->at] - '0');
	*ret = v;
	return ps->at > from;
}

/* "{2}", "{2,}", "{2,5}"; what only looks so is text, and is left. */
static bool
take_braces(struct parser *ps, unsigned *min, unsigned *max, bool *unbounded)
{
	size_t back = ps->at;

	if (take_char(ps, '{') && take_number(ps, min)) {
		*max = *min;
		*unbounded = false;
		if (take_char(ps, ','))
			*unbounded = !take_number(ps, max);
		if (take_char(ps, '}'))
			return true;
	}
	ps->at = back;
	return false;
}

/* x{min,max} of the part at `start`, which is there once. */
static int
repeat(struct parser *ps, size_t start, unsigned min, unsigned max,
    bool unbounded)
{
	size_t n = ps->p->len - start, end;

	if (min > REPEAT_MAX || (!unbounded && max > REPEAT_MAX))
		return refuse(ps, "more than %d repetitions", REPEAT_MAX);
	if (!unbounded && max < min)
		return refuse(ps, "{%u,%u} is upside down", min, max);
	for (unsigned i = 1; i < (unbounded ? min : max); i++)
		if (copy_part(ps, start, n) < 0)
			return -1;
	if (unbounded && min == 0) {
		if (insert(ps, start, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)n + 2 }) < 0)
			return -1;
		return emit(ps, (struct pattern_inst){ OP_JUMP, 0, -(int)n - 1, 0 });
	}
	if (unbounded)
		return emit(ps, (struct pattern_inst){ OP_SPLIT, 0, -(int)n, 1 });
	if (max == 0) {
		/* kept, as its sets are, but never entered */
		return insert(ps, start, (struct pattern_inst){ OP_JUMP, 0,
		    (int)n + 1, 0 });
	}
	end = ps->p->len + (max - min);
	for (unsigned i = min; i < max; i++) {
		/* the copies after this place move up by one each time */
		size_t at = start + i * n + (i - min);
		if (insert(ps, at, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)(end - at) }) < 0)
			return -1;
	}
	return 0;
}

static int
parse_term(struct parser *ps)
{
	size_t start = ps->p->len;
	unsigned min = 0, max = 0;
	bool unbounded = true, many = true;

	if (parse_atom(ps) < 0)
		return -1;
	if (take_char(ps, '+')) {
		min = 1;
	} else if (take_char(ps, '?')) {
		unbounded = false;
		max = 1;
	} else if (!take_char(ps, '*')) {
		many = take_braces(ps, &min, &max, &unbounded);
	}
	if (!many)
		return 0;
	take_char(ps, '?');	/* lazy: the same, when only asked whether */
	return repeat(ps, start, min, max, unbounded);
}

static int
parse_alternatives(struct parser *ps)
{
	size_t start = ps->p->len, jump = 0;

	for (;;) {
		size_t from = ps->p->len;
		while (more(ps) && ps->text[ps->at] != '|' &&
		    ps->text[ps->at] != ')')
			if (parse_term(ps) < 0)
				return -1;
		if (from != start)
			ps->p->code[jump].x = (int)(ps->p->len - jump);
		if (!take_char(ps, '|'))
			return 0;
		/* (all so far | next): SPLIT all-so-far JUMP-to-end next */
		if (insert(ps, start, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)(ps->p->len - start) + 2 }) < 0)
			return -1;
		jump = ps->p->len;
		if (emit(ps, (struct pattern_inst){ OP_JUMP, 0, 1, 0 }) < 0)
			return -1;
	}
}

void
pattern_free(struct pattern *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nsets; i++)
		free(p->sets[i].ranges);
	free(p->sets);
	free(p->code);
	free(p);
}

struct pattern *
pattern_compile(const char *text, size_t len, struct err *e)
{
	struct pattern *p = xcalloc(1, sizeof(*p));
	struct parser ps = { .p = p, .text = text, .len = len, .e = e };

	if (parse_alternatives(&ps) == 0) {
		if (!more(&ps)) {
			if (emit(&ps, (struct pattern_inst){ OP_ACCEPT, 0, 0, 0 }) == 0)
				return p;
		} else {
			refuse(&ps, ") without (");
		}
	}
	pattern_free(p);
	return NULL;
}
