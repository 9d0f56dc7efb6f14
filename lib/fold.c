/*
 * fold: text as words that can be compared.
 *
 * Endings are cut the same way whatever the language: it only matters that
 * forms of one word end up alike, not that the rest is a word.
 */
#include "config.h"

#include "fold.h"

#include "alloc.h"
#include "utf8.h"

/* U+00C0 to U+017F without accents; space where it is no letter. */
static const char latin[] =
	"aaaaaaaceeeeiiii" "dnooooo ouuuuyts" "aaaaaaaceeeeiiii"
	"dnooooo ouuuuyty" "aaaaaaccccccccdd" "ddeeeeeeeeeegggg"
	"gggghhhhiiiiiiii" "iiiijjkkklllllll" "lllnnnnnnnnnoooo"
	"oooorrrrrrssssss" "ssttttttuuuuuuuu" "uuuuwwyyyzzzzzzs";

uint64_t
fold_hash(uint64_t seed, const char *s, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^
	    seed * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	return h | 1U << 31;
}

uint64_t
fold_join(uint64_t key, uint64_t next)
{
	key = (key ^ next) * UINT64_C(0x9e3779b97f4a7c15);
	return (key ^ key >> 29) | 1U << 31;
}

static bool
ends(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(s + len - n, end, n) == 0;
}

/* "stopp", "runn": one of the two. */
static size_t
undouble(const char *s, size_t len)
{
	if (len > 3 && s[len - 1] == s[len - 2] &&
	    !strchr("aeiousl", s[len - 1]))
		return len - 1;
	return len;
}

uint64_t
fold_stem(uint64_t seed, const char *s, size_t len)
{
	if (len > 3 && len < FOLD_WORD_MAX &&
	    (unsigned char)s[len - 1] < 0x80) {
		if (len > 4 && ends(s, len, "ies")) {
			char y[FOLD_WORD_MAX];
			memcpy(y, s, len - 3);
			y[len - 3] = 'y';
			return fold_hash(seed, y, len - 2);
		}
		if (ends(s, len, "s") && !ends(s, len, "ss") &&
		    !ends(s, len, "us") && !ends(s, len, "is"))
			len--;
		if (len > 5 && ends(s, len, "ing"))
			len = undouble(s, len - 3);
		else if (len > 4 && (ends(s, len, "ed") || ends(s, len, "en")))
			len = undouble(s, len - 2);
		if (len > 4 && strchr("eao", s[len - 1]))
			len--;
	}
	return fold_hash(seed, s, len);
}

