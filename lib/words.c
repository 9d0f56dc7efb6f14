/*
 * words: what words are about.
 *
 * Keys are 64-bit hashes of folded words, stems, beginnings and phrases, each
 * kind with a seed of its own, in one open table; the words themselves are
 * not kept.  Two that collide would share their groups, which is harmless
 * and, with some thousands of keys, does not happen.
 */
#include "config.h"

#include "words.h"

#include "alloc.h"
#include "fold.h"
#include "json.h"

enum {
	GROUPS_MAX = 1000,
	PARENTS_MAX = 4,
	LISTED_MAX = 6,			/* groups that one word is listed in */
	CACHE_SIZE = 1 << 13,		/* words remembered */
	PREFIX_MIN = 3,
	COMPOUND_MIN = 8		/* bytes of a word that may be one */
};

enum kind { WHOLE = 1, PREFIX, PHRASE };

struct group {
	char *name;
	bool act, amount, trade;
	uint16_t parents[PARENTS_MAX];
	size_t nparents;
};

struct entry {
	uint64_t key;			/* 0: free */
	uint16_t listed[LISTED_MAX];
	uint8_t n;
	uint8_t weak;			/* bits: half the weight */
};

struct cached {
	uint64_t key;			/* of the folded word; 0: free */
	uint64_t stem;
	struct words_link links[WORDS_LINKS];
	uint16_t n;
	bool stop;
};

struct words {
	struct group *groups;
	size_t ngroups, groupcap;
	struct entry *table;
	size_t used, size;		/* size is a power of 2 */
	size_t longest;			/* bytes of a beginning */
	size_t phrase_max;		/* words of a phrase */
	size_t stop, common;		/* groups of words that say nothing, or
					 * little */
	struct cached *cache;
};

static struct entry *
slot(struct entry *table, size_t size, uint64_t key)
{
	size_t i = key & (size - 1);

	while (table[i].key && table[i].key != key)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static const struct entry *
lookup(const struct words *w, uint64_t key)
{
	const struct entry *e = slot(w->table, w->size, key);

	return e->key ? e : NULL;
}

/* Twice as large; at first, for a list of `bytes`. */
static void
table_grow(struct words *w, size_t bytes)
{
	size_t size = w->size ? 2 * w->size : 1024;
	struct entry *table;

	while (!w->size && size < bytes / 5)
		size *= 2;
	table = xcalloc(size, sizeof(*table));
	for (size_t i = 0; i < w->size; i++)
		if (w->table[i].key)
			*slot(table, size, w->table[i].key) = w->table[i];
	free(w->table);
	w->table = table;
	w->size = size;
}

static void
table_add(struct words *w, uint64_t key, size_t group, bool weak)
{
	struct entry *e;

	if (2 * w->used >= w->size)
		table_grow(w, 0);
	e = slot(w->table, w->size, key);
	if (!e->key) {
		e->key = key;
		w->used++;
	}
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] == group)
			return;
	if (e->n == LISTED_MAX)
		return;
	if (weak)
		e->weak |= (uint8_t)(1U << e->n);
	e->listed[e->n++] = (uint16_t)group;
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
	const struct group *g = &w->groups[group];
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

static int
find_group(const struct words *w, const char *name, size_t len)
{
	for (size_t i = 0; i < w->ngroups; i++)
		if (strncmp(w->groups[i].name, name, len) == 0 &&
		    !w->groups[i].name[len])
			return (int)i;
	return -1;
}

