/*
 * memory-expand: looks the words of a query up, and what may stand for them.
 *
 * Words are indexed as they are written, so the forms of one are found by
 * walking over the terms that begin as its stem does; that also makes the
 * dictionary the vocabulary that spelling is corrected from.
 */
#include "config.h"

#include "memory-query.h"

#include <ctype.h>
#include <math.h>

#include "alloc.h"
#include "path.h"
#include "stem.h"
#include "synonyms.h"

/*
 * What one that stands for a word counts, against the word itself.  A whole
 * identifier outweighs the words that it is made of.
 */
static const double weights[] = {
	[QUERY_WORD] = 1, [QUERY_SYNONYM] = 0.45, [QUERY_SPELLING] = 0.8,
	[QUERY_PREFIX] = 0.4, [QUERY_WHOLE] = 3
};

#define WHEN_WEIGHT 0.3

enum {
	GROUPS_USED = 64,	/* of a long query, the rarest words */
	GROUPS_SYNONYMS = 16,	/* no synonyms for longer ones */
	SYNONYMS_MAX = 24,	/* of a word */
	FORMS_MAX = 64,		/* of a word, in a segment */
	GUESSES = 3,		/* corrections of a word, */
	GUESSED_MAX = 24,	/* of so many words of a query */
	SPELL_LEAST = 4,	/* letters */
	COMPOUND_LEAST = 8,	/* letters of a word made of words, */
	PART_LEAST = 5,		/* and of one of these */
	FILE_MAX_SIZE = 4 << 20
};

struct looking {
	struct query *q;
	struct index *x;
	const struct memory_search *s;
	struct buf *lists;	/* the synonym files */
	size_t nlists;
	size_t guessed;		/* words that no note has */
};

/* Forms of a word. */

struct forms {
	struct index *x;
	size_t seg, found;
	struct query_class *class;
	const char *word;
	size_t len;
	char stem[WORD_MAX + 2];
	size_t stem_len;
	bool prefix;		/* everything that begins with it */
	struct err *e;
	bool failed;
};

static bool
is_letters(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 'a' || p[i] > 'z')
			return false;
	return len > 0;
}

static bool
is_form(const struct forms *f, const struct index_term *t)
{
	char w[WORD_MAX + 2];
	size_t n;

	if (f->prefix || (t->len == f->len &&
	    memcmp(t->text, f->word, f->len) == 0))
		return true;
	if (t->len > f->stem_len + 8 || !is_letters(t->text, t->len))
		return false;
	memcpy(w, t->text, t->len);
	n = stem_word(w, t->len);
	return n == f->stem_len && memcmp(w, f->stem, n) == 0;
}

static int
on_form(void *arg, const struct index_term *t)
{
	struct forms *f = arg;
	struct query_class *c = f->class;
	struct query_list list = { .seg = f->seg };

	if (!is_form(f, t))
		return 0;
	if (index_list(f->x, f->seg, t, &list.data, &list.len, f->e) < 0) {
		f->failed = true;
		return 1;
	}
	GROW(c->list, c->nlists, c->caplists);
	c->list[c->nlists++] = list;
	GROW(c->term, c->nterms, c->capterms);
	memcpy(c->term[c->nterms].text, t->text, t->len);
	c->term[c->nterms++].len = t->len;
	c->df += t->df;
	return ++f->found == FORMS_MAX;
}

/* One term and no forms of it: an identifier, a filter. */
static int
on_exact(void *arg, const struct index_term *t)
{
	struct forms *f = arg;

	if (t->len == f->len)
		on_form(arg, t);
	return 1;		/* the first is it, or it is not there */
}

static int
collect(struct looking *k, struct query_class *c, const char *word,
    size_t len, bool whole, bool prefix, struct err *e)
{
	struct forms f = { .x = k->x, .class = c, .word = word, .len = len,
		.prefix = prefix, .e = e };
	size_t walk = len;

	memcpy(f.stem, word, len);
	f.stem_len = stem_word(f.stem, len);
	if (!whole && !prefix && is_letters(word, len))
		walk = stem_prefix(f.stem, f.stem_len);
	if (walk > len)
		walk = len;
	for (f.seg = 0; f.seg < k->x->n; f.seg++) {
		f.found = 0;
		if (index_walk(k->x, f.seg, word, walk, whole ? on_exact :
		    on_form, &f, e) < 0 || f.failed)
			return -1;
	}
	return 0;
}

static struct query_class *
new_class(struct query_group *g, const char *word, size_t len,
    enum query_how how, double weight)
{
	struct query_class *c;

	GROW(g->class, g->n, g->cap);
	c = &g->class[g->n++];
	*c = (struct query_class){ .how = how, .weight = weight };
	memcpy(c->word, word, len < WORD_MAX ? len : WORD_MAX);
	return c;
}

/* Adds a class; takes it away again when no note has it. */
static int
add_class(struct looking *k, struct query_group *g, const char *word,
    size_t len, enum query_how how, double weight, struct err *e)
{
	struct query_class *c = new_class(g, word, len, how, weight);

	if (collect(k, c, word, len, how == QUERY_WHOLE,
	    how == QUERY_PREFIX, e) < 0)
		return -1;
	if (c->nlists == 0)
		g->n--;
	return 0;
}

