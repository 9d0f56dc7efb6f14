/* index: an inverted index in two plain tables of a store. */
#include "config.h"

#include "index.h"

#include "alloc.h"
#include "index-format.h"

/* Writing the format. */

static int
end_block(struct index_writer *w, struct err *e)
{
	int r = 0;

	if (w->block.len > 0)
		r = w->put(w->arg, w->nblocks++, w->block.data, w->block.len,
		    e);
	buf_reset(&w->block);
	w->lastlen = 0;
	return r;
}

int
index_writer_add(struct index_writer *w, const char *term, size_t len,
    uint32_t df, const void *list, size_t list_len, struct err *e)
{
	size_t shared = 0;

	if (w->block.len >= INDEX_BLOCK && end_block(w, e) < 0)
		return -1;
	if (w->block.len == 0) {
		index_put_varint(&w->dir, len);
		buf_add(&w->dir, term, len);
	}
	while (shared < len && shared < w->lastlen &&
	    term[shared] == w->last[shared])
		shared++;
	buf_addc(&w->block, (char)shared);
	buf_addc(&w->block, (char)(len - shared));
	buf_add(&w->block, term + shared, len - shared);
	index_put_varint(&w->block, df);
	index_put_varint(&w->block, list_len);
	memcpy(w->last, term, len);
	w->lastlen = len;
	if (list_len <= INDEX_SHORT) {
		buf_add(&w->block, list, list_len);
		return 0;
	}
	index_put_varint(&w->block, (uint64_t)w->nlists);
	return w->put(w->arg, w->nlists++ | INDEX_LONG, list, list_len, e);
}

int
index_writer_finish(struct index_writer *w, struct err *e)
{
	return end_block(w, e);
}

void
index_writer_release(struct index_writer *w)
{
	buf_release(&w->block);
	buf_release(&w->dir);
}

/* Reading it. */

int
index_cursor_next(struct index_cursor *c)
{
	uint64_t df, len, number;
	size_t shared, rest;

	if (c->end - c->p < 2)
		return 0;
	shared = c->p[0];
	rest = c->p[1];
	c->p += 2;
	if (shared > c->t.len || shared + rest > WORD_MAX ||
	    (size_t)(c->end - c->p) < rest)
		return -1;
	memcpy(c->term + shared, c->p, rest);
	c->p = index_varint(c->p + rest, &df);
	c->p = index_varint(c->p, &len);
	if (shared + rest == 0 || df == 0 || len < 2)
		return -1;
	c->t = (struct index_term){ .text = c->term, .len = shared + rest,
		.df = (uint32_t)df, .list_len = len, .list_id = -1 };
	if (len > INDEX_SHORT) {
		c->p = index_varint(c->p, &number);
		c->t.list_id = (int64_t)number;
		return c->p <= c->end ? 1 : -1;
	}
	if (c->p > c->end || (size_t)(c->end - c->p) < len)
		return -1;
	c->t.list = c->p;
	c->p += len;
	return 1;
}

int
index_parse_dir(struct index_segment *g, const void *dir, size_t len)
{
	const unsigned char *p, *end;
	size_t n = 0, cap = 0;

	g->dir = xmalloc(len + INDEX_PAD);
	if (len)
		memcpy(g->dir, dir, len);
	memset(g->dir + len, 0, INDEX_PAD);
	for (p = g->dir, end = p + len; p < end; n++) {
		uint64_t m;
		GROW(g->first, n, cap);
		p = index_varint(p, &m);
		if (m > WORD_MAX || p + m > end)
			return -1;
		g->first[n] = (struct index_block){ g->dir + (p - g->dir), m };
		p += m;
	}
	g->nblocks = n;
	return 0;
}

void
index_segment_release(struct index_segment *g)
{
	for (size_t i = 0; g->blocks && i < g->nblocks; i++)
		free(g->blocks[i].data);
	for (size_t i = 0; i < g->nlists; i++)
		free(g->lists[i].data);
	free(g->blocks);
	free(g->lists);
	free(g->first);
	free(g->dir);
	*g = (struct index_segment){ 0 };
}

int
index_damaged(struct index *x, struct err *e)
{
	return err_set(e, ST_DATA, "'%s': the search index is damaged; "
	    "'agent-mem vacuum' makes it anew", store_path(x->store));
}

void
index_add_memory(struct index *x, struct index_segment *g)
{
	GROW(x->seg, x->n, x->cap);
	x->seg[x->n++] = *g;
	x->docs += g->docs;
	x->words += g->words;
	x->next = g->base + g->span;
	*g = (struct index_segment){ 0 };
}

