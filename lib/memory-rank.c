/*
 * memory-rank: the best documents for a query.
 *
 * Every posting is looked at: a window of documents at a time, so that the
 * scores of the window stay in the cache, group by group.  Within a group
 * the best class counts; groups add up; and the more of the query's weight a
 * document covers, the more its score is worth.
 */
#include "config.h"

#include "memory-query.h"

#include "alloc.h"

enum { WINDOW = 8192 };

struct reader {
	const unsigned char *p, *end;
	uint32_t doc;		/* of the posting at hand */
	bool any;
	float scale;		/* what a posting's weight is multiplied by */
	float cover;
	unsigned char weight;
};

/* The readers of a group in one segment. */
struct group_readers {
	struct reader *r;
	size_t n;
	unsigned flags;
	bool counts;		/* toward what is covered */
};

/* Lists of what was touched, since most windows are nearly empty. */
struct window {
	float score[WINDOW], cover[WINDOW];
	float group[WINDOW], group_cover[WINDOW];
	bool bad[WINDOW];
	/* one more: a place that is written before it counts */
	uint16_t doc[WINDOW + 1], hit[WINDOW + 1];
	size_t ndocs, nhits;	/* with a score; of the group in hand */
	size_t len;		/* documents in it */
	bool any_bad;
};

struct heap {
	struct rank_doc *v;
	size_t n, limit;
};

static void
step(struct reader *r)
{
	uint64_t d;

	r->any = r->p < r->end;
	if (!r->any)
		return;
	r->p = index_varint(r->p, &d);
	r->doc += (uint32_t)d;
	r->weight = *r->p++;
}

/* Less is worse: the top of the heap is the worst that is kept. */
static bool
is_less(struct rank_doc a, struct rank_doc b)
{
	return a.score < b.score || (a.score <= b.score && a.n < b.n);
}

static void
sift_down(struct heap *h, size_t i)
{
	for (;;) {
		size_t k = 2 * i + 1;
		struct rank_doc t = h->v[i];
		if (k >= h->n)
			return;
		if (k + 1 < h->n && is_less(h->v[k + 1], h->v[k]))
			k++;
		if (!is_less(h->v[k], t))
			return;
		h->v[i] = h->v[k];
		h->v[k] = t;
		i = k;
	}
}

static void
offer(struct heap *h, struct rank_doc d)
{
	if (h->n < h->limit) {
		size_t i = h->n++;
		h->v[i] = d;
		while (i > 0 && is_less(h->v[i], h->v[(i - 1) / 2])) {
			struct rank_doc t = h->v[i];
			h->v[i] = h->v[(i - 1) / 2];
			h->v[(i - 1) / 2] = t;
			i = (i - 1) / 2;
		}
		return;
	}
	if (!is_less(h->v[0], d))
		return;
	h->v[0] = d;
	sift_down(h, 0);
}

static int
by_score(const void *a, const void *b)
{
	const struct rank_doc *x = a, *y = b;

	return is_less(*x, *y) ? 1 : is_less(*y, *x) ? -1 : 0;
}

/* The postings of one list that fall into the window. */
static void
read_list(struct reader *r, uint32_t base, uint32_t end, struct window *w)
{
	const unsigned char *p = r->p;
	uint32_t doc = r->doc;
	size_t n = w->nhits;
	uint32_t i;

	/* also false for a number before the window: of a damaged list */
	while ((i = doc - base) < end - base) {
		float s = r->scale * r->weight;
		uint64_t d;
		w->hit[n] = (uint16_t)i;
		n += w->group[i] <= 0;
		w->group[i] = w->group[i] > s ? w->group[i] : s;
		w->group_cover[i] = w->group_cover[i] > r->cover ?
		    w->group_cover[i] : r->cover;
		if (p >= r->end) {
			r->any = false;
			break;
		}
		p = index_varint(p, &d);
		doc += (uint32_t)d;
		r->weight = *p++;
	}
	r->p = p;
	r->doc = doc;
	w->nhits = n;
}

/* What the group gives is added up, and the group's own sums are emptied. */
static void
end_group(const struct group_readers *g, struct window *w)
{
	bool scores = !(g->flags & (QUERY_FILTER | QUERY_NOT));

	for (size_t k = 0; k < w->nhits; k++) {
		size_t i = w->hit[k];
		if (g->flags & QUERY_NOT)
			w->bad[i] = true;
		if (scores) {
			w->doc[w->ndocs] = (uint16_t)i;
			w->ndocs += w->score[i] <= 0;
			w->score[i] += w->group[i];
		}
		if (g->counts)
			w->cover[i] += w->group_cover[i];
		w->group[i] = w->group_cover[i] = 0;
	}
	w->nhits = 0;
}