static bool
is_cjk(uint32_t c)
{
	return (c >= 0x3040 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) ||
	    (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

/* Ends a sentence, so that phrases do not reach over it. */
static bool
is_end(uint32_t c)
{
	return c == '.' || c == '?' || c == '!' || c == '\n' || c == ';' ||
	    c == ':' || c == 0x3002 || c == 0xFF1F || c == 0xFF01;
}

struct folding {
	fold_fn fn;
	void *arg;
	char s[FOLD_WORD_MAX];
	struct fold_word word;		/* being read */
	bool fresh;			/* the next word begins a sentence */
	unsigned place;
	float weight;
};

static void
give(struct folding *f, const char *end)
{
	if (f->word.len == 0)
		return;
	f->word.s = f->s;
	f->word.text_len = (size_t)(end - f->word.text);
	f->word.first = f->fresh;
	if (f->fresh)
		f->place = 0;
	f->word.place = f->place > 255 ? 255 : (uint8_t)f->place;
	f->word.weight = f->weight;
	f->fn(&f->word, f->arg);
	f->fresh = false;
	f->place++;
	f->word.len = 0;
}

static void
put(struct folding *f, const char *at, const char *bytes, size_t n, bool cjk)
{
	if (f->word.len > 0 && f->word.cjk != cjk)
		give(f, at);
	if (f->word.len == 0) {
		f->word.text = at;
		f->word.cjk = cjk;
	}
	/* cut a word, but go on with a run of Chinese */
	if (f->word.len + n > FOLD_WORD_MAX - 1) {
		if (!cjk)
			return;
		give(f, at);
		f->word.text = at;
	}
	memcpy(f->s + f->word.len, bytes, n);
	f->word.len += n;
}

/* One character; false when it is no part of a word. */
static bool
fold_char(struct folding *f, const char *at, uint32_t c, size_t n)
{
	char low;

	if (c < 0x80) {
		low = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
		if (!((low >= 'a' && low <= 'z') ||
		    (low >= '0' && low <= '9') ||
		    ((low == '+' || low == '#') && f->word.len > 0 &&
		    (f->s[f->word.len - 1] == 'c' ||
		    f->s[f->word.len - 1] == '+') && f->word.len < 3)))
			return false;
		put(f, at, &low, 1, false);
		return true;
	}
	if (c >= 0xC0 && c <= 0x17F) {
		low = latin[c - 0xC0];
		if (low == ' ')
			return false;
		put(f, at, &low, 1, false);
		if (c == 0xDF)
			put(f, at, "s", 1, false);
		return true;
	}
	if (c >= 0x410 && c <= 0x42F) {
		char lower[UTF8_MAX];
		size_t len = utf8_encode(c + 0x20, lower);

		put(f, at, lower, len, false);
		return true;
	}
	if (c < 0x370 || (c >= 0x2000 && c < 0x3040) || c >= 0xFF00)
		return false;
	put(f, at, at, n, is_cjk(c));
	return true;
}

/* The letters of ASCII that go on with a word: most of any text.  How many. */
static size_t
fold_letters(struct folding *f, const char *text, size_t len)
{
	size_t i = 0;

	if (f->word.len == 0 || f->word.cjk)
		return 0;
	for (; i < len && f->word.len < FOLD_WORD_MAX - 1; i++) {
		char low = (char)(text[i] | 32);
		if (low < 'a' || low > 'z')
			break;
		f->s[f->word.len++] = low;
	}
	return i;
}

static void
fold_run(struct folding *f, const char *text, size_t len)
{
	for (size_t i = 0; i < len; ) {
		const char *at;
		uint32_t c;

		i += fold_letters(f, text + i, len - i);
		if (i == len)
			break;
		at = text + i;
		c = utf8_next(text, len, &i);
		if (!fold_char(f, at, c, (size_t)(text + i - at))) {
			give(f, at);
			if (is_end(c))
				f->fresh = true;
		}
	}
	give(f, text + len);
}

/* Prose has letters and spaces nearly alone. */
bool
fold_is_pasted(const char *s, size_t len)
{
	size_t odd = 0, space = 0;
	size_t indent = 0;

	if (len < 4)
		return false;
	while (indent < len && (s[indent] == ' ' || s[indent] == '\t'))
		indent++;
	if (indent >= 2 || *s == '\t' || ((*s == '+' || *s == '-') &&
	    len > 1 && s[1] != ' ') || (*s == '@' && s[1] == '@'))
		return true;
	for (size_t i = 0; i < len; i++) {
		odd += strchr("{}[]()<>=;_/\\|\"#*$&+%@~^0123456789",
		    s[i]) && s[i];
		space += s[i] == ' ';
	}
	return odd * 5 > len || (len > 40 && space * 25 < len &&
	    (unsigned char)*s < 0x80);
}

void
fold_text(const char *text, size_t len, fold_fn fn, void *arg)
{
	struct folding f = { .fn = fn, .arg = arg, .weight = 1 };
	bool several = len > 0 && memchr(text, '\n', len);

	for (size_t at = 0; at < len; ) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		f.weight = several && fold_is_pasted(text + at, n) ? 0.35F : 1;
		f.fresh = true;
		fold_run(&f, text + at, n);
		at += n + 1;
	}
}

struct splitting {
	char *buf;
	size_t used, size;
	struct fold_word *words;
	size_t n, max;
};

static void
keep(const struct fold_word *word, void *arg)
{
	struct splitting *p = arg;

	if (p->n == p->max || word->len > p->size - p->used)
		return;
	memcpy(p->buf + p->used, word->s, word->len);
	p->words[p->n] = *word;
	p->words[p->n++].s = p->buf + p->used;
	p->used += word->len;
}

size_t
fold_split(const char *text, size_t len, char *buf, size_t size,
    struct fold_word *ret, size_t max)
{
	struct splitting p = {
		.buf = buf, .size = size, .words = ret, .max = max
	};

	fold_text(text, len, keep, &p);
	return p.n;
}
