/* mem-notes: adds notes, changes them, takes them away, takes it back. */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "memory-vector.h"
#include "ndjson.h"
#include "num.h"

enum {
	BATCH = 1000,			/* notes of a transaction, */
	BATCH_MS = 200			/* or for so long */
};

/* What the options say about a note that does not say it itself. */
static int
fill(const struct mem_options *o, struct memory_note *note, struct err *e)
{
	AUTO_JV jv tags = json_array();

	for (size_t i = 0; i < o->ntags; i++)
		json_append(&tags, json_from_str(o->tags[i]));
	if (!note->tags && o->ntags)
		note->tags = json_text(&tags);
	if (!note->source && o->source)
		note->source = xstrdup(o->source);
	if (!note->author && o->author)
		note->author = xstrdup(o->author);
	if (!note->time && o->time && mem_time(o->time, "--time", false,
	    &note->time, e) < 0)
		return -1;
	if (!note->expires && o->expires && mem_time(o->expires, "--expires",
	    true, &note->expires, e) < 0)
		return -1;
	return 0;
}

static int
supersede(struct memory *m, const char *id, const jv *old, struct err *e)
{
	if (json_is(old, JSON_STRING))
		return memory_supersede(m, id, json_string(old), e);
	for (size_t i = 0; i < json_count(old); i++) {
		AUTO_JV jv one = json_at(old, i);
		const char *s = json_string(&one);
		if (!s)
			return err_set(e, ST_DATA,
			    "\"supersedes\" is not a list of ids");
		if (memory_supersede(m, id, s, e) < 0)
			return -1;
	}
	return 0;
}

/* A vector that came with the note, of the model that it names. */
static int
put_vector(struct memory *m, const jv *line, const char *id, struct err *e)
{
	AUTO_JV jv list = json_get(line, "vector");
	AUTO_FREE float *v = NULL;
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	const char *model = json_str(line, "model");
	size_t n = json_count(&list);

	if (!json_is(&list, JSON_ARRAY))
		return 0;
	v = xcalloc(n + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv x = json_at(&list, i);
		double d;
		if (!json_number(&x, &d))
			return err_set(e, ST_DATA,
			    "\"vector\" is not a list of numbers");
		v[i] = (float)d;
	}
	if (memory_get(m, id, &note, e) <= 0)
		return -1;
	return vector_put(m, note.n, model ? model : "unknown", v, n, e);
}

static int
add_line(const struct mem_options *o, struct memory *m, const jv *line,
    struct buf *out, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_JV jv old = json_get(line, "supersedes");
	AUTO_FREE char *id = NULL;
	enum memory_added how;

	note.importance = o->importance;
	if (memory_note_parse(line, &note, e) < 0 || fill(o, &note, e) < 0 ||
	    memory_add(m, &note, &how, &id, e) < 0 ||
	    supersede(m, id, &old, e) < 0 || put_vector(m, line, id, e) < 0)
		return -1;
	if (o->format == MEM_NDJSON) {
		buf_adds(out, "{\"id\":");
		json_quote(id, strlen(id), out);
		buf_addf(out, ",\"status\":\"%s\"}\n",
		    memory_added_name(how));
	}
	return 0;
}

struct stream {
	const struct mem_options *o;
	struct memory *m;
	struct ndjson_reader in;
	struct ndjson_line line;
	struct buf out;		/* told after the commit only */
	int64_t count;
	int status;
};

static int
take_line(struct stream *s, enum ndjson_result got, struct err *e)
{
	const char *type = NULL;

	if (got == NDJSON_LINE)
		type = json_str(&s->line.value, "specversion");
	if (type)		/* the end of a pipe of records is no note */
		return 0;
	if (got == NDJSON_LINE && add_line(s->o, s->m, &s->line.value,
	    &s->out, e) < 0) {
		if (e->status != ST_DATA)
			return -1;
		err_prefix(e, "line %lu", s->line.number);
		got = NDJSON_BAD;
	}
	if (got == NDJSON_BAD)
		s->status = err_report(e);
	else
		s->count++;
	return 0;
}

