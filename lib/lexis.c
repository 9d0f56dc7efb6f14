/* lexis: cuts text into what a search can look for. */
#include "config.h"

#include "lexis.h"

#include <stdint.h>

#include "alloc.h"
#include "utf8.h"

enum class {
	SPACE,			/* and whatever else ends a chunk */
	LOWER, UPPER, DIGIT,
	LETTER,			/* beyond ASCII, where no identifier has
				 * a border */
	JOINER,			/* holds an identifier together */
	QUOTE,			/* an apostrophe */
	DENSE,			/* of a script without spaces */
	MARK			/* a combining accent: dropped */
};

enum { CHUNK_MAX = 192 };	/* characters looked at together */

/* One character of a chunk. */
struct cell {
	uint8_t class;
	uint8_t at, len;	/* its folded bytes, at most 255 in all */
	size_t src;		/* offset in the text */
};

struct chunk {
	struct cell c[CHUNK_MAX + 1];
	size_t n;
	char fold[4 * CHUNK_MAX];
	size_t foldlen;
	size_t end;		/* offset in the text after the last one */
};

struct scan {
	void (*emit)(void *, const struct word *);
	void *arg;
	unsigned pos;
	struct chunk k;
};

/* Base letters of U+00C0 to U+017F; '*' where it takes two (below). */
static const char latin[] =
    "aaaaaa*ceeeeiiiidnooooo *uuuuy**aaaaaa*ceeeeiiiidnooooo *uuuuy*y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkklllllll"
    "lllnnnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const struct {
	uint16_t cp;
	const char *to;
} pairs[] = {
	{ 0xC6, "ae" }, { 0xD8, "o" }, { 0xDE, "th" }, { 0xDF, "ss" },
	{ 0xE6, "ae" }, { 0xF8, "o" }, { 0xFE, "th" }, { 0x132, "ij" },
	{ 0x133, "ij" }, { 0x152, "oe" }, { 0x153, "oe" }
};

static const char *const stops[] = {
#include "lexis-stop.inc"
};

static enum class
class_ascii(unsigned c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	if (c == '\'')
		return QUOTE;
	return c && strchr("-_./:@#\\+~=&$", (int)c) ? JOINER : SPACE;
}

static bool
is_dense(unsigned c)
{
	return (c >= 0x0E00 && c < 0x0F00) || (c >= 0x1780 && c < 0x1800) ||
	    (c >= 0x1100 && c < 0x1200) || (c >= 0x3040 && c < 0x3130) ||
	    (c >= 0x3400 && c < 0xA000) || (c >= 0xAC00 && c < 0xD7B0) ||
	    (c >= 0xF900 && c < 0xFB00) || (c >= 0x20000 && c < 0x32000);
}

/* Punctuation, arrows, symbols, private use: nothing to look for. */
static bool
is_symbol(unsigned c)
{
	return c < 0xAA || c == 0xAB || (c > 0xAB && c < 0xB5) || c == 0xB6 ||
	    c == 0xB7 || c == 0xB8 || c == 0xBB || c == 0xBF || c == 0xD7 ||
	    c == 0xF7 || (c >= 0x2000 && c < 0x2070) ||
	    (c >= 0x20A0 && c < 0x2C00 && !(c >= 0x2100 && c < 0x2190)) ||
	    (c >= 0x3000 && c < 0x3005) || (c >= 0x3008 && c < 0x3021) ||
	    (c >= 0xE000 && c < 0xF900) || (c >= 0xFE10 && c < 0xFE70) ||
	    (c >= 0xFF00 && c < 0xFF10) || (c >= 0xFF1A && c < 0xFF21) ||
	    (c >= 0x1F000 && c < 0x20000);
}

/* Greek and Cyrillic in lower case, without accents. */
static unsigned
fold_other(unsigned c)
{
	static const unsigned greek[][2] = {
		{ 0x386, 0x3B1 }, { 0x388, 0x3B5 }, { 0x389, 0x3B7 },
		{ 0x38A, 0x3B9 }, { 0x38C, 0x3BF }, { 0x38E, 0x3C5 },
		{ 0x38F, 0x3C9 }, { 0x3AC, 0x3B1 }, { 0x3AD, 0x3B5 },
		{ 0x3AE, 0x3B7 }, { 0x3AF, 0x3B9 }, { 0x3C2, 0x3C3 },
		{ 0x3CC, 0x3BF }, { 0x3CD, 0x3C5 }, { 0x3CE, 0x3C9 },
		{ 0x451, 0x435 }, { 0x401, 0x435 }
	};

	for (size_t i = 0; i < sizeof(greek) / sizeof(*greek); i++)
		if (c == greek[i][0])
			return greek[i][1];
	if ((c >= 0x391 && c <= 0x3AB) || (c >= 0x410 && c <= 0x42F))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40F)
		return c + 0x50;
	if (c >= 0xFF21 && c <= 0xFF3A)
		return c - 0xFF21 + 'a';
	if (c >= 0xFF41 && c <= 0xFF5A)
		return c - 0xFF41 + 'a';
	if (c >= 0xFF10 && c <= 0xFF19)
		return c - 0xFF10 + '0';
	return c;
}

