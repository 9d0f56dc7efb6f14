/* memory-mirror: a memory in step with a Markdown file, both ways. */
#include "config.h"

#include "memory-mirror.h"

#include <ctype.h>
#include <stdarg.h>

#include "alloc.h"
#include "memory-markdown.h"
#include "memory-search.h"
#include "mirror-file.h"
#include "sha256.h"
#include "ulid.h"

enum { TRIES = 5 };

typedef char digest[SHA256_HEX_LEN + 1];

/* A note, as it was when file and memory were last in step, and as it is. */
struct entry {
	char *id;
	bool base;			/* it was in the file */
	int64_t n;			/* its row then */
	char *digest, *before;		/* of the section; and before that */
	int64_t since, written;		/* when it came in, was last changed */
	int64_t now;			/* its row; 0: not to be shown */
	bool seen;			/* in the file */
};

struct syncing {
	struct memory *m;
	struct mirror *k;
	struct mirror_file f;
	struct buf out;
	int64_t next;			/* the number that we write */
	struct entry **entry;		/* the base, then by time */
	size_t n, cap;
	size_t *slot, slots;		/* of entry + 1, by id */
};

static void
release(struct syncing *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->entry[i]->id);
		free(s->entry[i]->digest);
		free(s->entry[i]->before);
		free(s->entry[i]);
	}
	free(s->entry);
	free(s->slot);
	mirror_file_release(&s->f);
	buf_release(&s->out);
}

