/*
 * memory-search: finds notes by words, time, tags and meaning.
 *
 * The index gives the best few hundred rows; what the index does not know
 * (what replaced what, time, importance, phrases, expiry) is weighed on
 * these.  When filters leave too few of them, more are asked for.
 */
#include "config.h"

#include "memory-search.h"

#include <math.h>

#include "alloc.h"
#include "memory-query.h"
#include "memory-vector.h"

enum {
	FIRST_LOOK = 64,	/* rows that are fetched at first */
	CHAIN_MAX = 32,		/* notes that replaced one another */
	RRF_K = 60
};

/* What the rest may do to a score: little, so that words decide. */
#define OLD_FACTOR 0.8		/* of a note that was replaced */
#define NEWEST_BONUS 0.08	/* from the oldest hit to the newest */
#define IN_USE_MS (INT64_C(31) * 86400 * 1000)	/* since its last note */
#define PERIOD_BONUS 0.3
#define IMPORTANCE_BONUS 0.2	/* from 0 to 1 */

struct finding {
	struct memory *m;
	const struct memory_search *s;
	struct query q;
	struct index x;
	int64_t *dead;
	size_t ndead;
	struct memory_hit *hit;
	size_t n, cap;
	int64_t now;
};

static void
hit_release(struct memory_hit *h)
{
	memory_note_release(&h->note);
	free(h->why);
	free(h->span);
}

void
memory_hits_release(struct memory_hits *h)
{
	for (size_t i = 0; i < h->n; i++)
		hit_release(&h->hit[i]);
	free(h->hit);
	free(h->changed);
	*h = (struct memory_hits)MEMORY_HITS_INIT;
}

static void
forget(struct finding *f)
{
	for (size_t i = 0; i < f->n; i++)
		hit_release(&f->hit[i]);
	f->n = 0;
}

static int
read_dead(struct finding *f, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	size_t cap = 0;
	int r;

	if (store_query(f->m->store, "select n from index_dead order by n",
	    NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		GROW(f->dead, f->ndead, cap);
		f->dead[f->ndead++] = store_col_int(q, 0);
	}
	return r;
}

/* Whether the note has each phrase, as words in this order. */
static bool
has_phrases(const struct finding *f, const struct memory_note *note)
{
	AUTO_FREE char *text = NULL;

	if (f->q.nphrases == 0)
		return true;
	text = query_fold(note->text, note->text_len);
	for (size_t i = 0; i < f->q.nphrases; i++)
		if (!strstr(text, f->q.phrase[i]))
			return false;
	return true;
}

static bool
under(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return path && strncmp(path, dir, n) == 0 &&
	    (!path[n] || path[n] == '/' || (n && dir[n - 1] == '/'));
}

static bool
passes(const struct finding *f, const struct memory_note *note)
{
	const struct memory_filter *w = &f->s->filter;

	if (note->expires && note->expires <= f->now && !w->expired)
		return false;
	if (f->q.since && note->time < f->q.since)
		return false;
	if (f->q.until && note->time >= f->q.until)
		return false;
	if ((w->documents && !note->doc) || (w->notes && note->doc))
		return false;
	if (w->path && !under(note->path, w->path))
		return false;
	return has_phrases(f, note);
}

static struct memory_hit *
find_row(struct finding *f, int64_t n)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->hit[i].note.n == n)
			return &f->hit[i];
	return NULL;
}

static int
add_hit(struct finding *f, int64_t n, double score, struct memory_hit **ret,
    struct err *e)
{
	struct memory_hit h = { .note = MEMORY_NOTE_INIT, .memory = f->m,
		.score = score };
	int r;

	*ret = find_row(f, n);
	if (*ret)
		return 1;
	r = memory_get_row(f->m, n, &h.note, e);
	if (r <= 0 || !passes(f, &h.note)) {
		memory_note_release(&h.note);
		return r < 0 ? -1 : 0;
	}
	GROW(f->hit, f->n, f->cap);
	f->hit[f->n++] = h;
	*ret = &f->hit[f->n - 1];
	return 1;
}

