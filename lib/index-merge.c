/* index-merge: writes segments, merges neighbours, checks them all. */
#include "config.h"

#include "index.h"

#include "alloc.h"
#include "index-format.h"

enum {
	FAN = 4,		/* so many of a size are merged */
	SMALLEST = 256,		/* documents: the size of level 0 */
	LARGEST = 300000	/* no merge beyond, unless asked */
};

/* Writing and merging. */

struct sink {
	struct index *x;
	int64_t id;
};

static int
put_row(void *arg, int64_t number, const void *data, size_t len,
    struct err *e)
{
	struct sink *k = arg;

	return store_run(k->x->store, "insert into index_data values (?, ?)",
	    STORE_ARGS(ARG_INT(k->id << 32 | number), ARG_BLOB(data, len)),
	    e) < 0 ? -1 : 0;
}

static int
put_segment(struct index *x, const struct index_segment *g, int64_t id,
    const struct buf *dir, struct err *e)
{
	return store_run(x->store, "insert into index_segment (id, base, "
	    "span, docs, words, dir) values (?, ?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_INT(id), ARG_INT(g->base), ARG_INT(g->span),
	    ARG_INT(g->docs), ARG_INT(g->words),
	    ARG_BLOB(dir->data, dir->len)), e) < 0 ? -1 : 0;
}

static int
drop_segment(struct index *x, int64_t id, struct err *e)
{
	if (id == 0)
		return 0;
	if (store_run(x->store, "delete from index_data where id >= ? and "
	    "id < ?", STORE_ARGS(ARG_INT(id << 32), ARG_INT((id + 1) << 32)),
	    e) < 0)
		return -1;
	return store_run(x->store, "delete from index_segment where id = ?",
	    STORE_ARGS(ARG_INT(id)), e) < 0 ? -1 : 0;
}

/* One of the segments that are merged, and where the merge stands in it. */
struct source {
	size_t seg, block;
	struct index_cursor c;
	int state;		/* of c: 1 a term, 0 the end */
	uint64_t last;		/* of the list in hand */
};

static int
advance(struct index *x, struct source *s, struct err *e)
{
	const struct index_block *k;

	for (;;) {
		s->state = s->c.p ? index_cursor_next(&s->c) : 0;
		if (s->state < 0)
			return index_damaged(x, e);
		if (s->state > 0 || s->block == x->seg[s->seg].nblocks)
			return 0;
		if (index_block_load(x, s->seg, s->block, &k, e) < 0)
			return -1;
		s->block++;
		s->c = (struct index_cursor){ .p = k->data,
			.end = k->data + k->len };
	}
}

/*
 * Appends the postings of one segment after those of the ones before: only
 * the first distance changes.
 */
static int
append_list(struct index *x, const struct source *s, uint64_t *last,
    int64_t base, struct buf *out, struct err *e)
{
	AUTO_FREE unsigned char *list = NULL;
	const unsigned char *p, *rest;
	size_t len;
	uint64_t doc, shift = (uint64_t)(x->seg[s->seg].base - base);

	if (index_list(x, s->seg, &s->c.t, &list, &len, e) < 0)
		return -1;
	if (len < 2)
		return index_damaged(x, e);
	rest = index_varint(list, &doc);
	if (rest > list + len)
		return index_damaged(x, e);
	index_put_varint(out, doc + shift - *last);
	buf_add(out, rest, len - (size_t)(rest - list));
	for (p = rest + 1; p < list + len; p++) {
		uint64_t d;
		p = index_varint(p, &d);
		doc += d;
	}
	*last = doc + shift;
	return 0;
}

static int
term_cmp(const struct source *a, const struct source *b)
{
	size_t n = a->c.t.len < b->c.t.len ? a->c.t.len : b->c.t.len;
	int d = memcmp(a->c.term, b->c.term, n);

	return d ? d : a->c.t.len < b->c.t.len ? -1 : a->c.t.len > b->c.t.len;
}

/* The smallest term in hand, from all sources that have it. */
static int
merge_term(struct index *x, struct source *src, size_t n, int64_t base,
    struct index_writer *w, struct buf *list, struct err *e)
{
	const struct source *least = NULL;
	char term[WORD_MAX];
	size_t len;
	uint64_t last = 0;
	uint32_t df = 0;

	for (size_t i = 0; i < n; i++)
		if (src[i].state && (!least || term_cmp(&src[i], least) < 0))
			least = &src[i];
	if (!least)
		return 0;
	len = least->c.t.len;
	memcpy(term, least->c.term, len);
	buf_reset(list);
	for (size_t i = 0; i < n; i++) {
		struct source *s = &src[i];
		if (!s->state || s->c.t.len != len ||
		    memcmp(s->c.term, term, len) != 0)
			continue;
		df += s->c.t.df;
		if (append_list(x, s, &last, base, list, e) < 0 ||
		    advance(x, s, e) < 0)
			return -1;
	}
	return index_writer_add(w, term, len, df, list->data, list->len,
	    e) < 0 ? -1 : 1;
}

