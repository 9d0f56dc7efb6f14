/*
 * words-bearing: where words point, as learned from tasks.
 *
 * One open table for words of tasks, words of descriptions and groups; the
 * kinds are told apart by the seeds of their keys.
 */
#include "config.h"

#include "words-impl.h"

#include "alloc.h"
#include "num.h"

/* As words_slot(). */
static struct words_bearing *
slot(const struct words *w, uint64_t key)
{
	size_t mask = w->nplaces - 1, i = key & mask;

	for (size_t n = 1; n < w->nplaces && w->bearings[i].key &&
	    w->bearings[i].key != key; n++)
		i = (i + 1) & mask;
	return &w->bearings[i];
}

static const struct words_bearing *
find(const struct words *w, uint64_t key)
{
	const struct words_bearing *b = w->nplaces ? slot(w, key) : NULL;

	return b && b->key == key ? b : NULL;
}

const struct words_bearing *
words_asked(const struct words *w, uint64_t stem)
{
	return find(w, fold_join(ASKED, stem));
}

const struct words_bearing *
words_written(const struct words *w, uint64_t stem)
{
	return find(w, fold_join(WRITTEN, stem));
}

const struct words_bearing *
words_about(const struct words *w, size_t group)
{
	const char *name = w->groups[group].name;

	return find(w, fold_hash(GROUP, name, strlen(name)));
}

double
words_scale(const struct words *w)
{
	return w->scale;
}

double
words_heavy_scale(const struct words *w)
{
	return w->heavy_scale;
}

size_t
words_places(const struct words *w)
{
	return w->nplaces;
}

size_t
words_place(const struct words *w, const struct words_bearing *b)
{
	return (size_t)(b - w->bearings);
}

static void
grow(struct words *w)
{
	struct words old = *w;

	w->nplaces = old.nplaces ? 2 * old.nplaces : 1024;
	w->bearings = xcalloc(w->nplaces, sizeof(*w->bearings));
	for (size_t i = 0; i < old.nplaces; i++)
		if (old.bearings[i].key)
			*slot(w, old.bearings[i].key) = old.bearings[i];
	free(old.bearings);
}

struct reading {
	struct words *w;
	uint64_t kind;			/* 0: none yet */
};

/* The next word of a line, or an empty one. */
static size_t
next_word(const char **s, const char *end)
{
	size_t n = 0;

	while (*s < end && (**s == ' ' || **s == '\t'))
		(*s)++;
	while (*s + n < end && (*s)[n] != ' ' && (*s)[n] != '\t')
		n++;
	return n;
}

static int
next_number(const char **s, const char *end, int64_t min, int64_t max,
    int64_t *ret, struct err *e)
{
	char number[12] = "";
	size_t n = next_word(s, end);

	if (n < sizeof(number))
		memcpy(number, *s, n);
	if (num_parse_int(number, min, max, ret) < 0)
		return err_set(e, ST_CONFIG, "no number from %lld to %lld",
		    (long long)min, (long long)max);
	*s += n;
	return 0;
}

static uint64_t
key_of(uint64_t kind, const char *s, size_t len)
{
	char folded[128];
	struct fold_word part;

	if (kind == GROUP)
		return fold_hash(GROUP, s, len);
	if (words_split(s, len, folded, sizeof(folded), &part, 1) == 0)
		return 0;
	return fold_join(kind, fold_stem(WHOLE, part.s, part.len));
}

/* "forge 31 2 -17 40 ...": rarity, heaviness, where it points. */
static int
read_bearing(struct reading *r, const char *s, const char *end, struct err *e)
{
	struct words *w = r->w;
	size_t len = next_word(&s, end);
	struct words_bearing b = { .key = key_of(r->kind, s, len) };
	int64_t n;

	s += len;
	if (next_number(&s, end, 0, UINT8_MAX, &n, e) < 0)
		return -1;
	b.rarity = (uint8_t)n;
	if (next_number(&s, end, INT8_MIN, INT8_MAX, &n, e) < 0)
		return -1;
	b.heavy = (int8_t)n;
	for (size_t i = 0; i < WORDS_WAYS; i++) {
		if (next_number(&s, end, INT8_MIN, INT8_MAX, &n, e) < 0)
			return -1;
		b.to[i] = (int8_t)n;
	}
	if (!b.key)
		return err_set(e, ST_CONFIG, "no word");
	if (2 * w->nbearings >= w->nplaces)
		grow(w);
	w->nbearings++;
	*slot(w, b.key) = b;
	return 0;
}

static bool
is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

/* "asked:", "written:", "groups:"; "unit: 35" and "heavy: 70", of 1e-9. */
static int
read_head(struct reading *r, const char *s, const char *end, struct err *e)
{
	static const struct {
		const char *name;
		uint64_t kind;
	} heads[] = {
		{ "asked:", ASKED }, { "written:", WRITTEN },
		{ "groups:", GROUP }
	};
	size_t n = next_word(&s, end);
	const char *name = s;
	int64_t unit;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (is_word(name, n, heads[i].name)) {
			r->kind = heads[i].kind;
			return 0;
		}
	if (!is_word(name, n, "unit:") && !is_word(name, n, "heavy:"))
		return err_set(e, ST_CONFIG, "none of asked:, written:, "
		    "groups:, unit:, heavy:");
	s += n;
	if (next_number(&s, end, 1, 999999999, &unit, e) < 0)
		return -1;
	*(*name == 'u' ? &r->w->scale : &r->w->heavy_scale) =
	    (double)unit * 1e-9;
	return 0;
}

static int
read_line(struct reading *r, const char *s, size_t len, struct err *e)
{
	if (len == 0 || *s == '#')
		return 0;
	if (*s != '\t')
		return read_head(r, s, s + len, e);
	if (!r->kind)
		return err_set(e, ST_CONFIG, "a word of no kind");
	return read_bearing(r, s, s + len, e);
}

int
words_parse_bearings(struct words *w, const char *name, const char *text,
    size_t len, struct err *e)
{
	struct reading r = { .w = w };
	int line = 0;

	for (size_t at = 0; at < len; ) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		line++;
		if (read_line(&r, text + at, n, e) < 0)
			return err_prefix(e, "%s:%d", name, line);
		at += n + 1;
	}
	return 0;
}
