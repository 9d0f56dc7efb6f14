/* memory-merge: what time and repetition make superfluous. */
#include "config.h"

#include "memory-merge.h"

#include "alloc.h"
#include "lexis.h"
#include "memory-condense.h"
#include "stem.h"

int64_t
memory_expire(struct memory *m, struct err *e)
{
	int64_t count = 0;

	for (;;) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		int64_t n = 0;
		int r = store_get_int(m->store, "select n from note where "
		    "expires is not null and expires <= ? limit 1",
		    STORE_ARGS(ARG_INT(memory_now())), &n, e);
		if (r <= 0)
			break;
		if (memory_get_row(m, n, &note, e) < 0 ||
		    memory_remove(m, &note, "expire", e) < 0)
			return -1;
		count++;
	}
	if (store_run(m->store, "delete from key where expires <= ?",
	    STORE_ARGS(ARG_INT(memory_now())), e) < 0)
		return -1;
	return count;
}

static uint64_t
hash(uint64_t h, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}

enum { SEED_A = 1, SEED_B = 7919 };

/* Sums of hashes: the order of the words does not matter. */
struct sums {
	uint64_t a, b;
	unsigned words;
};

static void
on_word(void *arg, const struct word *w)
{
	struct sums *s = arg;
	char stem[WORD_MAX + 2];
	size_t n;

	if (w->whole)
		return;
	if (lexis_is_stop(w->text, w->len) &&
	    !(w->len == 3 && memcmp(w->text, "not", 3) == 0) &&
	    !(w->len == 2 && memcmp(w->text, "no", 2) == 0))
		return;
	memcpy(stem, w->text, w->len);
	n = stem_word(stem, w->len);
	s->a += hash(14695981039346656037u + SEED_A, stem, n);
	s->b += hash(14695981039346656037u + SEED_B, stem, n);
	s->words++;
}

static void
summarise(const char *text, size_t len, struct sums *s)
{
	*s = (struct sums){ 0 };
	lexis_scan(text, len, on_word, s);
	/* numbers with their signs, in their order */
	for (size_t i = 0; i < len; i++) {
		const char *p = memchr("0123456789.-+%<>=", text[i], 17);
		bool near = (i + 1 < len && text[i + 1] >= '0' &&
		    text[i + 1] <= '9') || (i > 0 && text[i - 1] >= '0' &&
		    text[i - 1] <= '9');
		if (p && near && text[i] != '.')
			s->b = hash(s->b, &text[i], 1);
	}
}

struct seen {
	struct sums sums;
	char *id;
};

struct merging {
	struct memory *m;
	struct seen *slot;
	size_t mask, n;
	int64_t count;
};

/* Newest first: what was seen before is newer. */
static int
on_note(void *arg, struct memory_note *note, struct err *e)
{
	struct merging *k = arg;
	struct sums s;
	size_t at;

	summarise(note->text, note->text_len, &s);
	if (s.words < 3)
		return 0;
	for (at = s.a & k->mask; k->slot[at].id; at = (at + 1) & k->mask) {
		const struct seen *t = &k->slot[at];
		if (t->sums.a != s.a || t->sums.b != s.b ||
		    t->sums.words != s.words)
			continue;
		k->count++;
		return memory_replace(k->m, t->id, note->id, e);
	}
	k->slot[at] = (struct seen){ s, xstrdup(note->id) };
	return 0;
}

int64_t
memory_merge(struct memory *m, struct err *e)
{
	struct merging k = { .m = m, .mask = 1023 };
	struct memory_filter f = { .notes = true };
	int64_t notes = 0;
	int r;

	if (store_get_int(m->store, "select count(*) from note", NULL, &notes,
	    e) < 0)
		return -1;
	while (k.mask < (size_t)notes * 2)
		k.mask = 2 * k.mask + 1;
	k.slot = xcalloc(k.mask + 1, sizeof(*k.slot));
	r = memory_each(m, &f, SIZE_MAX, false, on_note, &k, e);
	for (size_t i = 0; i <= k.mask; i++)
		free(k.slot[i].id);
	free(k.slot);
	return r < 0 ? -1 : k.count;
}

/* Rows to remove: not while a query walks over them. */
struct retiring {
	int64_t keep;
	int64_t *row;
	size_t n, cap;
};

static int
on_retired(void *arg, struct memory_note *note, struct err *e)
{
	struct retiring *k = arg;

	(void)e;
	if (k->keep-- > 0 || memory_is_pinned(note))
		return 0;
	GROW(k->row, k->n, k->cap);
	k->row[k->n++] = note->n;
	return 0;
}

int64_t
memory_retire(struct memory *m, const struct memory_filter *f, int64_t keep,
    struct err *e)
{
	struct retiring k = { .keep = keep };
	int r = memory_each(m, f, SIZE_MAX, false, on_retired, &k, e);

	for (size_t i = 0; r == 0 && i < k.n; i++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		r = memory_get_row(m, k.row[i], &note, e);
		if (r > 0)
			r = memory_remove(m, &note, "forget", e);
	}
	free(k.row);
	return r < 0 ? -1 : (int64_t)k.n;
}

int64_t
memory_forget_history(struct memory *m, int64_t until, struct err *e)
{
	return store_run(m->store, "delete from change where time < ?",
	    STORE_ARGS(ARG_INT(until)), e);
}