static int
new_id(struct index *x, int64_t *ret, struct err *e)
{
	*ret = 0;
	if (store_get_int(x->store, "select coalesce(max(id), 0) + 1 from "
	    "index_segment", NULL, ret, e) < 0)
		return -1;
	return 0;
}

/* Merges the segments from `from` to the end into one. */
static int
merge(struct index *x, size_t from, struct err *e)
{
	size_t n = x->n - from;
	const struct index_segment *last = &x->seg[x->n - 1];
	struct index_segment g = { .base = x->seg[from].base };
	AUTO_FREE struct source *src = xcalloc(n, sizeof(*src));
	AUTO_BUF struct buf list = BUF_INIT;
	struct sink sink = { x, 0 };
	struct index_writer w = { .put = put_row, .arg = &sink };
	int r = -1;

	g.span = last->base + last->span - g.base;
	if (new_id(x, &sink.id, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		src[i].seg = from + i;
		g.docs += x->seg[from + i].docs;
		g.words += x->seg[from + i].words;
		if (advance(x, &src[i], e) < 0)
			return -1;
	}
	while ((r = merge_term(x, src, n, g.base, &w, &list, e)) > 0)
		;
	if (r == 0)
		r = index_writer_finish(&w, e);
	if (r == 0)
		r = put_segment(x, &g, sink.id, &w.dir, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = drop_segment(x, x->seg[from + i].id, e);
	for (size_t i = from; r == 0 && i < x->n; i++)
		index_segment_release(&x->seg[i]);
	if (r == 0) {
		x->n = from;
		x->docs -= g.docs;
		x->words -= g.words;
		r = index_parse_dir(&g, w.dir.data, w.dir.len);
		g.id = sink.id;
		g.blocks = xcalloc(g.nblocks + 1, sizeof(*g.blocks));
		index_add_memory(x, &g);
	}
	index_writer_release(&w);
	return r;
}

static int
level(int64_t docs)
{
	int n = 0;

	for (int64_t size = SMALLEST * FAN; size <= docs; size *= FAN)
		n++;
	return n;
}

/* Where a merge should begin; x->n when none is due. */
static size_t
due(const struct index *x)
{
	size_t from = x->n, best = x->n;
	int64_t docs = 0;
	int top = 0, count = 0;

	while (from > 0) {
		int l = level(x->seg[from - 1].docs);
		docs += x->seg[from - 1].docs;
		if (docs > LARGEST)
			break;
		if (l > top) {
			top = l;
			count = 0;
		}
		count++;
		from--;
		if (count >= FAN)
			best = from;
	}
	return best;
}

int
index_write(struct index *x, struct index_segment *g, struct err *e)
{
	struct sink sink = { x, 0 };
	AUTO_BUF struct buf dir = BUF_INIT;
	size_t from;

	if (new_id(x, &sink.id, e) < 0)
		return -1;
	for (size_t i = 0; i < g->nblocks; i++)
		if (put_row(&sink, (int64_t)i, g->blocks[i].data,
		    g->blocks[i].len, e) < 0)
			return -1;
	for (size_t i = 0; i < g->nlists; i++)
		if (put_row(&sink, (int64_t)i | INDEX_LONG, g->lists[i].data,
		    g->lists[i].len, e) < 0)
			return -1;
	for (size_t i = 0; i < g->nblocks; i++) {
		index_put_varint(&dir, g->first[i].len);
		buf_add(&dir, g->first[i].data, g->first[i].len);
	}
	if (put_segment(x, g, sink.id, &dir, e) < 0)
		return -1;
	g->id = sink.id;
	index_add_memory(x, g);
	from = due(x);
	return from < x->n ? merge(x, from, e) : 0;
}

int
index_merge_all(struct index *x, struct err *e)
{
	return x->n > 1 ? merge(x, 0, e) : 0;
}

/* Checking. */

static int
check_list(struct index *x, size_t seg, const struct index_term *t,
    struct err *e)
{
	AUTO_FREE unsigned char *list = NULL;
	const unsigned char *p;
	uint64_t doc = 0, d;
	uint32_t n = 0;
	size_t len;

	if (index_list(x, seg, t, &list, &len, e) < 0)
		return -1;
	for (p = list; p < list + len; p++, n++) {
		p = index_varint(p, &d);
		doc += d;
		if ((n > 0 && d == 0) || doc >= (uint64_t)x->seg[seg].span)
			return index_damaged(x, e);
	}
	return p == list + len && n == t->df && len == t->list_len ? 0 :
	    index_damaged(x, e);
}

int
index_check(struct index *x, struct err *e)
{
	for (size_t i = 0; i < x->n; i++) {
		struct source s = { .seg = i };
		if (i > 0 && x->seg[i].base < x->seg[i - 1].base +
		    x->seg[i - 1].span)
			return index_damaged(x, e);
		for (;;) {
			if (advance(x, &s, e) < 0)
				return -1;
			if (!s.state)
				break;
			if (check_list(x, i, &s.c.t, e) < 0)
				return -1;
		}
	}
	return 0;
}
