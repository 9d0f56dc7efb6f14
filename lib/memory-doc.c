/* memory-doc: documents: files, cut into parts that are notes. */
#include "config.h"

#include "memory-doc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alloc.h"
#include "chunk.h"
#include "path.h"
#include "secret.h"
#include "sha256.h"
#include "utf8.h"

enum {
	BATCH = 2048,		/* parts of a transaction */
	WINDOW = 4 << 20	/* of a file, that is in memory at once */
};

/* A file; what was read of it is let go of, for it may be large. */
struct mapped {
	const char *text;
	size_t len;
	size_t gone;		/* of its start; a multiple of WINDOW */
};

/* How often a text has come in this document. */
struct repeat {
	uint64_t key;
	int n;
};

struct adding {
	struct memory *m;
	const struct doc_options *o;
	const char *path;
	struct mapped *f;
	int64_t doc, time;
	int64_t last;		/* the newest row from before */
	size_t parts;
	struct repeat *repeat;	/* a table of nrepeats places, or none */
	size_t nrepeats, used;
};

/* It is read no more before `at`; if it is, it comes back. */
static void
let_go(struct mapped *f, size_t at)
{
	size_t n = at / WINDOW * WINDOW;

	if (n <= f->gone)
		return;
	(void)madvise((void *)(uintptr_t)(f->text + f->gone), n - f->gone,
	    MADV_DONTNEED);
	f->gone = n;
}

static void
digest_of(struct mapped *f, char out[SHA256_HEX_LEN + 1])
{
	struct sha256 s;

	sha256_init(&s);
	for (size_t at = 0; at < f->len; at += WINDOW) {
		let_go(f, at);
		sha256_add(&s, f->text + at,
		    f->len - at < WINDOW ? f->len - at : WINDOW);
	}
	sha256_end_hex(&s, out);
	f->gone = 0;
}

/* U+FFFD for what is no UTF-8, a space for NUL. */
static void
clean(const char *p, size_t len, struct buf *out)
{
	size_t from = 0, i = 0;

	while (i < len) {
		uint32_t c;
		size_t n = utf8_decode(p + i, len - i, &c);
		if (n == 0 || p[i] == '\0') {
			buf_add(out, p + from, i - from);
			buf_adds(out, n ? " " : "\xEF\xBF\xBD");
			from = i + 1;
			n = 1;
		}
		i += n;
	}
	buf_add(out, p + from, len - from);
}

static struct repeat *
repeat_of(struct adding *a, uint64_t key)
{
	size_t at = key & (a->nrepeats - 1);

	while (a->repeat[at].n && a->repeat[at].key != key)
		at = (at + 1) & (a->nrepeats - 1);
	return &a->repeat[at];
}

static int
count_repeat(struct adding *a, uint64_t key)
{
	struct repeat *r;

	if (2 * a->used >= a->nrepeats) {
		struct adding old = *a;
		a->nrepeats = a->nrepeats ? 2 * a->nrepeats : 256;
		a->repeat = xcalloc(a->nrepeats, sizeof(*a->repeat));
		for (size_t i = 0; i < old.nrepeats; i++)
			if (old.repeat[i].n)
				*repeat_of(a, old.repeat[i].key) =
				    old.repeat[i];
		free(old.repeat);
	}
	r = repeat_of(a, key);
	a->used += r->n == 0;
	r->key = key;
	return r->n++;
}

/*
 * An id that the same text in the same file gets again, when the file has
 * changed elsewhere; a second one of the same text is numbered.
 */
static void
part_id(struct adding *a, const struct buf *text, char out[32])
{
	struct sha256 s;
	unsigned char digest[SHA256_LEN];
	uint64_t key;
	int n;

	sha256_init(&s);
	sha256_add(&s, a->path, strlen(a->path) + 1);
	sha256_add(&s, text->data, text->len);
	sha256_end(&s, digest);
	memcpy(&key, digest, sizeof(key));
	n = snprintf(out, 32, "doc-");
	for (int i = 0; i < 10; i++)
		n += snprintf(out + n, 32 - (size_t)n, "%02x", digest[i]);
	key = (uint64_t)count_repeat(a, key);
	if (key > 0)
		snprintf(out + n, 32 - (size_t)n, "-%u", (unsigned)key);
}

/* A part that was there stays, perhaps on another line. */
static int
keep_part(struct adding *a, int64_t n, const struct chunk_part *part,
    struct err *e)
{
	if (store_run(a->m->store, "update note set line = ?, last_line = ? "
	    "where n = ?", STORE_ARGS(ARG_INT(part->line),
	    ARG_INT(part->last_line), ARG_INT(n)), e) < 0)
		return -1;
	return store_run(a->m->store, "insert or ignore into doc_kept "
	    "values (?)", STORE_ARGS(ARG_INT(n)), e) < 0 ? -1 : 0;
}

static int
put_part(struct adding *a, struct buf *text, const struct chunk_part *part,
    struct err *e)
{
	struct memory_note note = MEMORY_NOTE_INIT;
	enum memory_added how;
	AUTO_FREE char *id = NULL;
	char name[32];
	int64_t n = 0;
	int r;