static size_t
fold_wide(unsigned c, char *out)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pairs[i].cp == c) {
			size_t n = strlen(pairs[i].to);
			memcpy(out, pairs[i].to, n);
			return n;
		}
	if (c >= 0xC0 && c < 0xC0 + sizeof(latin) - 1) {
		*out = latin[c - 0xC0];
		return 1;
	}
	return utf8_encode(fold_other(c), out);
}

static enum class
class_wide(unsigned c)
{
	if (c == 0x2019 || c == 0x02BC)
		return QUOTE;
	if (c >= 0x300 && c < 0x370)
		return MARK;
	if (is_dense(c))
		return DENSE;
	if (is_symbol(c) || c == 0xFFFD)	/* what was no UTF-8 */
		return SPACE;
	return LETTER;
}

static bool
is_part(uint8_t class)
{
	return class == LOWER || class == UPPER || class == DIGIT ||
	    class == LETTER;
}

/* A run of parts, from cell `a` up to `b`. */
static void
emit_cells(struct scan *s, size_t a, size_t b, bool whole)
{
	const struct chunk *k = &s->k;
	size_t at = k->c[a].at, end = k->c[b - 1].at + (size_t)k->c[b - 1].len;
	struct word w = {
		.text = k->fold + at, .len = end - at, .whole = whole,
		.start = k->c[a].src,
		.end = b < k->n ? k->c[b].src : k->end, .pos = s->pos
	};

	if (w.len > WORD_MAX)
		w.len = WORD_MAX;
	if (w.len > 0)
		s->emit(s->arg, &w);
}

/* Whether a new part begins at `i`, inside a run of letters and digits. */
static bool
is_border(const struct chunk *k, size_t i, size_t end)
{
	uint8_t before = k->c[i - 1].class, here = k->c[i].class;

	if ((before == DIGIT) != (here == DIGIT))
		return true;
	if (before == LOWER && here == UPPER)
		return true;
	/* HTTPHeader: before the last capital */
	return before == UPPER && here == UPPER && i + 1 < end &&
	    k->c[i + 1].class == LOWER;
}

/* The parts of the run from a to b; how many. */
static size_t
emit_run(struct scan *s, size_t a, size_t b, bool inner)
{
	size_t parts = 1, from = a;

	for (size_t i = a + 1; i < b; i++)
		parts += is_border(&s->k, i, b);
	if (parts > 1 && inner)
		emit_cells(s, a, b, true);
	for (size_t i = a + 1; i <= b; i++)
		if (i == b || is_border(&s->k, i, b)) {
			emit_cells(s, from, i, false);
			s->pos++;
			from = i;
		}
	return parts;
}

/* "stand-up" as "standup": letters with hyphens between, nothing else. */
static void
emit_joined(struct scan *s, size_t a, size_t b)
{
	const struct chunk *k = &s->k;
	char text[WORD_MAX];
	size_t n = 0;

	for (size_t i = a; i < b; i++) {
		const struct cell *c = &k->c[i];
		if (c->class == JOINER && k->fold[c->at] == '-')
			continue;
		if (!is_part(c->class) || c->class == DIGIT ||
		    n + c->len > sizeof(text))
			return;
		memcpy(text + n, k->fold + c->at, c->len);
		n += c->len;
	}
	s->emit(s->arg, &(struct word){ .text = text, .len = n, .whole = true,
	    .start = k->c[a].src, .end = b < k->n ? k->c[b].src : k->end,
	    .pos = s->pos });
}

/* Cuts what holds nothing together off both ends: "(see x.y)." */
static void
trim(const struct chunk *k, size_t *a, size_t *b)
{
	size_t first = *a;

	while (*a < *b && !is_part(k->c[*a].class))
		++*a;
	while (*b > *a && !is_part(k->c[*b - 1].class)) {
		/* c++, c# */
		char c = k->fold[k->c[*b - 1].at];
		if ((c == '+' || c == '#') && *b - first <= 4)
			return;
		--*b;
	}
}

