/* memory-query: reads the text of a query. */
#include "config.h"

#include "memory-query.h"

#include <ctype.h>

#include "alloc.h"
#include "memory-index.h"

enum { GROUPS_MAX = 4096 };	/* words of a query that are looked at */

static void
class_release(struct query_class *c)
{
	for (size_t i = 0; i < c->nlists; i++)
		free(c->list[i].data);
	free(c->list);
	free(c->term);
}

void
query_release(struct query *q)
{
	for (size_t i = 0; i < q->n; i++) {
		for (size_t k = 0; k < q->group[i].n; k++)
			class_release(&q->group[i].class[k]);
		free(q->group[i].class);
	}
	for (size_t i = 0; i < q->nphrases; i++)
		free(q->phrase[i]);
	free(q->group);
	free(q->phrase);
	*q = (struct query){ 0 };
}

static struct query_group *
add_group(struct query *q, const char *word, size_t len, unsigned flags)
{
	struct query_group *g;

	for (size_t i = 0; i < q->n; i++) {
		g = &q->group[i];
		if (strlen(g->word) == len && memcmp(g->word, word, len) == 0) {
			g->flags |= flags;
			return g;
		}
	}
	if (q->n == GROUPS_MAX)
		return NULL;
	GROW(q->group, q->n, q->cap);
	g = &q->group[q->n++];
	*g = (struct query_group){ .flags = flags };
	memcpy(g->word, word, len);
	return g;
}

struct reading {
	struct query *q;
	unsigned flags;
	bool prefix;
	bool keep_stops;
	size_t words;
};

static void
on_word(void *arg, const struct word *w)
{
	struct reading *r = arg;
	struct query_group *g;

	if (!w->whole && !r->keep_stops && lexis_is_stop(w->text, w->len))
		return;
	g = add_group(r->q, w->text, w->len, w->whole ? r->flags & QUERY_NOT :
	    r->flags);
	r->words++;
	if (!g)
		return;
	g->whole |= w->whole;
	g->prefix |= r->prefix && !w->whole;
}

struct folding {
	struct buf *out;
};

static void
fold_word(void *arg, const struct word *w)
{
	struct folding *f = arg;

	if (w->whole)
		return;
	buf_add(f->out, w->text, w->len);
	buf_addc(f->out, ' ');
}

char *
query_fold(const char *text, size_t len)
{
	AUTO_BUF struct buf b = BUF_INIT;
	struct folding f = { &b };

	buf_addc(&b, ' ');
	lexis_scan(text, len, fold_word, &f);
	return buf_steal(&b);
}

/* A term that must be in a note and counts nothing. */
static void
add_filter(struct query *q, char kind, const char *value)
{
	char term[WORD_MAX];
	size_t n = memory_mark(kind, value, strlen(value), term);
	struct query_group *g = add_group(q, term, n, QUERY_FILTER |
	    QUERY_MUST);

	if (g)
		g->whole = true;
}

/* "tag:x" and its like; whether it was one. */
static bool
read_field(struct query *q, const char *p, size_t len)
{
	static const struct {
		const char *name;
		char kind;
	} fields[] = {
		{ "tag:", 't' }, { "author:", 'a' }, { "source:", 's' }
	};
	AUTO_FREE char *word = xstrndup(p, len);
	struct when w = { 0 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		size_t n = strlen(fields[i].name);
		if (len > n && strncmp(word, fields[i].name, n) == 0) {
			add_filter(q, fields[i].kind, word + n);
			return true;
		}
	}
	if (strncmp(word, "since:", 6) == 0 ||
	    strncmp(word, "until:", 6) == 0) {
		AUTO_FREE char *text = xasprintf("in %s", word + 6);
		when_parse(text, memory_now(), &w);
		if (w.period && word[0] == 's')
			q->since = w.from;
		else if (w.period)
			q->until = w.from;
		return w.period;
	}
	return false;
}

static void
read_words(struct query *q, const char *p, size_t len, unsigned flags,
    bool prefix)
{
	struct reading r = { .q = q, .flags = flags, .prefix = prefix,
		.keep_stops = flags != 0 || prefix };

	lexis_scan(p, len, on_word, &r);
}

/* A phrase: its words, which must be there, in this order. */
static const char *
read_phrase(struct query *q, const char *p, const char *end, unsigned flags)
{
	const char *close = memchr(p, '"', (size_t)(end - p));
	size_t len;

	if (!close)
		return NULL;
	len = (size_t)(close - p);
	if (flags & QUERY_NOT) {
		/* no phrase, but each word, would take away too much */
		return close + 1;
	}
	read_words(q, p, len, QUERY_MUST, false);
	GROW(q->phrase, q->nphrases, q->capphrases);
	q->phrase[q->nphrases++] = query_fold(p, len);
	return close + 1;
}

static const char *
word_end(const char *p, const char *end)
{
	while (p < end && !isspace((unsigned char)*p))
		p++;
	return p;
}

static void
read_text(struct query *q, const char *p, const char *end, unsigned flags)
{
	while (p < end) {
		const char *stop, *after = NULL;
		unsigned f = flags;
		bool prefix;

		if (isspace((unsigned char)*p)) {
			p++;
			continue;
		}
		stop = word_end(p, end);
		if (stop - p > 1 && (*p == '-' || *p == '+') &&
		    (isalpha((unsigned char)p[1]) || p[1] == '"' ||
		    (unsigned char)p[1] >= 0x80)) {
			f = *p == '-' ? QUERY_NOT : QUERY_MUST;
			p++;
		}
		if (*p == '"')
			after = read_phrase(q, p + 1, end, f);
		if (after) {
			p = after;
			continue;
		}
		prefix = stop - p > 2 && stop[-1] == '*';
		if (!read_field(q, p, (size_t)(stop - p)))
			read_words(q, p, (size_t)(stop - p), f, prefix);
		p = stop;
	}
}

static bool
any_word(const struct query *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (!(q->group[i].flags & (QUERY_FILTER | QUERY_NOT)))
			return true;
	return false;
}

void
query_parse(const struct memory_search *s, struct query *ret)
{
	const char *end = s->text + strlen(s->text);

	*ret = (struct query){ .since = s->filter.since,
		.until = s->filter.until };
	read_text(ret, s->text, end, s->all ? QUERY_MUST : 0);
	if (!any_word(ret)) {
		/* "to be or not to be" */
		struct reading r = { .q = ret, .keep_stops = true };
		if (ret->n == 0)
			lexis_scan(s->text, strlen(s->text), on_word, &r);
	}
	for (size_t i = 0; i < s->filter.ntags; i++)
		add_filter(ret, 't', s->filter.tags[i]);
	if (s->filter.author)
		add_filter(ret, 'a', s->filter.author);
	if (s->filter.source)
		add_filter(ret, 's', s->filter.source);
}