int
words_find_group(const struct words *w, const char *name)
{
	return find_group(w, name, strlen(name));
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t
need_group(struct words *w, const char *name, size_t len)
{
	int found = find_group(w, name, len);

	if (found >= 0)
		return (size_t)found;
	GROW(w->groups, w->ngroups, w->groupcap);
	w->groups[w->ngroups] = (struct group){ .name = xstrndup(name, len) };
	return w->ngroups++;
}

/*
 * "name: parent parent"; "act", "amount" and
 * "trade-root" are marks.
 */
static int
parse_group(struct words *w, const char *s, size_t len, size_t *ret,
    struct err *e)
{
	const char *colon = memchr(s, ':', len);
	size_t n = colon ? (size_t)(colon - s) : len;
	struct group *g;

	if (n == len || n == 0)
		return err_set(e, ST_CONFIG, "no ':' after a group's name");
	if (w->ngroups + PARENTS_MAX + 1 >= GROUPS_MAX)
		return err_set(e, ST_CONFIG, "too many groups");
	*ret = need_group(w, s, n);
	for (n++; n < len; ) {
		size_t word, parent;
		while (n < len && is_space(s[n]))
			n++;
		for (word = 0; n + word < len && !is_space(s[n + word]); )
			word++;
		if (word == 0)
			break;
		parent = need_group(w, s + n, word);
		g = &w->groups[*ret];
		if (strcmp(w->groups[parent].name, "act") == 0)
			g->act = true;
		else if (strcmp(w->groups[parent].name, "amount") == 0)
			g->amount = true;
		else if (strcmp(w->groups[parent].name, "trade-root") == 0)
			g->trade = true;
		else if (g->nparents < PARENTS_MAX)
			g->parents[g->nparents++] = (uint16_t)parent;
		n += word;
	}
	return 0;
}

/* One word of the list: "migrat*", "pull_request", "~word". */
static void
add_word(struct words *w, size_t group, const char *s, size_t len)
{
	char folded[128];
	struct fold_word parts[8];
	bool prefix, weak = *s == '~';
	size_t n;

	if (weak)
		s++, len--;
	prefix = len > 1 && s[len - 1] == '*';
	n = fold_split(s, len, folded, sizeof(folded), parts, 8);
	if (n == 1 && prefix && !parts[0].cjk) {
		table_add(w, fold_hash(PREFIX, parts[0].s, parts[0].len),
		    group, weak);
		if (parts[0].len > w->longest)
			w->longest = parts[0].len;
	} else if (n == 1) {
		table_add(w, fold_stem(WHOLE, parts[0].s, parts[0].len),
		    group, weak);
	} else if (n > 1) {
		uint64_t key = PHRASE;
		for (size_t i = 0; i < n; i++)
			key = fold_join(key, fold_stem(WHOLE, parts[i].s,
			    parts[i].len));
		table_add(w, key, group, weak);
		if (n > w->phrase_max)
			w->phrase_max = n;
	}
}

static int
parse_line(struct words *w, const char *s, size_t len, int *group,
    struct err *e)
{
	size_t g = 0;

	if (len == 0 || *s == '#')
		return 0;
	if (*s != '\t' && *s != ' ') {
		if (parse_group(w, s, len, &g, e) < 0)
			return -1;
		*group = (int)g;
		return 0;
	}
	for (size_t i = 0; i < len; ) {
		size_t start;
		while (i < len && is_space(s[i]))
			i++;
		start = i;
		while (i < len && !is_space(s[i]))
			i++;
		if (i == start)
			break;
		if (*group < 0)
			return err_set(e, ST_CONFIG, "a word of no group");
		add_word(w, (size_t)*group, s + start, i - start);
	}
	return 0;
}

struct words *
words_parse(const char *name, const char *text, size_t len, struct err *e)
{
	struct words *w = xcalloc(1, sizeof(*w));
	int group = -1, line = 0;

	w->phrase_max = 1;
	table_grow(w, len);
	w->stop = need_group(w, "stop", 4);
	w->common = need_group(w, "common", 6);
	w->cache = xcalloc(CACHE_SIZE, sizeof(*w->cache));
	for (size_t at = 0; at < len; ) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		line++;
		if (parse_line(w, text + at, n, &group, e) < 0) {
			err_prefix(e, "%s:%d", name, line);
			words_free(w);
			return NULL;
		}
		at += n + 1;
	}
	return w;
}

void
words_free(struct words *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->ngroups; i++)
		free(w->groups[i].name);
	free(w->groups);
	free(w->table);
	free(w->cache);
	free(w);
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
		links[n++] = (struct words_link){ (uint16_t)group, weight };
	return n;
}

