/* memory: what an agent, or a person, remembers: one SQLite file. */
#include "config.h"

#include "memory.h"

#include <ctype.h>

#include "alloc.h"
#include "clock.h"
#include "index.h"
#include "memory-schema.h"
#include "memory-search.h"
#include "secret.h"
#include "ulid.h"

int64_t
memory_now(void)
{
	return clock_wall() / CLOCK_MS;
}

int
memory_open(const char *path, unsigned flags, const volatile int *stop,
    struct memory *ret, struct err *e)
{
	struct store_options o = { .stop = stop };

	if (flags & MEMORY_READONLY)
		o.flags |= STORE_READONLY;
	if (flags & MEMORY_NOCREATE)
		o.flags |= STORE_NOCREATE;
	if (flags & MEMORY_LAZY)
		o.sync = STORE_NORMAL;
	if (store_open(path, &memory_schema, &o, &ret->store, e) == 0)
		return 0;
	if (!(flags & MEMORY_READONLY) || e->status != ST_CONFIG)
		return -1;
	/* perhaps an older one, which a writer brings up to date; a newer
	 * one is refused again */
	o.flags = STORE_NOCREATE;
	return store_open(path, &memory_schema, &o, &ret->store, e);
}

void
memory_close(struct memory *m)
{
	store_close(m->store);
	m->store = NULL;
}

/* Transactions. */

int
memory_begin(struct memory *m, struct err *e)
{
	m->first = m->last = 0;
	m->wrote = false;
	return store_begin(m->store, e);
}

/* History has notes that were added by the row, as far as nothing else
 * came between. */
static int
log_added(struct memory *m, struct err *e)
{
	int64_t first = m->first;

	m->first = 0;
	return first ? memory_log(m, "add", NULL, first, m->last, NULL, e) :
	    0;
}

static int
count_added(struct memory *m, struct err *e)
{
	int64_t n = store_last_id(m->store);

	if (m->first && n != m->last + 1 && log_added(m, e) < 0)
		return -1;
	if (!m->first)
		m->first = n;
	m->last = n;
	return 0;
}

/* Whether the notes that are not indexed have become too many. */
static int
index_is_due(struct memory *m, bool *ret, struct err *e)
{
	int64_t next = 1, last = 0;

	if (store_get_int(m->store, "select base + span from index_segment "
	    "order by base desc limit 1", NULL, &next, e) < 0 ||
	    store_get_int(m->store, "select max(n) from note", NULL, &last,
	    e) < 0)
		return -1;
	*ret = last - next + 1 >= (m->bulk ? 64 : 1) * MEMORY_TAIL;
	return 0;
}

int
memory_commit(struct memory *m, struct err *e)
{
	bool due = false;

	if (log_added(m, e) < 0 || (m->wrote && index_is_due(m, &due, e) < 0))
		return -1;
	if (due && memory_index_update(m, e) < 0)
		return -1;
	return store_commit(m->store, e);
}

/* Reading. */

static char *
column(struct store_stmt *q, int i)
{
	const char *s = store_col_str(q, i);

	return s ? xstrdup(s) : NULL;
}

void
memory_note_read(struct store_stmt *q, struct memory_note *ret)
{
	size_t len;
	const void *text = store_col_bytes(q, 2, &len);

	memory_note_release(ret);
	*ret = (struct memory_note){
		.n = store_col_int(q, 0), .id = column(q, 1),
		.text = xstrndup(text, len), .text_len = len,
		.tags = column(q, 3), .time = store_col_int(q, 4),
		.expires = store_col_int(q, 5),
		.importance = store_col_num(q, 6), .source = column(q, 7),
		.author = column(q, 8), .extra = column(q, 9),
		.doc = store_col_int(q, 10), .line = store_col_int(q, 11),
		.last_line = store_col_int(q, 12)
	};
}

static int
read_one(struct memory *m, const char *sql, const struct store_arg *args,
    struct memory_note *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(m->store, sql, args, &q, e) < 0)
		return -1;
	r = store_step(q, e);
	if (r <= 0)
		return r;
	memory_note_read(q, ret);
	if (ret->doc && store_get_str(m->store, "select path from doc where "
	    "id = ?", STORE_ARGS(ARG_INT(ret->doc)), &ret->path, e) < 0)
		return -1;
	return 1;
}

int
memory_get(struct memory *m, const char *id, struct memory_note *ret,
    struct err *e)
{
	return read_one(m, "select " MEMORY_COLUMNS " from note where id = ?",
	    STORE_ARGS(ARG_STR(id)), ret, e);
}

int
memory_get_row(struct memory *m, int64_t n, struct memory_note *ret,
    struct err *e)
{
	return read_one(m, "select " MEMORY_COLUMNS " from note where n = ?",
	    STORE_ARGS(ARG_INT(n)), ret, e);
}

