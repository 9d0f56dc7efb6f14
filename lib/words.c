/*
 * words: what words are about.
 *
 * Keys are 64-bit hashes of folded words, stems, beginnings and phrases, each
 * kind with a seed of its own, in one open table; the words themselves are
 * not kept.  Two that collide would share their groups, which is harmless
 * and, with some thousands of keys, does not happen.
 */
#include "config.h"

#include "words-impl.h"

#include "alloc.h"

enum { PREFIX_MIN = 3, COMPOUND_MIN = 8 };	/* bytes */

/* The entry of a key, if it is one that this list can have. */
static const struct words_entry *
lookup(const struct words *w, uint64_t key)
{
	const struct words_entry *e = words_slot(w->table, w->size, key);

	if (e->key != key || e->n > LISTED_MAX)
		return NULL;
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] >= w->ngroups)
			return NULL;
	return e;
}

size_t
words_groups(const struct words *w)
{
	return w->ngroups;
}

const char *
words_group(const struct words *w, size_t group)
{
	return w->groups[group].name;
}

bool
words_is_act(const struct words *w, size_t group)
{
	return w->groups[group].act;
}

bool
words_is_amount(const struct words *w, size_t group)
{
	return w->groups[group].amount;
}

bool
words_is_trade(const struct words *w, size_t group)
{
	return w->groups[group].trade;
}

/* -1 where there is none; the depth guards against a list with a circle. */
static double
best_trade(const struct words *w, size_t group, const double *trades,
    int depth)
{
	const struct words_group *g = &w->groups[group];
	double best = g->trade ? trades[group] : -1;

	for (size_t i = 0; i < g->nparents && depth > 0; i++) {
		double up = best_trade(w, g->parents[i], trades, depth - 1);
		best = up > best ? up : best;
	}
	return best;
}

double
words_in_trades(const struct words *w, size_t group, const double *trades)
{
	double best = best_trade(w, group, trades, 4);

	return best < 0 ? 1 : best;
}

int
words_find_group(const struct words *w, const char *name)
{
	return words_find(w, name, strlen(name));
}

/* Adds a link, or strengthens one that is there. */
static size_t
link_add(struct words_link *links, size_t n, size_t group, float weight)
{
	for (size_t i = 0; i < n; i++)
		if (links[i].group == group) {
			if (links[i].weight < weight)
				links[i].weight = weight;
			return n;
		}
	if (n < WORDS_LINKS)
		links[n++] = (struct words_link){
			.group = (uint16_t)group, .weight = weight
		};
	return n;
}

static bool
in_group(const struct words_entry *e, size_t group)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] == group)
			return true;
	return false;
}

/* In how many groups that say what something is about. */
static size_t
n_said(const struct words *w, const struct words_entry *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->listed[i] != w->stop && e->listed[i] != w->common &&
		    !w->groups[e->listed[i]].amount;
	return n;
}

static float
listed_weight(const struct words_entry *e, size_t i)
{
	return e->weak & 1U << i ? 0.5F : 1;
}

/*
 * What an entry is listed in, and what is above that.  A word of many groups
 * says less of each.
 */
static size_t
expand(const struct words *w, const struct words_entry *e, float weight,
    struct words_link *links, size_t n)
{
	static const float share[] = { 1, 1, 0.8F, 0.65F, 0.55F, 0.5F, 0.45F };

	weight *= share[n_said(w, e)];
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] != w->stop && e->listed[i] != w->common)
			n = link_add(links, n, e->listed[i],
			    weight * listed_weight(e, i));
	for (size_t i = 0; i < e->n; i++) {
		const struct words_group *g = &w->groups[e->listed[i]];
		float own = weight * listed_weight(e, i);
		for (size_t p = 0; p < g->nparents; p++) {
			const struct words_group *up =
			    &w->groups[g->parents[p]];
			n = link_add(links, n, g->parents[p], own * 0.2F);
			for (size_t q = 0; q < up->nparents; q++)
				n = link_add(links, n, up->parents[q],
				    own * 0.05F);
		}
	}
	return n;
}

/* The longest beginning that the list has; its length in *ret_len. */
static const struct words_entry *
find_prefix(const struct words *w, const char *s, size_t len, size_t *ret_len)
{
	const struct words_entry *best = NULL;
	size_t max = len < w->longest ? len : w->longest;

	for (size_t n = PREFIX_MIN; n <= max; n++) {
		const struct words_entry *e =
		    lookup(w, fold_hash(PREFIX, s, n));
		if (e) {
			best = e;
			*ret_len = n;
		}
	}
	return best;
}

