/* memory-list: walks over notes by what is known of them, not by words. */
#include "config.h"

#include "memory-search.h"

#include "alloc.h"

enum { ARGS_MAX = 64 };

struct condition {
	struct buf sql;
	struct store_arg arg[ARGS_MAX];
	size_t n;
};

static void
add(struct condition *c, const char *sql, struct store_arg a)
{
	/* the last one is the end; more tags than that find what fewer do */
	if (c->n + 2 >= ARGS_MAX)
		return;
	buf_adds(&c->sql, sql);
	c->arg[c->n++] = a;
}

static void
conditions(const struct memory_filter *f, struct condition *c)
{
	if (!f->expired)
		add(c, " and (expires is null or expires > ?)",
		    (struct store_arg)ARG_INT(memory_now()));
	if (!f->superseded)
		buf_adds(&c->sql, " and not exists (select 1 from supersedes s "
		    "join note r on r.id = s.id where s.old = note.id)");
	if (f->author)
		add(c, " and author = ?", (struct store_arg)ARG_STR(f->author));
	if (f->source)
		add(c, " and source = ?", (struct store_arg)ARG_STR(f->source));
	if (f->since)
		add(c, " and time >= ?", (struct store_arg)ARG_INT(f->since));
	if (f->until)
		add(c, " and time < ?", (struct store_arg)ARG_INT(f->until));
	if (f->documents)
		buf_adds(&c->sql, " and doc is not null");
	if (f->notes)
		buf_adds(&c->sql, " and doc is null");
	if (f->path) {
		add(c, " and doc in (select id from doc where path = ?",
		    (struct store_arg)ARG_STR(f->path));
		add(c, " or substr(path, 1, length(?) + 1) =",
		    (struct store_arg)ARG_STR(f->path));
		add(c, " ? || '/')", (struct store_arg)ARG_STR(f->path));
	}
	for (size_t i = 0; i < f->ntags; i++)
		add(c, " and exists (select 1 from json_each(note.tags) where "
		    "value = ?)", (struct store_arg)ARG_STR(f->tags[i]));
}

int
memory_each(struct memory *m, const struct memory_filter *f, size_t limit,
    bool oldest_first,
    int (*fn)(void *arg, struct memory_note *note, struct err *e), void *arg,
    struct err *e)
{
	struct condition c = { .n = 0 };
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	buf_adds(&c.sql, "select " MEMORY_COLUMNS ", (select path from doc "
	    "where doc.id = note.doc) from note where true");
	conditions(f, &c);
	buf_adds(&c.sql, oldest_first ? " order by time, n" :
	    " order by time desc, n desc");
	r = store_query(m->store, c.sql.data, c.arg, &q, e);
	buf_release(&c.sql);
	if (r < 0)
		return -1;
	for (size_t i = 0; i < limit && (r = store_step(q, e)) > 0; i++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		memory_note_read(q, &note);
		if (store_col_str(q, 13))
			note.path = xstrdup(store_col_str(q, 13));
		r = fn(arg, &note, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	return r < 0 ? -1 : 0;
}