int
memory_need(struct memory *m, const char *id, struct memory_note *ret,
    struct err *e)
{
	AUTO_FREE char *end = xasprintf("%s\xf4\x8f\xbf\xbf", id);
	int64_t n = 0;
	int r = memory_get(m, id, ret, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (store_get_int(m->store, "select count(*) from (select 1 from note "
	    "where id >= ? and id < ? limit 2)", STORE_ARGS(ARG_STR(id),
	    ARG_STR(end)), &n, e) < 0)
		return -1;
	if (n == 0 || !*id)
		return err_set(e, ST_NOINPUT, "no note '%s'", id);
	if (n > 1)
		return err_set(e, ST_NOINPUT, "several notes begin with '%s'",
		    id);
	return read_one(m, "select " MEMORY_COLUMNS " from note where id >= ? "
	    "and id < ?", STORE_ARGS(ARG_STR(id), ARG_STR(end)), ret, e) < 0 ?
	    -1 : 0;
}

/* Writing. */

/*
 * What two notes share that are the same to a person: the text in lower
 * case, runs of space as one, without a full stop at the end.  Anything
 * bolder would take "-16" and "16" for the same.
 */
static int64_t
hash_of(const char *text, size_t len)
{
	uint64_t h = 14695981039346656037u;
	bool space = false, any = false;

	while (len > 0 && strchr(" \t\r\n.!", text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (isspace(c)) {
			space = any;
			continue;
		}
		if (space)
			h = (h ^ ' ') * 1099511628211u;
		space = false;
		any = true;
		h = (h ^ (unsigned char)tolower(c)) * 1099511628211u;
	}
	return (int64_t)h;
}

static int
insert(struct memory *m, const struct memory_note *note, struct err *e)
{
	int64_t now = memory_now();
	struct store_arg expires = ARG_INT(note->expires);
	struct store_arg doc = ARG_INT(note->doc), line = ARG_INT(note->line);
	struct store_arg last = ARG_INT(note->last_line);

	m->wrote = true;
	if (!note->expires)
		expires.kind = STORE_NULL;
	if (!note->doc)
		doc.kind = line.kind = last.kind = STORE_NULL;
	if (store_run(m->store, "insert into note (id, text, tags, time, "
	    "expires, importance, source, author, extra, doc, line, "
	    "last_line, hash, written) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	    "?, ?, ?, ?)", STORE_ARGS(ARG_STR(note->id),
	    ARG_TEXT(note->text, note->text_len), ARG_STR(note->tags),
	    ARG_INT(note->time ? note->time : now), expires,
	    ARG_NUM(note->importance), ARG_STR(note->source),
	    ARG_STR(note->author ? note->author : m->author),
	    ARG_STR(note->extra), doc, line, last,
	    ARG_INT(hash_of(note->text, note->text_len)), ARG_INT(now)),
	    e) < 0)
		return -1;
	return 0;
}

/* The row leaves the index with its number. */
static int
take_row(struct memory *m, int64_t n, struct err *e)
{
	if (store_run(m->store, "insert or ignore into index_dead "
	    "select ?1 where ?1 < (select max(base + span) from "
	    "index_segment)", STORE_ARGS(ARG_INT(n)), e) < 0 ||
	    store_run(m->store, "delete from vector where n = ?",
	    STORE_ARGS(ARG_INT(n)), e) < 0 ||
	    store_run(m->store, "delete from note where n = ?",
	    STORE_ARGS(ARG_INT(n)), e) < 0)
		return -1;
	return 0;
}

int
memory_remove(struct memory *m, const struct memory_note *note,
    const char *op, struct err *e)
{
	AUTO_BUF struct buf before = BUF_INIT;

	memory_note_write(m, note, &before);
	buf_addc(&before, '}');
	if (memory_log(m, op, note->id, 0, 0, before.data, e) < 0)
		return -1;
	return take_row(m, note->n, e);
}

int
memory_change(struct memory *m, const struct memory_note *note,
    const char *op, struct err *e)
{
	AUTO_NOTE struct memory_note old = MEMORY_NOTE_INIT;
	int r = memory_get(m, note->id, &old, e);

	if (r < 0 || (r > 0 && memory_remove(m, &old, op, e) < 0))
		return -1;
	return insert(m, note, e);
}