static void
emit_chunk(struct scan *s, size_t a, size_t b)
{
	const struct chunk *k = &s->k;
	bool joined = false, hyphen = false;
	size_t i;

	trim(k, &a, &b);
	if (a == b)
		return;
	for (i = a; i < b; i++)
		if (k->c[i].class == JOINER) {
			joined = true;
			hyphen |= k->fold[k->c[i].at] == '-';
		}
	if (joined)
		emit_cells(s, a, b, true);
	if (hyphen)
		emit_joined(s, a, b);
	for (i = a; i < b; i++) {
		size_t from = i;
		while (i < b && is_part(k->c[i].class))
			i++;
		if (i > from)
			emit_run(s, from, i, true);
	}
}

/* Pairs of neighbours; one that stands alone by itself. */
static void
emit_dense(struct scan *s, size_t a, size_t b)
{
	if (b - a == 1)
		emit_cells(s, a, b, false);
	for (size_t i = a; i + 1 < b; i++) {
		emit_cells(s, i, i + 2, false);
		s->pos++;
	}
	s->pos++;
}

/* Takes apostrophes out: "don't" is dont, "Apple's" apple, "hosts'" hosts. */
static void
drop_quotes(struct chunk *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct cell *c = &k->c[i];
		bool s = i + 1 < k->n && k->fold[c[1].at] == 's' &&
		    c[1].len == 1 && (i + 2 == k->n || !is_part(c[2].class));
		if (c->class == QUOTE) {
			i += s;
			continue;
		}
		k->c[n++] = *c;
	}
	k->n = n;
}

/* Folded bytes must be in one piece again after something was taken out. */
static void
repack(struct chunk *k)
{
	char fold[sizeof(k->fold)];
	size_t at = 0;

	for (size_t i = 0; i < k->n; i++) {
		memcpy(fold + at, k->fold + k->c[i].at, k->c[i].len);
		k->c[i].at = (uint8_t)at;
		at += k->c[i].len;
	}
	memcpy(k->fold, fold, at);
}

static void
flush_chunk(struct scan *s)
{
	struct chunk *k = &s->k;
	size_t from = 0;
	bool quotes = false;

	for (size_t i = 0; i < k->n; i++)
		quotes |= k->c[i].class == QUOTE;
	if (quotes) {
		drop_quotes(k);
		repack(k);
	}
	for (size_t i = 1; i <= k->n; i++) {
		bool dense = k->c[from].class == DENSE;
		if (i < k->n && (k->c[i].class == DENSE) == dense)
			continue;
		if (dense)
			emit_dense(s, from, i);
		else
			emit_chunk(s, from, i);
		from = i;
	}
	k->n = k->foldlen = 0;
}

/*
 * A cell's place is one byte: so is the room.  A chunk that is full goes on
 * in the next: no identifier is that long.
 */
static void
put(struct scan *s, enum class class, const char *fold, size_t len, size_t src)
{
	struct chunk *k = &s->k;

	if (k->n == CHUNK_MAX || k->foldlen + len > UINT8_MAX)
		flush_chunk(s);
	memcpy(k->fold + k->foldlen, fold, len);
	k->c[k->n++] = (struct cell){ (uint8_t)class, (uint8_t)k->foldlen,
		(uint8_t)len, src };
	k->foldlen += len;
}

void
lexis_scan(const char *text, size_t len,
    void (*emit)(void *arg, const struct word *w), void *arg)
{
	struct scan s;
	size_t i = 0;

	s.emit = emit;
	s.arg = arg;
	s.pos = 0;
	s.k.n = s.k.foldlen = 0;
	while (i < len) {
		char fold[8];
		uint32_t c = 0;
		size_t n = utf8_decode(text + i, len - i, &c), m = 1;
		enum class class = n == 0 ? SPACE : c < 0x80 ?
		    class_ascii(c) : class_wide(c);

		s.k.end = i;
		if (class == SPACE) {
			if (s.k.n > 0)
				flush_chunk(&s);
		} else if (class != MARK) {
			fold[0] = (char)(class == UPPER ? c + 32 : c);
			if (c >= 0x80)
				m = fold_wide(c, fold);
			put(&s, class, fold, m, i);
		}
		i += n ? n : 1;
	}
	s.k.end = len;
	if (s.k.n > 0)
		flush_chunk(&s);
}

bool
lexis_is_stop(const char *word, size_t len)
{
	size_t lo = 0, hi = sizeof(stops) / sizeof(*stops);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = strncmp(word, stops[mid], len);
		if (d == 0)
			d = stops[mid][len] ? -1 : 0;
		if (d == 0)
			return true;
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}