static bool
in_group(const struct entry *e, size_t group)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] == group)
			return true;
	return false;
}

/* In how many groups that say something. */
static size_t
n_said(const struct words *w, const struct entry *e)
{
	return e->n - (size_t)in_group(e, w->stop) -
	    (size_t)in_group(e, w->common);
}

static float
listed_weight(const struct entry *e, size_t i)
{
	return e->weak & 1U << i ? 0.5F : 1;
}

/*
 * What an entry is listed in, and what is above that.  A word of many groups
 * says less of each.
 */
static size_t
expand(const struct words *w, const struct entry *e, float weight,
    struct words_link *links, size_t n)
{
	static const float share[] = { 1, 1, 0.8F, 0.65F, 0.55F, 0.5F, 0.45F };

	weight *= share[n_said(w, e)];
	for (size_t i = 0; i < e->n; i++)
		if (e->listed[i] != w->stop && e->listed[i] != w->common)
			n = link_add(links, n, e->listed[i],
			    weight * listed_weight(e, i));
	for (size_t i = 0; i < e->n; i++) {
		const struct group *g = &w->groups[e->listed[i]];
		float own = weight * listed_weight(e, i);
		for (size_t p = 0; p < g->nparents; p++) {
			const struct group *up = &w->groups[g->parents[p]];
			n = link_add(links, n, g->parents[p], own * 0.2F);
			for (size_t q = 0; q < up->nparents; q++)
				n = link_add(links, n, up->parents[q],
				    own * 0.05F);
		}
	}
	return n;
}

/* The longest beginning that the list has; its length in *ret_len. */
static const struct entry *
find_prefix(const struct words *w, const char *s, size_t len, size_t *ret_len)
{
	const struct entry *best = NULL;
	size_t max = len < w->longest ? len : w->longest;

	for (size_t n = PREFIX_MIN; n <= max; n++) {
		const struct entry *e = lookup(w, fold_hash(PREFIX, s, n));
		if (e) {
			best = e;
			*ret_len = n;
		}
	}
	return best;
}

/* "mietvertrag": a beginning of the list that ends the word. */
static const struct entry *
find_compound(const struct words *w, const char *s, size_t len)
{
	for (size_t i = PREFIX_MIN; i + 4 <= len; i++) {
		size_t n = 0;
		const struct entry *e = find_prefix(w, s + i, len - i, &n);
		if (e && n >= 4 && len - i - n <= 3)
			return e;
	}
	return NULL;
}

static void
find_links(const struct words *w, const char *s, size_t len,
    struct cached *c)
{
	size_t plen = 0;
	const struct entry *whole = lookup(w, c->stem);
	const struct entry *prefix = find_prefix(w, s, len, &plen);
	float weight = whole && in_group(whole, w->common) ? 0.5F : 1;

	c->stop = whole && in_group(whole, w->stop);
	if (whole)
		c->n = (uint16_t)expand(w, whole, weight,
		    c->links, c->n);
	if (prefix && !c->stop && (!whole || plen > 4))
		c->n = (uint16_t)expand(w, prefix, weight,
		    c->links, c->n);
	if (!whole && !prefix && len >= COMPOUND_MIN) {
		const struct entry *e = find_compound(w, s, len);
		if (e)
			c->n = (uint16_t)expand(w, e, 0.8F, c->links, c->n);
	}
}

static const struct cached *
look_at(struct words *w, const struct fold_word *word)
{
	uint64_t key = fold_hash(WHOLE, word->s, word->len);
	struct cached *c = &w->cache[key & (CACHE_SIZE - 1)];

	if (c->key == key)
		return c;
	*c = (struct cached){
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
		const struct entry *e;
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
			const struct entry *e;
			if (i + n > word->len)
				continue;
			t.stem = fold_stem(WHOLE, word->s + i, n);
			e = lookup(r->w, t.stem);
			if (!e && n != 6)
				continue;
			if (e)
				step = n;
			t.text = word->text;
			t.len = (uint32_t)word->text_len;
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
	const struct cached *c;
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