char *
memory_join_tags(const char *have, const char *add)
{
	AUTO_JV jv a = JSON_NONE, b = JSON_NONE;
	struct err ignored;
	bool grown = false;

	if (!add || json_parse(add, strlen(add), &b, &ignored) < 0)
		return NULL;
	if (!have || json_parse(have, strlen(have), &a, &ignored) < 0)
		a = json_array();
	for (size_t i = 0; i < json_count(&b); i++) {
		AUTO_JV jv tag = json_at(&b, i);
		bool there = false;
		for (size_t k = 0; k < json_count(&a) && !there; k++) {
			AUTO_JV jv other = json_at(&a, k);
			there = json_equal(&tag, &other);
		}
		if (!there)
			json_append(&a, json_copy(&tag));
		grown |= !there;
	}
	return grown ? json_text(&a) : NULL;
}

static int
complete(struct memory *m, struct memory_note *old,
    const struct memory_note *note, enum memory_added *ret, struct err *e)
{
	char *tags = memory_join_tags(old->tags, note->tags);

	*ret = MEMORY_SAME;
	if (!tags)
		return 0;
	free(old->tags);
	old->tags = tags;
	*ret = MEMORY_CHANGED;
	return memory_change(m, old, "tag", e);
}

/* Whether what is there says all that the new one does. */
static bool
is_same(const struct memory_note *a, const struct memory_note *b)
{
	return a->text_len == b->text_len &&
	    memcmp(a->text, b->text, a->text_len) == 0 &&
	    (!b->tags || (a->tags && strcmp(a->tags, b->tags) == 0)) &&
	    (!b->time || a->time == b->time) && a->expires == b->expires &&
	    (!b->source || (a->source && strcmp(a->source, b->source) == 0));
}

static int
find_same(struct memory *m, const struct memory_note *note,
    struct memory_note *ret, struct err *e)
{
	if (note->id)
		return memory_get(m, note->id, ret, e);
	return read_one(m, "select " MEMORY_COLUMNS " from note where hash = ? "
	    "and doc is null and (expires is null or expires > ?)",
	    STORE_ARGS(ARG_INT(hash_of(note->text, note->text_len)),
	    ARG_INT(memory_now())), ret, e);
}

static int
add_clean(struct memory *m, const struct memory_note *note,
    enum memory_added *ret, char **ret_id, struct err *e)
{
	AUTO_NOTE struct memory_note old = MEMORY_NOTE_INIT;
	struct memory_note fresh = *note;
	char id[ULID_LEN + 1];
	int r = find_same(m, note, &old, e);

	if (r < 0)
		return -1;
	if (r > 0) {
		*ret_id = xstrdup(old.id);
		if (!note->id)
			return complete(m, &old, note, ret, e);
		*ret = is_same(&old, note) ? MEMORY_SAME : MEMORY_CHANGED;
		return *ret == MEMORY_SAME ? 0 :
		    memory_change(m, note, "edit", e);
	}
	if (!fresh.id) {
		ulid_make(id);
		fresh.id = id;
	}
	if (insert(m, &fresh, e) < 0)
		return -1;
	*ret = MEMORY_ADDED;
	*ret_id = xstrdup(fresh.id);
	return count_added(m, e);
}

/* The note as it may be kept: `clean` holds its text when that changed. */
static struct memory_note
without_secrets(struct memory *m, const struct memory_note *note,
    struct buf *clean)
{
	struct memory_note n = *note;
	size_t secrets = 0;

	if (!m->allow_secrets)
		secrets = secret_blank(note->text, note->text_len, clean);
	if (secrets > 0) {
		n.text = clean->data;
		n.text_len = clean->len;
		m->blanked += secrets;
	}
	return n;
}

int
memory_add(struct memory *m, const struct memory_note *note,
    enum memory_added *ret, char **ret_id, struct err *e)
{
	AUTO_BUF struct buf clean = BUF_INIT;
	struct memory_note n = without_secrets(m, note, &clean);

	return add_clean(m, &n, ret, ret_id, e);
}

int
memory_edit(struct memory *m, const struct memory_note *note, struct err *e)
{
	AUTO_BUF struct buf clean = BUF_INIT;
	struct memory_note n = without_secrets(m, note, &clean);

	return memory_change(m, &n, "edit", e);
}

int
memory_supersede(struct memory *m, const char *id, const char *old,
    struct err *e)
{
	if (strcmp(id, old) == 0)
		return err_set(e, ST_DATA, "a note cannot supersede itself: "
		    "'%s'", id);
	return store_run(m->store, "insert or ignore into supersedes "
	    "(old, id) values (?, ?)", STORE_ARGS(ARG_STR(old), ARG_STR(id)),
	    e) < 0 ? -1 : 0;
}

int
memory_replace(struct memory *m, const char *id, const char *old,
    struct err *e)
{
	return memory_supersede(m, id, old, e) < 0 ? -1 :
	    memory_log(m, "merge", old, 0, 0, id, e);
}