static size_t *
slot_of(struct syncing *s, const char *id)
{
	uint64_t h = 14695981039346656037u;
	size_t at;

	for (const char *p = id; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (at = h & (s->slots - 1); s->slot[at] &&
	    strcmp(s->entry[s->slot[at] - 1]->id, id) != 0; )
		at = (at + 1) & (s->slots - 1);
	return &s->slot[at];
}

static struct entry *
find(struct syncing *s, const char *id)
{
	size_t at = s->slots ? *slot_of(s, id) : 0;

	return at ? s->entry[at - 1] : NULL;
}

static struct entry *
need(struct syncing *s, const char *id)
{
	struct entry *t = find(s, id);

	if (t)
		return t;
	GROW(s->entry, s->n, s->cap);
	t = s->entry[s->n++] = xcalloc(1, sizeof(*t));
	t->id = xstrdup(id);
	if (2 * s->n >= s->slots) {
		free(s->slot);
		s->slots = s->slots ? 2 * s->slots : 256;
		s->slot = xcalloc(s->slots, sizeof(*s->slot));
		for (size_t i = 0; i + 1 < s->n; i++)
			*slot_of(s, s->entry[i]->id) = i + 1;
	}
	*slot_of(s, id) = s->n;
	return t;
}

/* Of what a section says, but for empty lines around it. */
static void
digest_of(const struct memory_note *note, digest ret)
{
	const char *p = note->text ? note->text : "";
	const char *end = p + note->text_len;
	struct sha256 sum;

	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	while (p < end && *p == '\n')
		p++;
	sha256_init(&sum);
	sha256_add(&sum, p, (size_t)(end - p));
	if (note->tags) {
		sha256_add(&sum, "", 1);
		sha256_add(&sum, note->tags, strlen(note->tags));
	}
	sha256_end_hex(&sum, ret);
}

__attribute__((format(printf, 2, 3)))
static void
conflict(struct syncing *s, const char *fmt, ...)
{
	AUTO_BUF struct buf what = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	s->k->conflicts++;
	s->k->say(s->k->arg, what.data);
}

/* What is known of the last time. */

static int
load_base(struct syncing *s, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(s->m->store, "select id, n, digest, before, since, "
	    "written from mirror where file = ? order by id",
	    STORE_ARGS(ARG_STR(s->f.path)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		struct entry *t = need(s, store_col_str(q, 0));
		t->base = true;
		t->n = store_col_int(q, 1);
		t->digest = xstrdup(store_col_str(q, 2));
		if (!store_col_null(q, 3))
			t->before = xstrdup(store_col_str(q, 3));
		t->since = store_col_int(q, 4);
		t->written = store_col_int(q, 5);
		if (t->since >= s->next)
			s->next = t->since + 1;
		if (t->written >= s->next)
			s->next = t->written + 1;
	}
	return r;
}

static int
on_note(void *arg, struct memory_note *note, struct err *e)
{
	struct syncing *s = arg;

	(void)e;
	need(s, note->id)->now = note->n;
	return 0;
}

/* Now both are in step; `written` when it was us who wrote the section. */
static int
keep(struct syncing *s, const struct entry *t, const digest sum,
    bool written, struct err *e)
{
	int64_t number = written ? s->next : s->f.number;

	return store_run(s->m->store, "insert or replace into mirror (file, "
	    "id, n, digest, before, since, written) values (?, ?, ?, ?, ?, ?, "
	    "?)", STORE_ARGS(ARG_STR(s->f.path), ARG_STR(t->id),
	    ARG_INT(t->now), ARG_STR(sum),
	    ARG_STR(written ? t->digest : t->before),
	    ARG_INT(t->base ? t->since : number),
	    ARG_INT(t->base && !written ? t->written : number)), e) < 0 ?
	    -1 : 0;
}

static int
forget(struct syncing *s, const struct entry *t, struct err *e)
{
	return store_run(s->m->store, "delete from mirror where file = ? and "
	    "id = ?", STORE_ARGS(ARG_STR(s->f.path), ARG_STR(t->id)), e) < 0 ?
	    -1 : 0;
}

/* Sections. */

/* A note as it is in the memory, in place of a section, or at the end. */
static int
write_note(struct syncing *s, struct entry *t,
    const struct markdown_section *in_place_of, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	digest sum;

	if (memory_get(s->m, t->id, &note, e) < 0)
		return -1;
	if (in_place_of) {
		markdown_rewrite(in_place_of, &note, &s->out);
	} else {
		if (s->out.len > 1 && s->out.data[s->out.len - 1] != '\n')
			buf_addc(&s->out, '\n');
		if (s->out.len > 1 && s->out.data[s->out.len - 2] != '\n')
			buf_addc(&s->out, '\n');
		markdown_write(&note, &s->out);
	}
	digest_of(&note, sum);
	t->seen = true;
	s->k->written++;
	return keep(s, t, sum, true, e);
}

/* Adds what a person wrote; *ret_id may be that of a note that is there. */
static int
add_note(struct syncing *s, const struct memory_note *from, const char *id,
    char **ret_id, struct err *e)
{
	struct memory_note note = *from;
	enum memory_added how;
	char fresh[ULID_LEN + 1];
	int64_t replaced = 0;

	note.id = (char *)(uintptr_t)id;
	note.author = (char *)(uintptr_t)s->k->person;
	if (memory_add(s->m, &note, &how, ret_id, e) < 0)
		return -1;
	s->k->added += how == MEMORY_ADDED;
	if (how != MEMORY_SAME || store_get_int(s->m->store, "select 1 from "
	    "supersedes where old = ?", STORE_ARGS(ARG_STR(*ret_id)),
	    &replaced, e) <= 0)
		return 0;
	/* said again, though something else has replaced it: so it is new */
	free(*ret_id);
	*ret_id = NULL;
	ulid_make(fresh);
	return add_note(s, from, fresh, ret_id, e);
}

/* A section that has no note yet. */
static int
take_new(struct syncing *s, const struct markdown_section *sec,
    const char *id, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_FREE char *got = NULL;
	struct entry *t;
	digest sum;

	if (!sec->note.text) {
		buf_add(&s->out, sec->raw, sec->len);
		return 0;
	}
	if (add_note(s, &sec->note, id, &got, e) < 0 ||
	    memory_get(s->m, got, &note, e) < 0)
		return -1;
	t = need(s, got);
	if (t->seen)		/* the same once more */
		return 0;
	t->seen = true;
	t->now = note.n;
	if (sec->titled)
		markdown_entitle(sec, got, &s->out);
	else
		markdown_write(&note, &s->out);
	digest_of(sec->titled ? &sec->note : &note, sum);
	return keep(s, t, sum, false, e);
}

static int
remove_note(struct syncing *s, const struct entry *t, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;

	if (memory_get(s->m, t->id, &note, e) < 0 ||
	    memory_remove(s->m, &note, "rm", e) < 0)
		return -1;
	s->k->removed++;
	return forget(s, t, e);
}

/* What a person made of a note that nobody else has changed. */
static int
take_edit(struct syncing *s, struct entry *t, struct memory_note *note,
    const struct markdown_section *sec, const digest sum, struct err *e)
{
	struct memory_note now = *note;
	struct err ignored;

	if (!sec->note.text)
		return remove_note(s, t, e);
	now.text = sec->note.text;
	now.text_len = sec->note.text_len;
	now.tags = sec->note.tags;
	if (memory_edit(s->m, &now, e) < 0 || store_get_int(s->m->store,
	    "select n from note where id = ?", STORE_ARGS(ARG_STR(t->id)),
	    &t->now, &ignored) < 0)
		return -1;
	s->k->changed++;
	buf_add(&s->out, sec->raw, sec->len);
	return keep(s, t, sum, false, e);
}

/* A section whose note is not shown any more: removed or replaced. */
static int
take_gone(struct syncing *s, struct entry *t, bool there, bool theirs,
    const struct markdown_section *sec, struct err *e)
{
	const char *id = sec->note.id;

	t->seen = true;
	if (t->base && forget(s, t, e) < 0)
		return -1;
	if (!theirs || !sec->note.text) {
		s->k->dropped++;
		return 0;
	}
	if (t->base)
		conflict(s, "note '%s' was %s, but has changed in '%s': what "
		    "is there was kept", id, there ? "replaced" : "removed",
		    s->f.path);
	t->base = t->seen = false;
	return take_new(s, sec, there ? NULL : id, e);
}

static int
take_both(struct syncing *s, struct entry *t,
    const struct markdown_section *sec, struct err *e)
{
	struct markdown_section own = *sec;

	conflict(s, "note '%s' has changed here and in '%s': both were kept",
	    t->id, s->f.path);
	own.titled = false;
	return write_note(s, t, sec, e) < 0 ? -1 :
	    take_new(s, &own, NULL, e);
}

static int
take_known(struct syncing *s, struct entry *t,
    const struct markdown_section *sec, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	int there = memory_get(s->m, t->id, &note, e);
	bool old = t->base && s->f.number < t->written;
	bool theirs, ours;
	digest sum, here;

	if (there < 0)
		return -1;
	digest_of(&sec->note, sum);
	digest_of(&note, here);
	theirs = !t->base || strcmp(sum, t->digest) != 0;
	if (theirs && old && t->before && strcmp(sum, t->before) == 0)
		theirs = false;		/* saved from before we wrote it */
	if (!t->now)
		return take_gone(s, t, there, theirs && strcmp(sum, here) != 0,
		    sec, e);
	t->seen = true;
	ours = !t->base || t->now != t->n || (theirs && old);
	if (strcmp(sum, here) == 0) {
		buf_add(&s->out, sec->raw, sec->len);
		return t->base && t->now == t->n && !theirs ? 0 :
		    keep(s, t, sum, false, e);
	}
	if (!theirs && !ours && strcmp(sum, t->digest) == 0) {
		/* a secret that was blanked: the file is its writer's */
		buf_add(&s->out, sec->raw, sec->len);
		return 0;
	}
	if (!theirs)
		return write_note(s, t, sec, e);
	return ours ? take_both(s, t, sec, e) :
	    take_edit(s, t, &note, sec, sum, e);
}

static int
take_section(struct syncing *s, const struct markdown_section *sec,
    struct err *e)
{
	struct entry *t = sec->note.id ? need(s, sec->note.id) : NULL;

	if (!t)
		return take_new(s, sec, NULL, e);
	if (t->seen) {		/* a section that somebody copied */
		struct markdown_section own = *sec;
		own.titled = false;
		return take_new(s, &own, NULL, e);
	}
	return take_known(s, t, sec, e);
}

static int
take_missing(struct syncing *s, struct entry *t, struct err *e)
{
	if (!t->now)
		return t->base ? forget(s, t, e) : 0;
	if (t->base && s->f.whole && t->since <= s->f.number) {
		if (t->now == t->n)
			return remove_note(s, t, e);
		conflict(s, "note '%s' was deleted in '%s', but has changed "
		    "here: it was kept", t->id, s->f.path);
	}
	return write_note(s, t, NULL, e);
}

static int
merge(struct syncing *s, struct err *e)
{
	AUTO_SECTION struct markdown_section sec = MARKDOWN_SECTION_INIT;
	struct memory_filter shown = { .notes = true };
	const char *text = s->f.text.data ? s->f.text.data : "";
	const char *end = text + s->f.text.len;
	const char *at = markdown_first(text, end);

	s->next = s->f.number + 1;
	if (load_base(s, e) < 0 || memory_each(s->m, &shown, SIZE_MAX, true,
	    on_note, s, e) < 0)
		return -1;
	if (!s->f.there)
		buf_adds(&s->out, "# Memory\n\n");
	else
		buf_add(&s->out, text, (size_t)(at - text));
	while (markdown_next(&at, end, &sec) > 0)
		if (take_section(s, &sec, e) < 0)
			return -1;
	for (size_t i = 0; i < s->n; i++)
		if (!s->entry[i]->seen && take_missing(s, s->entry[i], e) < 0)
			return -1;
	return 0;
}

/* Whether it is done; MIRROR_CHANGED: to be begun again. */
static int
sync_once(struct syncing *s, const char *path, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = s->m;
	int r;

	if (memory_begin(s->m, e) < 0 || mirror_file_read(path, &s->f, e) < 0 ||
	    merge(s, e) < 0)
		return -1;
	r = mirror_file_write(&s->f, &s->out, s->next, e);
	return r < 0 || r == MIRROR_CHANGED ? r : memory_commit(s->m, e);
}

int
mirror_sync(struct memory *m, const char *path, struct mirror *k,
    struct err *e)
{
	const struct mirror told = *k;
	const char *author = m->author;
	int r = MIRROR_CHANGED;

	m->author = k->person;
	for (int i = 0; r == MIRROR_CHANGED && i < TRIES; i++) {
		struct syncing s = { .m = m, .k = k };
		*k = told;
		r = sync_once(&s, path, e);
		release(&s);
	}
	m->author = author;
	return r == MIRROR_CHANGED ? err_set(e, ST_TEMPFAIL, "'%s' is being "
	    "written by somebody else", path) : r;
}
