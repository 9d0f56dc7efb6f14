/* memory-explain: which words of a note answer which of the query, and how. */
#include "config.h"

#include "memory-query.h"

#include "alloc.h"

enum { SPANS_MAX = 256 };	/* of one note */

/* A term that the query found, and what for. */
struct found {
	const struct query_term *term;
	const struct query_group *group;
	const struct query_class *class;
};

struct marking {
	const struct found *found;
	size_t nfound;
	struct memory_hit *hit;
	size_t cap;
	const struct query_class **best;	/* a group; NULL: not there */
	const struct query *q;
};

static int
term_cmp(const char *a, size_t n, const char *b, size_t m)
{
	int d = memcmp(a, b, n < m ? n : m);

	return d ? d : n < m ? -1 : n > m;
}

static int
by_term(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return term_cmp(x->term->text, x->term->len, y->term->text,
	    y->term->len);
}

static struct found *
all_terms(const struct query *q, size_t *ret_n)
{
	struct found *v = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < q->n; i++) {
		const struct query_group *g = &q->group[i];
		if (g->flags & (QUERY_NOT | QUERY_FILTER))
			continue;
		for (size_t k = 0; k < g->n; k++)
			for (size_t t = 0; t < g->class[k].nterms; t++) {
				GROW(v, n, cap);
				v[n++] = (struct found){
					&g->class[k].term[t], g,
					&g->class[k] };
			}
	}
	if (n)
		qsort(v, n, sizeof(*v), by_term);
	*ret_n = n;
	return v;
}

static void
add_span(struct marking *k, const struct word *w)
{
	struct memory_hit *h = k->hit;

	if (h->nspans > 0 && h->span[h->nspans - 1].end > w->start) {
		/* a whole came before its parts */
		if (w->end > h->span[h->nspans - 1].end)
			h->span[h->nspans - 1].end = w->end;
		return;
	}
	if (h->nspans == SPANS_MAX)
		return;
	GROW(h->span, h->nspans, k->cap);
	h->span[h->nspans++] = (struct memory_span){ w->start, w->end };
}

static void
on_word(void *arg, const struct word *w)
{
	struct marking *k = arg;
	size_t lo = 0, hi = k->nfound;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct query_term *t = k->found[mid].term;
		if (term_cmp(t->text, t->len, w->text, w->len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < k->nfound; lo++) {
		const struct found *f = &k->found[lo];
		const struct query_class **best;
		if (term_cmp(f->term->text, f->term->len, w->text, w->len))
			break;
		best = &k->best[f->group - k->q->group];
		if (!*best || (*best)->weight * (*best)->idf <
		    f->class->weight * f->class->idf)
			*best = f->class;
		add_span(k, w);
	}
}

static const char *
how_name(enum query_how how)
{
	static const char *const names[] = {
		"word", "synonym", "spelling", "prefix", "identifier"
	};

	return names[how];
}

static char *
explanation(const struct marking *k)
{
	AUTO_BUF struct buf b = BUF_INIT;
	const struct memory_hit *h = k->hit;
	bool any = false;

	buf_adds(&b, "{\"words\":[");
	for (size_t i = 0; i < k->q->n; i++) {
		const struct query_group *g = &k->q->group[i];
		const struct query_class *c = k->best[i];
		if (!c)
			continue;
		buf_adds(&b, any ? ",{\"query\":" : "{\"query\":");
		json_quote(g->word, strlen(g->word), &b);
		buf_adds(&b, ",\"note\":");
		json_quote(c->word, strlen(c->word), &b);
		buf_addf(&b, ",\"how\":\"%s\",\"weight\":%.3g,\"idf\":%.4g}",
		    how_name(c->how), c->weight, c->idf);
		any = true;
	}
	buf_addf(&b, "],\"bm25\":%.5g", h->words);
	if (h->word_rank)
		buf_addf(&b, ",\"word_rank\":%d", h->word_rank);
	if (h->vector_rank)
		buf_addf(&b, ",\"vector_rank\":%d", h->vector_rank);
	buf_addf(&b, ",\"superseded\":%s,\"score\":%.6g}",
	    h->superseded ? "true" : "false", h->score);
	return buf_steal(&b);
}

/* "acount: account" for each word that was taken for another. */
static char *
corrections(const struct query *q)
{
	AUTO_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < q->n; i++) {
		const struct query_group *g = &q->group[i];
		bool first = true;
		for (size_t k = 0; k < g->n; k++) {
			if (g->class[k].how != QUERY_SPELLING)
				continue;
			if (first)
				buf_addf(&b, "%s'%s' as ", b.len ? ", " : "",
				    g->word);
			buf_addf(&b, "%s'%s'", first ? "" : " or ",
			    g->class[k].word);
			first = false;
		}
	}
	return b.len ? buf_steal(&b) : NULL;
}

void
memory_explain(const struct query *q, bool explain, struct memory_hits *hits)
{
	size_t nfound;
	AUTO_FREE struct found *found = all_terms(q, &nfound);
	AUTO_FREE const struct query_class **best = xcalloc(q->n + 1,
	    sizeof(*best));

	hits->changed = corrections(q);
	for (size_t i = 0; i < hits->n; i++) {
		struct memory_hit *h = &hits->hit[i];
		struct marking k = { found, nfound, h, 0, best, q };
		memset(best, 0, (q->n + 1) * sizeof(*best));
		lexis_scan(h->note.text, h->note.text_len, on_word, &k);
		if (explain)
			h->why = explanation(&k);
	}
}