/*
 * Lines until the batch is full, the time is up or nothing more is there
 * now: then it is committed, so that a slow writer's notes do not wait, and
 * others get their turn.  What is told is on the disk.
 */
static enum ndjson_result
add_batch(struct stream *s, enum ndjson_result got, struct err *e)
{
	struct deadline until = deadline_in(BATCH_MS * CLOCK_MS);

	for (int n = 1; got != NDJSON_EOF && got != NDJSON_FAIL; n++) {
		if (take_line(s, got, e) < 0)
			return NDJSON_FAIL;
		if (n == BATCH || deadline_passed(until) ||
		    !ndjson_pending(&s->in))
			break;
		got = ndjson_next(&s->in, &s->line, e);
	}
	return got;
}

/* The first line of a batch is awaited outside of the transaction. */
static int
add_stream(struct stream *s, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = s->m;
	enum ndjson_result got;

	s->m->bulk = true;
	while ((got = ndjson_next(&s->in, &s->line, e)) != NDJSON_EOF) {
		if (got == NDJSON_FAIL || memory_begin(s->m, e) < 0 ||
		    add_batch(s, got, e) == NDJSON_FAIL ||
		    memory_commit(s->m, e) < 0 ||
		    mem_flush(&s->out, true, e) < 0)
			return -1;
	}
	s->m->bulk = false;
	return mem_settle(s->m, s->count, e);
}

static int
add_ndjson(const struct mem_options *o, struct memory *m, int fd,
    const char *command, struct err *e)
{
	struct stream s = { .o = o, .m = m, .line = NDJSON_LINE_INIT };
	int r;

	ndjson_init(&s.in, fd, NDJSON_LINE_MAX);
	r = add_stream(&s, e);
	ndjson_line_release(&s.line);
	ndjson_release(&s.in);
	buf_release(&s.out);
	if (r == 0 && o->format == MEM_NDJSON)
		r = mem_result(command, s.count, e);
	return r < 0 ? -1 : s.status;
}

int
mem_add_lines(const struct mem_options *o, struct memory *m, int fd,
    const char *command, struct err *e)
{
	return add_ndjson(o, m, fd, command, e);
}

/* Ids that a person types are checked: a slip would link to nothing. */
static int
link_old(const struct mem_options *o, struct memory *m, const char *id,
    struct err *e)
{
	for (size_t i = 0; i < o->nsupersedes; i++) {
		AUTO_NOTE struct memory_note old = MEMORY_NOTE_INIT;
		if (memory_need(m, o->supersedes[i], &old, e) < 0 ||
		    memory_supersede(m, id, old.id, e) < 0)
			return -1;
	}
	return 0;
}

static int
add_text(const struct mem_options *o, struct memory *m, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	AUTO_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_JV jv line = json_object();
	AUTO_FREE char *id = NULL;
	enum memory_added how;

	if (mem_text(o, 0, MEMORY_TEXT_MAX, &text, e) < 0)
		return -1;
	/* by way of JSON, which mends what is no UTF-8 */
	json_set(&line, "text", json_from_bytes(text.data, text.len));
	json_set_str(&line, "id", o->id);
	note.importance = o->importance;
	if (memory_note_parse(&line, &note, e) < 0 || fill(o, &note, e) < 0 ||
	    memory_begin(m, e) < 0 ||
	    memory_add(m, &note, &how, &id, e) < 0 ||
	    link_old(o, m, id, e) < 0 || memory_commit(m, e) < 0)
		return -1;
	if (m->blanked)
		err_warn("%zu secret%s blanked; --allow-secrets keeps them",
		    m->blanked, m->blanked == 1 ? "" : "s");
	buf_addf(&out, "%s\n", id);
	return mem_flush(&out, true, e);
}

int
mem_add(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;

	if (mem_open(o, o->format == MEM_NDJSON ? MEMORY_LAZY : 0, &m, e) < 0)
		return -1;
	if (o->files)
		return mem_add_files(o, &m, e);
	if (o->format == MEM_NDJSON && o->noperands == 0)
		return add_ndjson(o, &m, STDIN_FILENO, "add", e);
	return add_text(o, &m, e);
}