/* "mietvertrag": a beginning of the list that ends the word. */
static const struct words_entry *
find_compound(const struct words *w, const char *s, size_t len)
{
	for (size_t i = PREFIX_MIN; i + 4 <= len; i++) {
		size_t n = 0;
		const struct words_entry *e =
		    find_prefix(w, s + i, len - i, &n);
		if (e && n >= 4 && len - i - n <= 3)
			return e;
	}
	return NULL;
}

static void
find_links(const struct words *w, const char *s, size_t len,
    struct words_cached *c)
{
	size_t plen = 0;
	const struct words_entry *whole = lookup(w, c->stem);
	const struct words_entry *prefix = find_prefix(w, s, len, &plen);
	float weight = whole && in_group(whole, w->common) ? 0.5F : 1;

	c->stop = whole && in_group(whole, w->stop);
	if (whole)
		c->n = (uint16_t)expand(w, whole, weight,
		    c->links, c->n);
	if (prefix && !c->stop && (!whole || plen > 4))
		c->n = (uint16_t)expand(w, prefix, weight,
		    c->links, c->n);
	if (!whole && !prefix && len >= COMPOUND_MIN) {
		const struct words_entry *e = find_compound(w, s, len);
		if (e)
			c->n = (uint16_t)expand(w, e, 0.8F, c->links, c->n);
	}
}

static const struct words_cached *
look_at(struct words *w, const struct fold_word *word)
{
	uint64_t key = fold_hash(WHOLE, word->s, word->len);
	struct words_cached *c = &w->cache[key & (CACHE_SIZE - 1)];

	if (c->key == key)
		return c;
	*c = (struct words_cached){
		.key = key, .stem = fold_stem(WHOLE, word->s, word->len)
	};
	find_links(w, word->s, word->len, c);
	return c;
}

struct reading {
	struct words *w;
	words_fn fn;
	void *arg;
	uint64_t recent[8];		/* stems of the words before */
	size_t nrecent;
};

/* The phrases that end with the word that came last. */
static void
give_phrases(struct reading *r, const struct fold_word *word)
{
	struct words_token t = { .phrase = true };
	size_t max = r->nrecent < r->w->phrase_max ? r->nrecent
	    : r->w->phrase_max;

	for (size_t n = 2; n <= max; n++) {
		uint64_t key = PHRASE;
		const struct words_entry *e;
		for (size_t i = r->nrecent - n; i < r->nrecent; i++)
			key = fold_join(key, r->recent[i % 8]);
		e = lookup(r->w, key);
		if (!e)
			continue;
		t.stem = key;
		t.text = word->text;
		t.len = (uint32_t)word->text_len;
		t.place = word->place;
		t.weight = word->weight * 1.3F;
		t.nlinks = (uint16_t)expand(r->w, e, 1, t.links, 0);
		r->fn(&t, r->arg);
	}
}

/* Chinese: the longest pieces that the list has, from left to right. */
static void
give_cjk(struct reading *r, const struct fold_word *word)
{
	size_t i = 0;

	while (i + 3 <= word->len) {
		struct words_token t = { .weight = word->weight };
		size_t step = 3;
		for (size_t n = 12; n >= 3; n -= 3) {
			const struct words_entry *e;
			if (i + n > word->len)
				continue;
			t.stem = fold_stem(WHOLE, word->s + i, n);
			e = lookup(r->w, t.stem);
			if (!e && n != 6)
				continue;
			if (e)
				step = n;
			t.text = word->text + i;
			t.len = (uint32_t)n;
			t.place = word->place;
			t.nlinks = e ? (uint16_t)expand(r->w, e, 1, t.links, 0)
			    : 0;
			r->fn(&t, r->arg);
			if (e)
				break;
		}
		i += step;
	}
}

static void
give_word(const struct fold_word *word, void *arg)
{
	struct reading *r = arg;
	const struct words_cached *c;
	struct words_token t;

	if (word->cjk) {
		give_cjk(r, word);
		return;
	}
	c = look_at(r->w, word);
	t = (struct words_token){
		.stem = c->stem, .text = word->text,
		.len = (uint32_t)word->text_len, .nlinks = c->n,
		.place = word->place, .weight = word->weight,
		.stop = c->stop
	};
	memcpy(t.links, c->links, c->n * sizeof(*c->links));
	r->fn(&t, r->arg);
	if (word->first)
		r->nrecent = 0;
	r->recent[r->nrecent++ % 8] = c->stem;
	give_phrases(r, word);
}

void
words_read(struct words *w, const char *text, size_t len, words_fn fn,
    void *arg)
{
	struct reading r = { .w = w, .fn = fn, .arg = arg };

	fold_text(text, len, give_word, &r);
}