/* By words: asks for more rows until the filters leave enough. */
static int
find_words(struct finding *f, struct err *e)
{
	size_t want = f->s->limit + FIRST_LOOK, got;
	bool more;

	/* neither words nor a filter: that is no question */
	if (f->q.n == 0 && !f->q.since && !f->q.until)
		return 0;
	do {
		AUTO_FREE struct rank_doc *docs = xcalloc(want,
		    sizeof(*docs));
		forget(f);
		rank_documents(&f->q, &f->x, f->dead, f->ndead, docs, want,
		    &got);
		for (size_t i = 0; i < got; i++) {
			struct memory_hit *h;
			int r = add_hit(f, docs[i].n, (double)docs[i].score,
			    &h, e);
			if (r < 0)
				return -1;
			if (r > 0) {
				h->words = h->score;
				h->word_rank = (int)f->n;
			}
		}
		more = f->n < f->s->limit && got == want;
		want *= 16;
	} while (more);
	return 0;
}

/* By meaning: vectors' own order, then both by the reciprocal of the rank. */
static int
find_vectors(struct finding *f, struct err *e)
{
	struct vector_hit near[FIRST_LOOK];
	size_t got = 0;

	if (!f->s->vector)
		return 0;
	if (vector_search(f->m, f->s->model, f->s->vector, f->s->dim, near,
	    FIRST_LOOK, &got, e) < 0)
		return -1;
	for (size_t i = 0; i < got; i++) {
		struct memory_hit *h;
		int r = add_hit(f, near[i].n, 0, &h, e);
		if (r < 0)
			return -1;
		if (r > 0)
			h->vector_rank = (int)i + 1;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct memory_hit *h = &f->hit[i];
		h->score = (h->word_rank ? 1.0 / (RRF_K + h->word_rank) : 0) +
		    (h->vector_rank ? 1.0 / (RRF_K + h->vector_rank) : 0);
	}
	return 0;
}

/* What replaced what. */

/* The id that replaced `id`, as AUTO_FREE string; NULL. */
static char *
successor(struct finding *f, const char *id)
{
	struct err ignored;
	char *next = NULL;

	store_get_str(f->m->store, "select s.id from supersedes s join note n "
	    "on n.id = s.id where s.old = ? order by n.time desc limit 1",
	    STORE_ARGS(ARG_STR(id)), &next, &ignored);
	return next;
}

/* Whether the index filtered: by a tag, an author, a source. */
static bool
is_filtered(const struct finding *f)
{
	for (size_t i = 0; i < f->q.n; i++)
		if (f->q.group[i].flags)
			return true;
	return false;
}

/*
 * A note that is found finds those that replaced it; one that a filter keeps
 * out stays out.
 */
static int
follow(struct finding *f, size_t i, struct err *e)
{
	AUTO_FREE char *id = xstrdup(f->hit[i].note.id);
	double score = f->hit[i].score;

	for (int n = 0; n < CHAIN_MAX; n++) {
		AUTO_FREE char *next = successor(f, id);
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		struct memory_hit *h = NULL;
		int r;

		if (!next)
			return 0;
		f->hit[i].superseded = true;
		r = memory_get(f->m, next, &note, e);
		if (r > 0 && is_filtered(f))
			r = (h = find_row(f, note.n)) != NULL;
		else if (r > 0)
			r = add_hit(f, note.n, 0, &h, e);
		if (r < 0)
			return -1;
		if (r > 0 && !f->q.when.former && h->score < score)
			h->score = score * (1 + 1e-6 * (n + 1));
		/* asked for what was: the older one wins the two of them */
		if (r > 0 && f->q.when.former && h->score > 0 &&
		    f->hit[i].score < h->score * 1.05)
			f->hit[i].score = h->score * 1.05;
		free(id);
		id = STEAL(next);
	}
	return 0;
}

static int
weigh_links(struct finding *f, struct err *e)
{
	size_t n = f->n;

	for (size_t i = 0; i < n; i++)
		if (follow(f, i, e) < 0)
			return -1;
	/* those that were added may have been replaced as well: no matter,
	 * the chain was followed to its end, but they must be known as old */
	for (size_t i = n; i < f->n; i++) {
		AUTO_FREE char *next = successor(f, f->hit[i].note.id);
		f->hit[i].superseded = next != NULL;
	}
	for (size_t i = 0; i < f->n; i++)
		if (f->hit[i].superseded && !f->q.when.former)
			f->hit[i].score *= OLD_FACTOR;
	return 0;
}

