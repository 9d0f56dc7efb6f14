/* mem-io: notes out, and in again, here or from other programs. */
#include "config.h"

#include "mem.h"

#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "memory-markdown.h"

enum { MARKDOWN_MAX = 256 << 20 };

struct exporting {
	const struct mem_options *o;
	struct memory *m;
	struct buf out;
	int64_t n;
};

static int
export_one(void *arg, struct memory_note *note, struct err *e)
{
	struct exporting *x = arg;

	x->n++;
	if (x->o->format == MEM_MARKDOWN) {
		markdown_write(note, &x->out);
	} else {
		memory_note_write(x->m, note, &x->out);
		buf_adds(&x->out, "}\n");
	}
	return mem_flush(&x->out, false, e);
}

/* All of it, the replaced and the expired too: what is imported is the same. */
int
mem_export(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct exporting x = { .o = o, .m = &m };
	struct memory_filter f;
	int r = -1;

	if (mem_filter(o, &f, e) == 0 &&
	    mem_open(o, MEMORY_READONLY, &m, e) == 0) {
		f.superseded = f.expired = o->format != MEM_MARKDOWN;
		f.notes = !f.documents;
		r = memory_each(&m, &f, SIZE_MAX, true, export_one, &x, e);
	}
	if (r == 0)
		r = mem_flush(&x.out, true, e);
	buf_release(&x.out);
	if (r == 0 && o->format == MEM_NDJSON)
		r = mem_result("export", x.n, e);
	return r;
}

struct importing {
	const struct mem_options *o;
	struct memory *m;
	int64_t n;
};

static int
import_one(void *arg, struct memory_note *note, struct err *e)
{
	struct importing *k = arg;
	AUTO_FREE char *id = NULL;
	enum memory_added how;

	k->n++;
	if (!note->source && k->o->source)
		note->source = xstrdup(k->o->source);
	return memory_add(k->m, note, &how, &id, e);
}

static int
import_markdown(const struct mem_options *o, struct memory *m, int fd,
    struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	struct importing k = { .o = o, .m = m };
	AUTO_BUF struct buf text = BUF_INIT;

	if (fd_read_all(fd, MARKDOWN_MAX, DEADLINE_NEVER, &text, e) < 0 ||
	    memory_begin(m, e) < 0 ||
	    markdown_read(text.data ? text.data : "", text.len, import_one,
	    &k, e) < 0 || memory_commit(m, e) < 0)
		return -1;
	return 0;
}

/* What llm(1) keeps: texts with their embeddings, and its conversations. */
static const struct {
	const char *table, *sql;
} llm[] = {
	{ "embeddings", "select 'llm-' || c.name || '-' || e.id, e.content, "
	    "json_array(c.name), e.updated, null from llm.embeddings e join "
	    "llm.collections c on c.id = e.collection_id where e.content is "
	    "not null" },
	{ "responses", "select 'llm-' || id, coalesce(prompt, '') || "
	    "char(10, 10) || coalesce(response, ''), json_array('llm'), "
	    "cast(strftime('%s', datetime_utc) as integer), model from "
	    "llm.responses" }
};

static int
import_rows(struct importing *k, const char *sql, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(k->m->store, sql, NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		AUTO_JV jv o = json_object();
		size_t len;
		const char *text = store_col_bytes(q, 1, &len);
		json_set(&o, "text", json_from_bytes(text, len));
		json_set_str(&o, "id", store_col_str(q, 0));
		json_set_str(&o, "author", store_col_str(q, 4));
		if (memory_note_parse(&o, &note, e) < 0) {
			err_warn("%s, skipping it", e->text);
			continue;
		}
		note.tags = xstrdup(store_col_str(q, 2));
		note.time = store_col_int(q, 3) * 1000;
		if (import_one(k, &note, e) < 0)
			return -1;
	}
	return r;
}

static int
import_llm(const struct mem_options *o, struct memory *m, const char *path,
    struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	struct importing k = { .o = o, .m = m };
	bool any = false;

	if (store_run(m->store, "attach database ? as llm",
	    STORE_ARGS(ARG_STR(path)), e) < 0 || memory_begin(m, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(llm) / sizeof(*llm); i++) {
		int64_t there = 0;
		if (store_get_int(m->store, "select 1 from llm.sqlite_schema "
		    "where name = ?", STORE_ARGS(ARG_STR(llm[i].table)),
		    &there, e) < 0)
			return -1;
		if (there && import_rows(&k, llm[i].sql, e) < 0)
			return -1;
		any |= there != 0;
	}
	if (!any)
		return err_set(e, ST_DATA, "'%s' is a database, but neither "
		    "llm's embeddings nor its logs", path);
	return memory_commit(m, e);
}

static bool
is_database(int fd)
{
	char head[16];

	return pread(fd, head, sizeof(head), 0) == sizeof(head) &&
	    memcmp(head, "SQLite format 3", sizeof(head)) == 0;
}

int
mem_import(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	const char *path = o->noperands ? o->operand[0] : "-";
	bool from_stdin = strcmp(path, "-") == 0;
	AUTO_FD int own = -1;
	int fd = STDIN_FILENO;

	if (!from_stdin) {
		fd = own = open(path, O_RDONLY | O_CLOEXEC);
		if (own < 0)
			return err_sys(e, ST_NOINPUT, "cannot open '%s'",
			    path);
	}
	if (mem_open(o, MEMORY_LAZY, &m, e) < 0)
		return -1;
	if (o->format == MEM_MARKDOWN)
		return import_markdown(o, &m, fd, e);
	if (!from_stdin && is_database(fd))
		return import_llm(o, &m, path, e);
	return mem_add_lines(o, &m, fd, "import", e);
}