static void
read_group(struct group_readers *g, uint32_t base, uint32_t end,
    struct window *w)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->r[i].any && g->r[i].doc < end)
			read_list(&g->r[i], base, end, w);
	if (g->flags & (QUERY_MUST | QUERY_NOT))
		w->any_bad = true;
	if (g->flags & QUERY_MUST)
		for (size_t i = 0; i < w->len; i++)
			w->bad[i] |= w->group[i] <= 0;
	end_group(g, w);
}

static void
make_readers(const struct query_group *g, size_t seg, struct group_readers *r)
{
	size_t cap = 0;

	*r = (struct group_readers){ .flags = g->flags, .counts = !g->whole &&
		!(g->flags & (QUERY_NOT | QUERY_FILTER)) };
	for (size_t k = 0; k < g->n; k++) {
		const struct query_class *c = &g->class[k];
		for (size_t i = 0; i < c->nlists; i++) {
			struct reader *p;
			if (c->list[i].seg != seg)
				continue;
			GROW(r->r, r->n, cap);
			p = &r->r[r->n++];
			*p = (struct reader){ .p = c->list[i].data,
				.end = c->list[i].data + c->list[i].len,
				.cover = (float)(c->weight * c->idf),
				.scale = (float)(c->weight * c->idf *
				    (INDEX_K1 + 1) / INDEX_WEIGHT_ONE) };
			step(p);
		}
	}
}

struct ranking {
	const struct query *q;
	const int64_t *dead;
	size_t ndead, at;	/* of the dead, the next */
	bool listing;		/* no word counts: the newest */
	struct heap heap;
};

static void
collect_one(struct ranking *k, int64_t first, size_t i, const struct
    window *w)
{
	float total = (float)(k->q->total > 0 ? k->q->total : 1);
	struct rank_doc d = { first + (int64_t)i, 1 };

	if (w->bad[i])
		return;
	if (!k->listing)
		d.score = w->score[i] * (1 + w->cover[i] / total);
	if (k->heap.n < k->heap.limit || is_less(k->heap.v[0], d))
		offer(&k->heap, d);
}

/* The window's documents that are good enough, into the heap. */
static void
collect(struct ranking *k, int64_t first, struct window *w)
{
	for (size_t i = 0; k->listing && i < w->len; i++)
		collect_one(k, first, i, w);
	for (size_t j = 0; j < w->ndocs; j++) {
		size_t i = w->doc[j];
		if (!k->listing)
			collect_one(k, first, i, w);
		w->score[i] = w->cover[i] = 0;
	}
	w->ndocs = 0;
	if (w->any_bad)
		memset(w->bad, 0, sizeof(w->bad));
	w->any_bad = false;
}

static void
rank_window(struct ranking *k, struct group_readers *g, const struct
    index_segment *seg, uint32_t base, struct window *w)
{
	int64_t first = seg->base + base;
	size_t len = seg->span - base < WINDOW ? (size_t)(seg->span - base) :
	    WINDOW;

	w->len = len;
	for (size_t i = 0; i < k->q->n; i++)
		read_group(&g[i], base, base + (uint32_t)len, w);
	while (k->at < k->ndead && k->dead[k->at] < first)
		k->at++;
	for (; k->at < k->ndead && k->dead[k->at] < first + (int64_t)len;
	    k->at++)
		w->any_bad = w->bad[k->dead[k->at] - first] = true;
	collect(k, first, w);
}

static bool
nothing_counts(const struct query *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (!(q->group[i].flags & (QUERY_NOT | QUERY_FILTER)))
			return false;
	return true;
}

int
rank_documents(const struct query *q, const struct index *x,
    const int64_t *dead, size_t ndead, struct rank_doc *out, size_t limit,
    size_t *ret_n)
{
	struct ranking k = { .q = q, .dead = dead, .ndead = ndead,
		.listing = nothing_counts(q), .heap = { out, 0, limit } };
	struct window *w = xcalloc(1, sizeof(*w));
	struct group_readers *g = xcalloc(q->n + 1, sizeof(*g));

	for (size_t s = 0; s < x->n; s++) {
		const struct index_segment *seg = &x->seg[s];
		for (size_t i = 0; i < q->n; i++)
			make_readers(&q->group[i], s, &g[i]);
		for (int64_t base = 0; base < seg->span; base += WINDOW)
			rank_window(&k, g, seg, (uint32_t)base, w);
		for (size_t i = 0; i < q->n; i++)
			free(g[i].r);
	}
	free(g);
	free(w);
	qsort(out, k.heap.n, sizeof(*out), by_score);
	*ret_n = k.heap.n;
	return 0;
}
