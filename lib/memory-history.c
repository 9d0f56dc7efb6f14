/*
 * memory-history: what was changed, and taking it back.
 *
 * A row holds what was there before: the note, the value.  Notes that were
 * added are a range of rows, since a transaction has the file to itself.
 * Taking back is a change as well, so that it can be taken back.
 */
#include "config.h"

#include "memory.h"

#include "alloc.h"

int
memory_log(struct memory *m, const char *op, const char *what, int64_t first,
    int64_t last, const char *before, struct err *e)
{
	struct store_arg from = ARG_INT(first), to = ARG_INT(last);

	if (!first)
		from.kind = to.kind = STORE_NULL;
	return store_run(m->store, "insert into change (time, author, op, "
	    "what, first, last, before) values (?, ?, ?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_INT(memory_now()), ARG_STR(m->author),
	    ARG_STR(op), ARG_STR(what), from, to, ARG_STR(before)), e) < 0 ?
	    -1 : 0;
}

struct change {
	int64_t number, first, last;
	char *op, *what, *before;
};

static void
change_release(struct change *c)
{
	free(c->op);
	free(c->what);
	free(c->before);
}

static char *
column(struct store_stmt *q, int i)
{
	const char *s = store_col_str(q, i);

	return s ? xstrdup(s) : NULL;
}

static int
find(struct memory *m, int64_t number, struct change *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(m->store, "select change, op, what, first, last, "
	    "before from change where undone is null and op <> 'undo' and "
	    "(?1 = 0 or change = ?1) order by change desc limit 1",
	    STORE_ARGS(ARG_INT(number)), &q, e) < 0)
		return -1;
	r = store_step(q, e);
	if (r > 0)
		*ret = (struct change){ store_col_int(q, 0),
			store_col_int(q, 3), store_col_int(q, 4),
			column(q, 1), column(q, 2), column(q, 5) };
	return r;
}

/* Removes what was added, as far as it is still there as it was. */
static int
remove_range(struct memory *m, const struct change *c, struct err *e)
{
	for (int64_t n = c->first; n <= c->last; n++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		int r = memory_get_row(m, n, &note, e);
		if (r < 0)
			return -1;
		if (r > 0 && memory_remove(m, &note, "undo", e) < 0)
			return -1;
	}
	return 0;
}

static int
doc_of(struct memory *m, struct memory_note *note, struct err *e)
{
	int r;

	if (!note->path)
		return 0;
	r = store_get_int(m->store, "select id from doc where path = ?",
	    STORE_ARGS(ARG_STR(note->path)), &note->doc, e);
	return r < 0 ? -1 : 0;
}

static int
put_back(struct memory *m, const struct change *c, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_JV jv o = JSON_NONE;
	AUTO_JV jv links = JSON_NONE;

	if (json_parse(c->before, strlen(c->before), &o, e) < 0 ||
	    memory_note_parse(&o, &note, e) < 0 || doc_of(m, &note, e) < 0 ||
	    memory_change(m, &note, "undo", e) < 0)
		return -1;
	links = json_get(&o, "supersedes");
	for (size_t i = 0; i < json_count(&links); i++) {
		AUTO_JV jv old = json_at(&links, i);
		if (memory_supersede(m, note.id, json_string(&old), e) < 0)
			return -1;
	}
	return 0;
}

static int
put_key_back(struct memory *m, const struct change *c, struct err *e)
{
	if (!c->before)
		return store_run(m->store, "delete from key where key = ?",
		    STORE_ARGS(ARG_STR(c->what)), e) < 0 ? -1 : 0;
	return store_run(m->store, "insert into key (key, value, version, "
	    "time, author) values (?1, ?2, 1, ?3, ?4) on conflict (key) do "
	    "update set value = ?2, version = version + 1, time = ?3, "
	    "author = ?4", STORE_ARGS(ARG_STR(c->what), ARG_STR(c->before),
	    ARG_INT(memory_now()), ARG_STR(m->author)), e) < 0 ? -1 : 0;
}

/* `before` is the id of what replaced it. */
static int
part(struct memory *m, const struct change *c, struct err *e)
{
	return store_run(m->store, "delete from supersedes where old = ? and "
	    "id = ?", STORE_ARGS(ARG_STR(c->what), ARG_STR(c->before)), e) < 0 ?
	    -1 : 0;
}

static int
apply(struct memory *m, const struct change *c, struct err *e)
{
	if (strcmp(c->op, "merge") == 0)
		return part(m, c, e);
	if (strcmp(c->op, "set") == 0)
		return put_key_back(m, c, e);
	if (c->first)
		return remove_range(m, c, e);
	if (c->before)
		return put_back(m, c, e);
	return err_set(e, ST_DATA, "change %lld cannot be undone",
	    (long long)c->number);
}

int
memory_undo(struct memory *m, int64_t number, char **ret_what, struct err *e)
{
	struct change c = { 0 };
	int r = find(m, number, &c, e);

	if (r > 0 && apply(m, &c, e) < 0)
		r = -1;
	if (r > 0 && store_run(m->store, "update change set undone = ? where "
	    "change = ?", STORE_ARGS(ARG_INT(memory_now()),
	    ARG_INT(c.number)), e) < 0)
		r = -1;
	if (r > 0 && c.first)
		*ret_what = xasprintf("change %lld: %s of %lld notes",
		    (long long)c.number, c.op,
		    (long long)(c.last - c.first + 1));
	else if (r > 0)
		*ret_what = xasprintf("change %lld: %s %s",
		    (long long)c.number, c.op, c.what);
	change_release(&c);
	return r;
}