/* Spelling. */

/*
 * The distance of two words by letters changed, left out, added, or swapped
 * with their neighbour; more than `max` is max + 1.
 */
static int
distance(const char *a, size_t n, const char *b, size_t m, int max)
{
	int rows[3][WORD_MAX + 1];
	int *before = rows[0], *last = rows[1], *row = rows[2];

	if ((n > m ? n - m : m - n) > (size_t)max)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		int best = row[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			int d = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
			if (d < best)
				best = d;
		}
		if (best > max)
			return max + 1;
		int *t = before;
		before = last;
		last = row;
		row = t;
	}
	return last[m];
}

struct guess {
	char word[WORD_MAX];
	size_t len;
	int distance;
	uint64_t df;
};

struct guessing {
	const char *word;
	size_t len;
	int max;
	struct guess g[GUESSES];
	size_t n;
};

static bool
is_better(const struct guess *a, const struct guess *b)
{
	return a->distance < b->distance ||
	    (a->distance == b->distance && a->df > b->df);
}

/* Among the best so far, which are in order. */
static void
keep_guess(struct guessing *k, const struct guess *g)
{
	size_t at;

	if (k->n < GUESSES)
		k->n++;
	else if (!is_better(g, &k->g[k->n - 1]))
		return;
	for (at = k->n - 1; at > 0 && is_better(g, &k->g[at - 1]); at--)
		k->g[at] = k->g[at - 1];
	k->g[at] = *g;
}

static int
on_candidate(void *arg, const struct index_term *t)
{
	struct guessing *k = arg;
	struct guess g = { .len = t->len, .df = t->df };
	size_t at;

	if (t->len < 3 || !is_letters(t->text, t->len))
		return 0;
	g.distance = distance(k->word, k->len, t->text, t->len, k->max);
	if (g.distance > k->max)
		return 0;
	/* a wrong first letter is the rarer mistake */
	g.distance = 2 * g.distance + (*t->text != *k->word);
	memcpy(g.word, t->text, t->len);
	for (at = 0; at < k->n; at++)
		if (k->g[at].len == g.len &&
		    memcmp(k->g[at].word, g.word, g.len) == 0) {
			k->g[at].df += g.df;
			return 0;
		}
	keep_guess(k, &g);
	return 0;
}

static int
spell(struct looking *k, struct query_group *g, struct err *e)
{
	size_t len = strlen(g->word);
	struct guessing s = { .word = g->word, .len = len,
		.max = len < 6 ? 1 : 2 };

	if (len < SPELL_LEAST || !is_letters(g->word, len))
		return 0;
	for (size_t i = 0; i < k->x->n; i++)
		if (index_walk(k->x, i, g->word, 1, on_candidate, &s, e) < 0)
			return -1;
	for (size_t i = 0; s.n == 0 && len >= 6 && i < k->x->n; i++)
		if (index_walk(k->x, i, "", 0, on_candidate, &s, e) < 0)
			return -1;
	for (size_t i = 0; i < s.n && s.g[i].distance == s.g[0].distance; i++)
		if (add_class(k, g, s.g[i].word, s.g[i].len, QUERY_SPELLING,
		    weights[QUERY_SPELLING] - (s.g[i].distance > 3 ? 0.2 : 0),
		    e) < 0)
			return -1;
	return 0;
}

/* Words made of words: "Heizungswartung" and "Heizung", either way round. */

static bool
is_inside(const char *a, size_t n, const char *b, size_t m)
{
	return n <= m && memmem(b, m, a, n);
}

static bool
is_at_end(const char *a, size_t n, const char *b, size_t m)
{
	return n <= m && (memcmp(a, b, n) == 0 ||
	    memcmp(a, b + m - n, n) == 0);
}

static int
on_relative(void *arg, const struct index_term *t)
{
	struct guessing *k = arg;
	struct guess g = { .len = t->len, .df = t->df };

	if (t->len < PART_LEAST || !is_letters(t->text, t->len))
		return 0;
	if (is_inside(k->word, k->len, t->text, t->len))
		g.distance = -(int)k->len;
	else if (is_at_end(t->text, t->len, k->word, k->len))
		g.distance = -(int)t->len;
	else
		return 0;
	memcpy(g.word, t->text, t->len);
	keep_guess(k, &g);
	return 0;
}

static int
take_apart(struct looking *k, struct query_group *g, struct err *e)
{
	size_t len = strlen(g->word);
	struct guessing s = { .word = g->word, .len = len };

	if (len < COMPOUND_LEAST || !is_letters(g->word, len))
		return 0;
	for (size_t i = 0; i < k->x->n; i++)
		if (index_walk(k->x, i, "", 0, on_relative, &s, e) < 0)
			return -1;
	for (size_t i = 0; i < s.n; i++)
		if (add_class(k, g, s.g[i].word, s.g[i].len, QUERY_PREFIX,
		    weights[QUERY_PREFIX], e) < 0)
			return -1;
	return 0;
}

/* Synonyms. */

