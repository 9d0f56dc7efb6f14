/* index-build: words of documents into a segment in memory. */
#include "config.h"

#include "index.h"

#include <math.h>

#include "alloc.h"
#include "index-format.h"

struct entry {
	uint32_t hash;
	uint32_t at, len;	/* the term, in the arena */
	uint32_t df, doc;	/* the document that tf belongs to, plus 1 */
	uint32_t last;		/* the last one that was written */
	uint32_t n, cap;	/* postings, encoded */
	float tf;
	unsigned char *list;
};

struct index_builder {
	struct buf arena;
	struct entry *entry;
	size_t n, cap;
	uint32_t *slot;		/* entry + 1; 0 is free */
	size_t nslots;		/* a power of two */
	uint32_t *seen;		/* the entries of the current document */
	size_t nseen, capseen;
	double average, weight;
	int64_t base, number;
	int64_t docs, words;
	unsigned len;		/* words of the current document */
};

struct index_builder *
index_builder_new(double average)
{
	struct index_builder *b = xcalloc(1, sizeof(*b));

	b->average = average;
	b->nslots = 4096;
	b->slot = xcalloc(b->nslots, sizeof(*b->slot));
	return b;
}

void
index_builder_free(struct index_builder *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		free(b->entry[i].list);
	free(b->entry);
	free(b->slot);
	free(b->seen);
	buf_release(&b->arena);
	free(b);
}

size_t
index_builder_docs(const struct index_builder *b)
{
	return (size_t)b->docs;
}

static uint32_t
hash_of(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h ^ h >> 15;
}

static void
rehash(struct index_builder *b)
{
	size_t mask;

	free(b->slot);
	b->nslots *= 2;
	mask = b->nslots - 1;
	b->slot = xcalloc(b->nslots, sizeof(*b->slot));
	for (size_t i = 0; i < b->n; i++) {
		size_t at = b->entry[i].hash & mask;
		while (b->slot[at])
			at = (at + 1) & mask;
		b->slot[at] = (uint32_t)i + 1;
	}
}

static struct entry *
entry_of(struct index_builder *b, const char *term, size_t len)
{
	uint32_t h = hash_of(term, len);
	size_t mask = b->nslots - 1, at = h & mask;
	struct entry *t;

	for (; b->slot[at]; at = (at + 1) & mask) {
		t = &b->entry[b->slot[at] - 1];
		if (t->hash == h && t->len == len &&
		    memcmp(b->arena.data + t->at, term, len) == 0)
			return t;
	}
	GROW(b->entry, b->n, b->cap);
	b->slot[at] = (uint32_t)b->n + 1;
	t = &b->entry[b->n++];
	*t = (struct entry){ .hash = h, .len = (uint32_t)len,
		.at = (uint32_t)b->arena.len };
	buf_add(&b->arena, term, len);
	if (b->n * 2 > b->nslots)
		rehash(b);
	return t;
}

static struct entry *
touch(struct index_builder *b, const char *term, size_t len)
{
	struct entry *t = entry_of(b, term, len);
	uint32_t doc = (uint32_t)(b->number - b->base) + 1;

	if (t->doc != doc) {
		t->doc = doc;
		t->tf = 0;
		GROW(b->seen, b->nseen, b->capseen);
		b->seen[b->nseen++] = (uint32_t)(t - b->entry);
	}
	return t;
}

static void
on_word(void *arg, const struct word *w)
{
	struct index_builder *b = arg;
	struct entry *t = touch(b, w->text, w->len);

	t->tf += (float)b->weight;
	if (!w->whole && b->weight >= 1)
		b->len++;
}

void
index_builder_begin(struct index_builder *b, int64_t number)
{
	if (b->docs == 0)
		b->base = number;
	b->number = number;
	b->len = 0;
	b->nseen = 0;
}

void
index_builder_text(struct index_builder *b, const char *text, size_t len,
    double weight)
{
	b->weight = weight;
	lexis_scan(text, len, on_word, b);
}

void
index_builder_mark(struct index_builder *b, const char *term, size_t len)
{
	touch(b, term, len)->tf = INFINITY;
}

static size_t
varint(uint64_t v, unsigned char *out)
{
	size_t n = 0;

	while (v >= 0x80) {
		out[n++] = (unsigned char)(v | 0x80);
		v >>= 7;
	}
	out[n++] = (unsigned char)v;
	return n;
}

void
index_put_varint(struct buf *out, uint64_t v)
{
	unsigned char b[10];

	buf_add(out, b, varint(v, b));
}

static unsigned char
weight_byte(float tf, double norm)
{
	double w;

	if (isinf(tf))
		return INDEX_WEIGHT_ONE;
	w = INDEX_WEIGHT_ONE * (double)tf / ((double)tf + norm);
	return (unsigned char)(w < 1 ? 1 : w + 0.5);
}

void
index_builder_end(struct index_builder *b)
{
	double norm = INDEX_K1 * (1 - INDEX_B + INDEX_B * b->len / b->average);
	uint32_t doc = (uint32_t)(b->number - b->base);

	for (size_t i = 0; i < b->nseen; i++) {
		struct entry *t = &b->entry[b->seen[i]];
		if (t->cap - t->n < 6) {
			t->cap = t->cap ? 2 * t->cap : 8;
			t->list = xreallocarray(t->list, t->cap, 1);
		}
		t->n += (uint32_t)varint(doc - t->last, t->list + t->n);
		t->list[t->n++] = weight_byte(t->tf, norm);
		t->last = doc;
		t->df++;
	}
	b->docs++;
	b->words += b->len;
}

struct ref {
	const char *term;
	struct entry *entry;
};

static int
by_term(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	size_t n = x->entry->len < y->entry->len ? x->entry->len :
	    y->entry->len;
	int d = memcmp(x->term, y->term, n);

	return d ? d : x->entry->len < y->entry->len ? -1 :
	    x->entry->len > y->entry->len;
}

/* A sink that keeps everything in memory. */
static int
keep(void *arg, int64_t number, const void *data, size_t len, struct err *e)
{
	struct index_segment *g = arg;
	struct index_block **where = number & INDEX_LONG ? &g->lists :
	    &g->blocks;
	size_t *n = number & INDEX_LONG ? &g->nlists : &g->nblocks;
	struct index_block *k;

	(void)e;
	*where = xreallocarray(*where, *n + 1, sizeof(**where));
	k = &(*where)[(*n)++];
	k->len = len;
	k->data = xmalloc(len + INDEX_PAD);
	memcpy(k->data, data, len);
	memset(k->data + len, 0, INDEX_PAD);
	return 0;
}

void
index_finish(struct index_builder *b, struct index_segment *ret)
{
	struct index_segment g = {
		.base = b->base, .docs = b->docs, .words = b->words,
		.span = b->docs ? b->number - b->base + 1 : 0
	};
	struct index_writer w = { .put = keep, .arg = &g };
	struct ref *refs = xcalloc(b->n + 1, sizeof(*refs));
	struct err e = ERR_INIT;

	for (size_t i = 0; i < b->n; i++)
		refs[i] = (struct ref){ b->arena.data + b->entry[i].at,
			&b->entry[i] };
	qsort(refs, b->n, sizeof(*refs), by_term);
	for (size_t i = 0; i < b->n; i++) {
		const struct entry *t = refs[i].entry;
		index_writer_add(&w, refs[i].term, t->len, t->df, t->list,
		    t->n, &e);
	}
	index_writer_finish(&w, &e);	/* keep() does not fail */
	index_parse_dir(&g, w.dir.data, w.dir.len);
	index_writer_release(&w);
	free(refs);
	index_builder_free(b);
	*ret = g;
}