/* For each operand, in one transaction. */
static int
for_each(const struct mem_options *o, size_t n, int (*fn)(struct memory *m,
    struct memory_note *note, const struct mem_options *o, struct err *e),
    struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct memory *tx AUTO_MEMORY_ROLLBACK = &m;

	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0 ||
	    memory_begin(&m, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		if (memory_need(&m, o->operand[i], &note, e) < 0 ||
		    fn(&m, &note, o, e) < 0)
			return -1;
	}
	return memory_commit(&m, e);
}

static int
remove_one(struct memory *m, struct memory_note *note,
    const struct mem_options *o, struct err *e)
{
	(void)o;
	return memory_remove(m, note, "rm", e);
}

int
mem_rm(const struct mem_options *o, struct err *e)
{
	if (o->path)
		return mem_rm_document(o, e);
	if (o->noperands == 0)
		cli_usage(&mem_cli, "'rm' needs an id, or --path");
	return for_each(o, o->noperands, remove_one, e);
}

static bool
has_tag(const jv *tags, const char *tag, size_t *ret_at)
{
	for (size_t i = 0; i < json_count(tags); i++) {
		AUTO_JV jv one = json_at(tags, i);
		if (strcmp(json_string(&one), tag) == 0) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

/* Operands from the second on: TAG adds, -TAG takes away. */
static int
tag_one(struct memory *m, struct memory_note *note,
    const struct mem_options *o, struct err *e)
{
	AUTO_JV jv tags = json_array();

	if (note->tags) {
		json_release(&tags);
		if (json_parse(note->tags, strlen(note->tags), &tags, e) < 0)
			return -1;
	}
	for (size_t i = 1; i < o->noperands; i++) {
		const char *tag = o->operand[i];
		bool off = tag[0] == '-' && tag[1];
		AUTO_JV jv rest = json_array();
		size_t at = 0;
		if (!has_tag(&tags, tag + off, &at)) {
			if (!off)
				json_append(&tags, json_from_str(tag));
			continue;
		}
		for (size_t k = 0; off && k < json_count(&tags); k++)
			if (k != at)
				json_append(&rest, json_at(&tags, k));
		if (off) {
			json_release(&tags);
			tags = json_copy(&rest);
		}
	}
	free(note->tags);
	note->tags = json_count(&tags) ? json_text(&tags) : NULL;
	return memory_change(m, note, "tag", e);
}

int
mem_tag(const struct mem_options *o, struct err *e)
{
	return for_each(o, 1, tag_one, e);
}

int
mem_undo(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct memory *tx AUTO_MEMORY_ROLLBACK = &m;
	AUTO_FREE char *what = NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	int64_t change = 0;
	int r;

	if (o->noperands && num_parse_int(o->operand[0], 1, INT64_MAX,
	    &change) < 0)
		cli_usage(&mem_cli, "'%s' is no number of a change",
		    o->operand[0]);
	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0 ||
	    memory_begin(&m, e) < 0)
		return -1;
	r = memory_undo(&m, change, &what, e);
	if (r < 0 || memory_commit(&m, e) < 0)
		return -1;
	if (r == 0)
		return err_set(e, ST_NO, change ? "no such change, or undone "
		    "already" : "nothing to undo");
	buf_addf(&out, "undone: %s\n", what);
	return mem_flush(&out, true, e);
}

int
mem_history(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	int r;

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0 ||
	    store_query(m.store, "select json_object('change', change, "
	    "'time', time, 'author', author, 'op', op, 'what', what, 'undone', "
	    "json(iif(undone, 'true', 'false')), 'before', before), "
	    "printf('%6d  %s  %-8s %s%s', change, substr(time, 1, 19), op, "
	    "coalesce(what, ''), iif(undone, '  (undone)', '')) "
	    "from history order by change desc limit ?",
	    STORE_ARGS(ARG_INT(o->limit > 0 ? o->limit : 1000)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		buf_addf(&out, "%s\n", store_col_str(q, mem_ndjson(o) ? 0 :
		    1));
		if (mem_flush(&out, false, e) < 0)
			return -1;
	}
	return r < 0 ? -1 : mem_flush(&out, true, e);
}
