/* memory-upkeep: the index of a memory, its checks, its size. */
#include "config.h"

#include "memory.h"

#include <math.h>

#include "alloc.h"
#include "index.h"
#include "memory-index.h"
#include "memory-vector.h"

enum { BATCH = 65536 };		/* notes of one new segment at most */

/*
 * What a note is filtered by, as terms of the index that no text gives:
 * a byte that text has not, a letter, the value.
 */
size_t
memory_mark(char kind, const char *value, size_t len, char out[WORD_MAX])
{
	size_t n = len < WORD_MAX - 2 ? len : WORD_MAX - 2;

	out[0] = '\x01';
	out[1] = kind;
	memcpy(out + 2, value, n);
	return n + 2;
}

static void
mark(struct index_builder *b, char kind, const char *value, size_t len)
{
	char term[WORD_MAX];

	index_builder_mark(b, term, memory_mark(kind, value, len, term));
}

static void
index_tags(struct index_builder *b, const char *tags)
{
	AUTO_JV jv list = JSON_NONE;
	struct err ignored;

	if (json_parse(tags, strlen(tags), &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv tag = json_at(&list, i);
		const char *s = json_string(&tag);
		if (!s)
			continue;
		index_builder_text(b, s, strlen(s), MEMORY_TAG_WEIGHT);
		mark(b, 't', s, strlen(s));
	}
}

static void
index_row(struct index_builder *b, struct store_stmt *q)
{
	size_t len;
	const char *text = store_col_bytes(q, 1, &len), *s;

	index_builder_begin(b, store_col_int(q, 0));
	index_builder_text(b, text, len, 1);
	if ((s = store_col_str(q, 2)))
		index_tags(b, s);
	if ((s = store_col_str(q, 3))) {
		/* "what does Ana prefer" is about her notes */
		index_builder_text(b, s, strlen(s), MEMORY_TAG_WEIGHT);
		mark(b, 'a', s, strlen(s));
	}
	if ((s = store_col_str(q, 4)))
		mark(b, 's', s, strlen(s));
	if ((s = store_col_str(q, 5)))
		index_builder_text(b, s, strlen(s), MEMORY_TAG_WEIGHT);
	index_builder_end(b);
}

/* The usual length, with a guess that a thousand notes outweigh. */
static double
average(const struct index *x)
{
	return ((double)x->words + 25.0 * 1000) / ((double)x->docs + 1000);
}

/* A segment of the notes from `next` on, at most BATCH: 1, 0 when none. */
static int
build(struct memory *m, const struct index *x, struct index_segment *ret,
    struct err *e)
{
	struct index_builder *b = index_builder_new(average(x));
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(m->store, "select n, text, tags, author, source, "
	    "(select path from doc where doc.id = note.doc) from note "
	    "where n >= ? order by n limit ?", STORE_ARGS(ARG_INT(x->next),
	    ARG_INT(BATCH)), &q, e) < 0) {
		index_builder_free(b);
		return -1;
	}
	while ((r = store_step(q, e)) > 0)
		index_row(b, q);
	if (r < 0 || index_builder_docs(b) == 0) {
		index_builder_free(b);
		return r;
	}
	index_finish(b, ret);
	return 1;
}

int
memory_index_open(struct memory *m, struct index *ret, struct err *e)
{
	int r;

	if (index_open(m->store, ret, e) < 0)
		return -1;
	do {
		struct index_segment g = { 0 };
		r = build(m, ret, &g, e);
		if (r > 0)
			index_add_memory(ret, &g);
	} while (r > 0);
	return r;
}

int
memory_index_update(struct memory *m, struct err *e)
{
	struct index x = { 0 };
	int r = index_open(m->store, &x, e);

	while (r == 0) {
		struct index_segment g = { 0 };
		r = build(m, &x, &g, e);
		if (r <= 0)
			break;
		r = index_write(&x, &g, e);
		index_segment_release(&g);
	}
	index_release(&x);
	return r;
}

int
memory_index_merge(struct memory *m, struct err *e)
{
	struct index x = { 0 };
	int r = index_open(m->store, &x, e);

	if (r == 0)
		r = index_merge_all(&x, e);
	index_release(&x);
	return r;
}

/* In a transaction: from nothing, without the dead, in one segment. */
static int
rebuild(struct memory *m, struct err *e)
{
	if (store_run(m->store, "delete from index_data", NULL, e) < 0 ||
	    store_run(m->store, "delete from index_segment", NULL, e) < 0 ||
	    store_run(m->store, "delete from index_dead", NULL, e) < 0)
		return -1;
	return memory_index_update(m, e) < 0 ? -1 : memory_index_merge(m, e);
}

struct said {
	void (*say)(void *, const char *);
	void *arg;
	int n;
};

static void
on_problem(void *arg, const char *problem)
{
	struct said *s = arg;

	s->say(s->arg, problem);
	s->n++;
}

/* Things that the schema alone does not promise. */
static const char *const rules[] = {
	"select 'note ' || id || ': tags are not a list' from note where "
	"tags is not null and (not json_valid(tags) or "
	"json_type(tags) <> 'array')",
	"select 'note ' || id || ': part of a document that is not there' "
	"from note where doc is not null and doc not in (select id from doc)",
	"select 'index: row ' || n || ' counts as dead but is there' from "
	"index_dead where n in (select n from note)",
	"select 'index: a number of notes that cannot be' from index_segment "
	"where docs > span",
	"select 'vector of a note that is not there: ' || n from vector "
	"where n not in (select n from note)"
};

static int
check_rules(struct memory *m, struct said *s, struct err *e)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		AUTO_STMT struct store_stmt *q = NULL;
		int r;
		if (store_query(m->store, rules[i], NULL, &q, e) < 0)
			return -1;
		while ((r = store_step(q, e)) > 0)
			on_problem(s, store_col_str(q, 0));
		if (r < 0)
			return -1;
	}
	return 0;
}

/* Every indexed note counted: those of the segments less the dead. */
static int
check_count(struct memory *m, const struct index *x, struct said *s,
    struct err *e)
{
	int64_t there = 0, dead = 0;

	if (store_get_int(m->store, "select count(*) from note where n < ?",
	    STORE_ARGS(ARG_INT(x->next)), &there, e) < 0 ||
	    store_get_int(m->store, "select count(*) from index_dead", NULL,
	    &dead, e) < 0)
		return -1;
	if (there + dead != x->docs)
		on_problem(s, "index: it does not hold every note");
	return 0;
}

int
memory_check(struct memory *m, void (*say)(void *arg, const char *problem),
    void *arg, struct err *e)
{
	AUTO_ROLLBACK struct store *view = m->store;
	struct said s = { say, arg, 0 };
	struct index x = { 0 };
	struct err damage = ERR_INIT;
	int r;

	if (store_begin_read(m->store, e) < 0 ||
	    store_check(m->store, on_problem, &s, e) < 0 ||
	    check_rules(m, &s, e) < 0)
		return -1;
	r = index_open(m->store, &x, &damage);
	if (r == 0)
		r = index_check(&x, &damage);
	if (r < 0)
		on_problem(&s, damage.text);
	else if (check_count(m, &x, &s, e) < 0)
		s.n = -1;
	index_release(&x);
	return s.n;
}

int
memory_vacuum(struct memory *m, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;

	if (store_begin(m->store, e) < 0 || rebuild(m, e) < 0 ||
	    vector_rebuild(m, e) < 0 || store_commit(m->store, e) < 0 ||
	    store_vacuum(m->store, e) < 0)
		return -1;
	return vector_settle(m, e);
}