	part_id(a, text, name);
	r = store_get_int(a->m->store, "select n from note where id = ?",
	    STORE_ARGS(ARG_STR(name)), &n, e);
	if (r != 0)
		return r < 0 ? -1 : keep_part(a, n, part, e);
	note.id = name;
	note.text = text->data;
	note.text_len = text->len;
	note.doc = a->doc;
	note.line = part->line;
	note.last_line = part->last_line;
	note.time = a->time;
	note.tags = xstrdup(a->o->tags ? a->o->tags : "");
	if (!*note.tags) {
		free(note.tags);
		note.tags = NULL;
	}
	note.source = a->o->source ? xstrdup(a->o->source) : NULL;
	r = memory_add(a->m, &note, &how, &id, e);
	free(note.tags);
	free(note.source);
	return r;
}

static int
on_part(void *arg, const struct chunk_part *part, struct err *e)
{
	struct adding *a = arg;
	AUTO_BUF struct buf raw = BUF_INIT, text = BUF_INIT;

	let_go(a->f, (size_t)(part->text - a->f->text));
	clean(part->text, part->len, &raw);
	while (raw.len > 0 && strchr("\r\n", raw.data[raw.len - 1]))
		buf_truncate(&raw, raw.len - 1);
	/* blanked here, so that the id is that of what is kept */
	if (a->m->allow_secrets)
		buf_add(&text, raw.data, raw.len);
	else
		a->m->blanked += secret_blank(raw.data, raw.len, &text);
	if (put_part(a, &text, part, e) < 0)
		return -1;
	if (++a->parts % BATCH != 0)
		return 0;
	if (memory_commit(a->m, e) < 0 || memory_begin(a->m, e) < 0)
		return -1;
	return 0;
}

/* The document's row; its parts of the time before are in `last`. */
static int
begin_doc(struct adding *a, const struct stat *sb, struct err *e)
{
	int64_t mtime = (int64_t)sb->st_mtim.tv_sec * 1000 +
	    sb->st_mtim.tv_nsec / 1000000;

	a->time = mtime;
	if (store_script(a->m->store, "create temp table if not exists "
	    "doc_kept (n integer primary key); delete from doc_kept", e) < 0 ||
	    store_get_int(a->m->store, "select max(n) from note", NULL,
	    &a->last, e) < 0)
		return -1;
	/* no digest until all of it is there */
	if (store_run(a->m->store, "insert into doc (path, digest, size, "
	    "mtime, checked) values (?1, '', 0, 0, ?2) on conflict (path) do "
	    "update set digest = '', size = 0, mtime = 0", STORE_ARGS(
	    ARG_STR(a->path), ARG_INT(memory_now())), e) < 0)
		return -1;
	return store_get_int(a->m->store, "select id from doc where path = ?",
	    STORE_ARGS(ARG_STR(a->path)), &a->doc, e) < 0 ? -1 : 0;
}

/* Parts from before that are no longer there. */
static int
drop_parts(struct memory *m, int64_t doc, int64_t last, const char *op,
    struct err *e)
{
	for (;;) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		int64_t n = 0;
		int r = store_get_int(m->store, "select n from note where "
		    "doc = ? and n <= ? and n not in (select n from "
		    "doc_kept) limit 1", STORE_ARGS(ARG_INT(doc),
		    ARG_INT(last)), &n, e);
		if (r <= 0)
			return r;
		if (memory_get_row(m, n, &note, e) < 0 ||
		    memory_remove(m, &note, op, e) < 0)
			return -1;
	}
}

static int
end_doc(struct adding *a, const struct stat *sb, const char *digest,
    struct err *e)
{
	if (drop_parts(a->m, a->doc, a->last, "update", e) < 0)
		return -1;
	return store_run(a->m->store, "update doc set digest = ?, size = ?, "
	    "mtime = ?, checked = ? where id = ?", STORE_ARGS(
	    ARG_STR(digest), ARG_INT((int64_t)sb->st_size),
	    ARG_INT(a->time), ARG_INT(memory_now()), ARG_INT(a->doc)),
	    e) < 0 ? -1 : 0;
}

static void
unmap(struct mapped *f)
{
	if (f->text && f->len)
		munmap((void *)(uintptr_t)f->text, f->len);
}

/* Whether the file has the digest that is known; then only its time is new. */
static int
same_digest(struct memory *m, const char *path, const char *digest,
    const struct stat *sb, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	int64_t id = 0;
	int r = store_get_int(m->store, "select id from doc where path = ? "
	    "and digest = ?", STORE_ARGS(ARG_STR(path), ARG_STR(digest)), &id,
	    e);

	if (r <= 0)
		return r;
	if (memory_begin(m, e) < 0 || store_run(m->store, "update doc set "
	    "mtime = ? where id = ?", STORE_ARGS(ARG_INT(
	    (int64_t)sb->st_mtim.tv_sec * 1000 +
	    sb->st_mtim.tv_nsec / 1000000), ARG_INT(id)), e) < 0 ||
	    memory_commit(m, e) < 0)
		return -1;
	return 1;
}