static void
weigh_time(struct finding *f)
{
	const struct when *w = &f->q.when;
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (size_t i = 0; i < f->n; i++) {
		int64_t t = f->hit[i].note.time;
		first = t < first ? t : first;
		last = t > last ? t : last;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct memory_hit *h = &f->hit[i];
		double age = last > first ? (double)(h->note.time - first) /
		    (double)(last - first) : 0;
		if (w->newest && !w->former)
			h->score *= 1 + NEWEST_BONUS * age;
		if (w->period && h->note.time >= w->from &&
		    h->note.time < w->to)
			h->score *= 1 + PERIOD_BONUS;
		h->score *= 1 + IMPORTANCE_BONUS *
		    (h->note.importance - 0.5);
	}
}

static int
by_score(const void *a, const void *b)
{
	const struct memory_hit *x = a, *y = b;

	if (fabs(x->score - y->score) > 1e-12)
		return x->score > y->score ? -1 : 1;
	return x->note.time > y->note.time ? -1 : x->note.time < y->note.time;
}

void
memory_hits_join(struct memory_hits *h, struct memory_hits *more,
    size_t limit)
{
	h->hit = xreallocarray(h->hit, h->n + more->n + 1, sizeof(*h->hit));
	for (size_t i = 0; i < more->n; i++)
		h->hit[h->n++] = more->hit[i];
	more->n = 0;
	if (!h->changed)
		h->changed = STEAL(more->changed);
	qsort(h->hit, h->n, sizeof(*h->hit), by_score);
	while (h->n > limit)
		hit_release(&h->hit[--h->n]);
}

/* The text of a query may name a month: of the years of this memory.  What is
 * counted from now is so in a memory that is in use; in one that was left long
 * ago, from its end. */
static int
read_when(struct finding *f, struct err *e)
{
	int64_t last = f->now;

	if (store_get_int(f->m->store, "select max(time) from note", NULL,
	    &last, e) < 0)
		return -1;
	when_parse(f->s->text, f->now - last > IN_USE_MS ? last + 1 : f->now,
	    &f->q.when);
	return 0;
}

/* A question of which only the time can be found, "what happened yesterday?":
 * the notes of that time, the newest first. */
static int
find_period(struct finding *f, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	const struct when *w = &f->q.when;
	int r;

	if (f->n > 0 || is_filtered(f) || (!w->period && !w->newest))
		return 0;
	if (store_query(f->m->store, "select n from note where time >= ? and "
	    "time < ? order by time desc", STORE_ARGS(
	    ARG_INT(w->period ? w->from : INT64_MIN),
	    ARG_INT(w->period ? w->to : INT64_MAX)), &q, e) < 0)
		return -1;
	while (f->n < f->s->limit && (r = store_step(q, e)) != 0) {
		struct memory_hit *h;
		if (r < 0 || add_hit(f, store_col_int(q, 0), 1, &h, e) < 0)
			return -1;
	}
	return 0;
}

static int
find(struct finding *f, struct err *e)
{
	query_parse(f->s, &f->q);
	if (memory_index_open(f->m, &f->x, e) < 0 || read_when(f, e) < 0 ||
	    read_dead(f, e) < 0 || query_expand(&f->q, f->s, &f->x, e) < 0 ||
	    find_words(f, e) < 0 || find_vectors(f, e) < 0 ||
	    find_period(f, e) < 0 || weigh_links(f, e) < 0)
		return -1;
	weigh_time(f);
	if (f->n > 0)
		qsort(f->hit, f->n, sizeof(*f->hit), by_score);
	return 0;
}

int
memory_search(struct memory *m, const struct memory_search *s, bool explain,
    struct memory_hits *ret, struct err *e)
{
	AUTO_ROLLBACK struct store *view = m->store;
	struct finding f = { .m = m, .s = s, .now = memory_now() };
	int r = store_begin_read(m->store, e);

	if (r == 0)
		r = find(&f, e);
	if (r == 0) {
		*ret = (struct memory_hits){ f.hit, f.n, NULL };
		while (ret->n > s->limit)
			hit_release(&ret->hit[--ret->n]);
		memory_explain(&f.q, explain, ret);
	} else {
		forget(&f);
		free(f.hit);
	}
	query_release(&f.q);
	index_release(&f.x);
	free(f.dead);
	return r;
}