struct standing {
	char word[SYNONYMS_MAX][WORD_MAX];
	size_t len[SYNONYMS_MAX];
	size_t n;
};

static void
on_synonym(void *arg, const char *word, size_t len)
{
	struct standing *s = arg;

	for (size_t i = 0; i < s->n; i++)
		if (s->len[i] == len && memcmp(s->word[i], word, len) == 0)
			return;
	if (s->n == SYNONYMS_MAX)
		return;
	memcpy(s->word[s->n], word, len);
	s->len[s->n++] = len;
}

static int
add_synonyms(struct looking *k, struct query_group *g, struct err *e)
{
	struct standing s = { .n = 0 };

	for (size_t i = 0; i < k->nlists; i++)
		synonyms_each(k->lists[i].data, k->lists[i].len, g->word,
		    strlen(g->word), on_synonym, &s);
	for (size_t i = 0; i < s.n; i++)
		if (add_class(k, g, s.word[i], s.len[i], QUERY_SYNONYM,
		    weights[QUERY_SYNONYM], e) < 0)
			return -1;
	return 0;
}

static void
read_files(struct looking *k)
{
	k->lists = xcalloc(k->s->nsynonyms + 1, sizeof(*k->lists));
	for (size_t i = 0; i < k->s->nsynonyms; i++) {
		struct err ignored = ERR_INIT;
		if (path_read(k->s->synonyms[i], FILE_MAX_SIZE,
		    &k->lists[k->nlists], &ignored) == 0)
			k->nlists++;
	}
}

/* Together. */

static int
expand_word(struct looking *k, struct query_group *g, bool synonyms,
    struct err *e)
{
	size_t len = strlen(g->word);
	/* "last" is rather when than what, see when.h */
	bool when = g->flags == 0 && !g->whole && when_is_word(g->word);

	if (when)
		return add_class(k, g, g->word, len, QUERY_WORD, WHEN_WEIGHT,
		    e);
	if (add_class(k, g, g->word, len, g->whole ? QUERY_WHOLE :
	    g->prefix ? QUERY_PREFIX : QUERY_WORD, g->prefix ? 1 :
	    weights[g->whole ? QUERY_WHOLE : QUERY_WORD], e) < 0)
		return -1;
	if (g->whole || g->prefix || k->s->exact ||
	    (g->flags & (QUERY_NOT | QUERY_FILTER)))
		return 0;
	/* each reads much of the vocabulary */
	if (g->n > 0 || k->guessed++ >= GUESSED_MAX)
		return synonyms ? add_synonyms(k, g, e) : 0;
	if (spell(k, g, e) < 0)
		return -1;
	if (g->n == 0 && len >= SPELL_LEAST && add_class(k, g, g->word, len,
	    QUERY_PREFIX, weights[QUERY_PREFIX], e) < 0)
		return -1;
	if (g->n == 0 && take_apart(k, g, e) < 0)
		return -1;
	return synonyms ? add_synonyms(k, g, e) : 0;
}

static void
weigh(struct query *q, const struct index *x)
{
	double n = (double)x->docs;

	for (size_t i = 0; i < q->n; i++) {
		struct query_group *g = &q->group[i];
		g->best = 0;
		for (size_t k = 0; k < g->n; k++) {
			struct query_class *c = &g->class[k];
			double df = (double)c->df < n ? (double)c->df : n;
			c->idf = log(1 + (n - df + 0.5) / (df + 0.5));
			if (c->weight * c->idf > g->best)
				g->best = c->weight * c->idf;
		}
		if (!g->whole && !(g->flags & (QUERY_NOT | QUERY_FILTER)))
			q->total += g->n ? g->best : 3;
	}
}

static int
by_best(const void *a, const void *b)
{
	const struct query_group *x = a, *y = b;
	int f = (x->flags != 0) - (y->flags != 0);

	return f ? -f : x->best > y->best ? -1 : x->best < y->best;
}

/* Of a very long text the rarest words say what it is about. */
static void
shorten(struct query *q)
{
	struct query rest = { 0 };

	if (q->n <= GROUPS_USED)
		return;
	qsort(q->group, q->n, sizeof(*q->group), by_best);
	rest.n = rest.cap = q->n - GROUPS_USED;
	rest.group = xcalloc(rest.n, sizeof(*rest.group));
	memcpy(rest.group, q->group + GROUPS_USED,
	    rest.n * sizeof(*rest.group));
	q->n = GROUPS_USED;
	query_release(&rest);
}

int
query_expand(struct query *q, const struct memory_search *s, struct index *x,
    struct err *e)
{
	struct looking k = { .q = q, .x = x, .s = s };
	bool synonyms = q->n <= GROUPS_SYNONYMS && !s->exact;
	int r = 0;

	if (synonyms)
		read_files(&k);
	for (size_t i = 0; r == 0 && i < q->n; i++)
		r = expand_word(&k, &q->group[i], synonyms, e);
	for (size_t i = 0; i < k.nlists; i++)
		buf_release(&k.lists[i]);
	free(k.lists);
	if (r < 0)
		return -1;
	weigh(q, x);
	shorten(q);
	return 0;
}