static int
add_text(struct memory *m, const char *path, struct mapped *f,
    const struct stat *sb, const struct doc_options *o,
    enum doc_result *ret, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	struct adding a = { .m = m, .o = o, .path = path, .f = f };
	char digest[SHA256_HEX_LEN + 1];
	int64_t known = 0;
	int r;

	digest_of(f, digest);
	r = same_digest(m, path, digest, sb, e);
	*ret = DOC_UNCHANGED;
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (memory_begin(m, e) < 0 || store_get_int(m->store,
	    "select 1 from doc where path = ?", STORE_ARGS(ARG_STR(path)),
	    &known, e) < 0 || begin_doc(&a, sb, e) < 0)
		return -1;
	if (o->whole && f->len) {
		struct chunk_part all = { f->text, f->len, 1, 1 };
		r = on_part(&a, &all, e);
	} else if (f->len) {
		r = chunk_document(path, f->text, f->len, on_part, &a, e);
	}
	free(a.repeat);
	if (r < 0 || end_doc(&a, sb, digest, e) < 0 ||
	    memory_commit(m, e) < 0)
		return -1;
	*ret = known ? DOC_CHANGED : DOC_ADDED;
	return 0;
}

static int
add_file(struct memory *m, const char *path, const struct stat *sb,
    const struct doc_options *o, enum doc_result *ret, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
	struct mapped f = { .len = (size_t)sb->st_size };
	int r = 0;

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (f.len > 0) {
		void *p = mmap(NULL, f.len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return err_sys(e, ST_IO, "cannot read '%s'", path);
		f.text = p;
	}
	*ret = DOC_SKIPPED;
	if (!f.len || !chunk_is_binary(f.text, f.len))
		r = add_text(m, path, &f, sb, o, ret, e);
	unmap(&f);
	return r;
}

int
doc_add(struct memory *m, const char *path, const struct doc_options *o,
    enum doc_result *ret, struct err *e)
{
	struct stat sb;
	int64_t seen = 0;

	if (stat(path, &sb) < 0) {
		int64_t gone;
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(e, ST_NOINPUT, "cannot read '%s'",
			    path);
		gone = doc_remove(m, path, e);
		if (gone == 0)
			return err_set(e, ST_NOINPUT, "no file '%s'", path);
		*ret = DOC_GONE;
		return gone < 0 ? -1 : 0;
	}
	*ret = DOC_SKIPPED;
	if (!S_ISREG(sb.st_mode))
		return 0;
	if (store_get_int(m->store, "select 1 from doc where path = ? and "
	    "size = ? and mtime = ?", STORE_ARGS(ARG_STR(path),
	    ARG_INT((int64_t)sb.st_size), ARG_INT(
	    (int64_t)sb.st_mtim.tv_sec * 1000 +
	    sb.st_mtim.tv_nsec / 1000000)), &seen, e) < 0)
		return -1;
	*ret = DOC_UNCHANGED;
	return seen ? 0 : add_file(m, path, &sb, o, ret, e);
}

static int
remove_one(struct memory *m, int64_t id, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;

	if (memory_begin(m, e) < 0 || store_script(m->store,
	    "create temp table if not exists doc_kept (n integer primary key);"
	    "delete from doc_kept", e) < 0 ||
	    drop_parts(m, id, INT64_MAX, "gone", e) < 0 ||
	    store_run(m->store, "delete from doc where id = ?",
	    STORE_ARGS(ARG_INT(id)), e) < 0)
		return -1;
	return memory_commit(m, e);
}

struct row {
	int64_t id;
	char *path;
};

/* All documents at a path or below it; "" for all. */
static int
documents(struct memory *m, const char *path, struct row **ret, size_t *ret_n,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	size_t cap = 0;
	int r;

	if (store_query(m->store, "select id, path from doc where path = ?1 or "
	    "substr(path, 1, length(?1) + 1) = ?1 || '/'",
	    STORE_ARGS(ARG_STR(path)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		GROW(*ret, *ret_n, cap);
		(*ret)[(*ret_n)++] = (struct row){ store_col_int(q, 0),
			xstrdup(store_col_str(q, 1)) };
	}
	return r;
}

static bool
has_gone(const char *path, bool all)
{
	AUTO_FREE char *dir = path_dirname(path);
	struct stat sb;

	if (lstat(path, &sb) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return false;
	return all || path_is_dir(dir);
}

static int64_t
remove_if(struct memory *m, const char *path, bool must_be_gone, bool all,
    struct err *e)
{
	struct row *rows = NULL;
	size_t n = 0;
	int64_t count = documents(m, path, &rows, &n, e);

	for (size_t i = 0; i < n; i++) {
		if (count >= 0 && (!must_be_gone ||
		    has_gone(rows[i].path, all)))
			count = remove_one(m, rows[i].id, e) < 0 ? -1 :
			    count + 1;
		free(rows[i].path);
	}
	free(rows);
	return count;
}

int64_t
doc_remove(struct memory *m, const char *path, struct err *e)
{
	return remove_if(m, path, false, false, e);
}

int64_t
doc_sweep(struct memory *m, bool all, struct err *e)
{
	return remove_if(m, "", true, all, e);
}