int
index_open(struct store *s, struct index *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	*ret = (struct index){ .store = s };
	if (store_query(s, "select id, base, span, docs, words, dir from "
	    "index_segment order by base", NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		struct index_segment g = {
			.id = store_col_int(q, 0), .base = store_col_int(q, 1),
			.span = store_col_int(q, 2), .docs =
			store_col_int(q, 3), .words = store_col_int(q, 4)
		};
		size_t len;
		const void *dir = store_col_bytes(q, 5, &len);
		bool bad = index_parse_dir(&g, dir, len) < 0 || g.span < 0 ||
		    g.span > UINT32_MAX;
		if (!bad)
			g.blocks = xcalloc(g.nblocks + 1, sizeof(*g.blocks));
		index_add_memory(ret, &g);
		if (bad)
			return index_damaged(ret, e);
	}
	return r;
}

void
index_release(struct index *x)
{
	for (size_t i = 0; i < x->n; i++)
		index_segment_release(&x->seg[i]);
	free(x->seg);
	*x = (struct index){ 0 };
}

static int
load(struct index *x, int64_t id, struct index_block *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	const void *data;
	int r;

	if (store_query(x->store, "select data from index_data where id = ?",
	    STORE_ARGS(ARG_INT(id)), &q, e) < 0)
		return -1;
	r = store_step(q, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return index_damaged(x, e);
	data = store_col_bytes(q, 0, &ret->len);
	ret->data = xmalloc(ret->len + INDEX_PAD);
	memcpy(ret->data, data, ret->len);
	memset(ret->data + ret->len, 0, INDEX_PAD);
	return 0;
}

int
index_block_load(struct index *x, size_t seg, size_t block,
    const struct index_block **ret, struct err *e)
{
	struct index_segment *g = &x->seg[seg];
	struct index_block *k = &g->blocks[block];

	if (!k->data && load(x, g->id << 32 | (int64_t)block, k, e) < 0)
		return -1;
	*ret = k;
	return 0;
}

/* The last block whose first term is not after `term`. */
static size_t
block_of(const struct index_segment *g, const char *term, size_t len)
{
	size_t lo = 0, hi = g->nblocks;

	while (lo + 1 < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct index_block *f = &g->first[mid];
		size_t n = f->len < len ? f->len : len;
		int d = memcmp(f->data, term, n);
		if (d < 0 || (d == 0 && f->len <= len))
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

int
index_walk(struct index *x, size_t seg, const char *prefix, size_t len,
    int (*fn)(void *arg, const struct index_term *t), void *arg,
    struct err *e)
{
	struct index_segment *g = &x->seg[seg];
	const struct index_block *k;

	if (g->nblocks == 0)
		return 0;
	for (size_t i = block_of(g, prefix, len); i < g->nblocks; i++) {
		struct index_cursor c = { 0 };
		int r;
		if (index_block_load(x, seg, i, &k, e) < 0)
			return -1;
		c.p = k->data;
		c.end = k->data + k->len;
		while ((r = index_cursor_next(&c)) > 0) {
			size_t n = c.t.len < len ? c.t.len : len;
			int d = memcmp(c.term, prefix, n);
			if (d > 0)
				return 0;
			if (d == 0 && c.t.len >= len && fn(arg, &c.t))
				return 0;
		}
		if (r < 0)
			return index_damaged(x, e);
	}
	return 0;
}

int
index_list(struct index *x, size_t seg, const struct index_term *t,
    unsigned char **ret, size_t *ret_len, struct err *e)
{
	struct index_segment *g = &x->seg[seg];
	struct index_block k = { 0 };
	const void *from = t->list;

	if (t->list_id >= 0 && g->id != 0) {
		if (load(x, g->id << 32 | INDEX_LONG | t->list_id, &k, e) < 0)
			return -1;
		*ret = k.data;
		*ret_len = k.len;
		return 0;
	}
	if (t->list_id >= 0) {
		if ((size_t)t->list_id >= g->nlists)
			return index_damaged(x, e);
		from = g->lists[t->list_id].data;
	}
	k.data = xmalloc(t->list_len + INDEX_PAD);
	memcpy(k.data, from, t->list_len);
	memset(k.data + t->list_len, 0, INDEX_PAD);
	*ret = k.data;
	*ret_len = t->list_len;
	return 0;
}
