/*
 * memory-file: files below /memories, kept as notes.
 *
 * The words of the answers are those of the tool that models know
 * (memory_20250818); changing them makes models worse at it.
 */
#include "config.h"

#include "memory-tool.h"

#include "alloc.h"

#define ROOT "/memories"
#define SHARED ROOT "/shared"
#define NO_PATH "The path %s does not exist. Please provide a valid path."

enum { FILE_TEXT_MAX = 4 << 20, LEVELS = 2 };

struct call {
	struct memory_set *set;
	struct memory *m;	/* the one that the path is in */
	const jv *arguments;
	struct buf *out;
	struct buf path;	/* without a slash at its end */
};

/* Below the root, without "..", "." and empty names. */
static int
check_path(const char *path, struct buf *out, struct err *e)
{
	size_t root = strlen(ROOT);

	if (!path)
		return err_set(e, ST_NO, "\"path\" is missing");
	if (strncmp(path, ROOT, root) != 0 ||
	    (path[root] && path[root] != '/') ||
	    strlen(path) > MEMORY_ID_MAX - 2)
		return err_set(e, ST_NO,
		    "Path must start with /memories, got: %s", path);
	buf_reset(out);
	for (const char *p = path; *p; ) {
		size_t n = strcspn(++p, "/");
		if (n == 0) {
			p += n;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)p[i] < ' ' || p[i] == 0x7F)
				n = 0;
		if (n == 0 || (n == 1 && *p == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return err_set(e, ST_NO, "Path %s would escape "
			    "/memories directory", path);
		buf_addc(out, '/');
		buf_add(out, p, n);
		p += n;
	}
	return 0;
}

static int
need_file(struct call *c, struct memory_note *ret, struct err *e)
{
	int r = memory_get(c->m, c->path.data, ret, e);

	return r > 0 ? 0 : r < 0 ? -1 : err_set(e, ST_NO, NO_PATH,
	    c->path.data);
}

static int
put_file(struct call *c, const char *path, const char *text, size_t len,
    struct err *e)
{
	struct memory_note note = MEMORY_NOTE_INIT;
	enum memory_added how;
	AUTO_FREE char *id = NULL;
	int r;

	if (len > FILE_TEXT_MAX)
		return err_set(e, ST_NO, "The file would be longer than "
		    "%d MiB", FILE_TEXT_MAX >> 20);
	note.id = xstrdup(path);
	note.text = xstrndup(text, len);
	note.text_len = len;
	note.source = xstrdup("memory-file");
	r = memory_add(c->m, &note, &how, &id, e);
	memory_note_release(&note);
	return r;
}

static int
view_file(struct call *c, const struct memory_note *note, struct err *e)
{
	AUTO_JV jv range = json_get(c->arguments, "view_range");
	AUTO_JV jv a = json_at(&range, 0), b = json_at(&range, 1);
	const char *p = note->text, *end = p + note->text_len;
	double first = 1, last = -1;

	(void)e;
	json_number(&a, &first);
	json_number(&b, &last);
	buf_addf(c->out, "Here's the content of %s with line numbers:\n",
	    c->path.data);
	for (long n = 1; p <= end; n++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;
		if ((double)n >= first && (last < 0 || (double)n <= last))
			buf_addf(c->out, "%6ld\t%.*s\n", n, (int)(stop - p),
			    p);
		if (!nl || nl + 1 == end)
			break;
		p = nl + 1;
	}
	return 0;
}

/* The files of one memory below the path: how many. */
static int
list_files(struct call *c, struct memory *m, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_FREE char *from = xasprintf("%s/", c->path.data);
	AUTO_FREE char *to = xasprintf("%s0", c->path.data);	/* '/' + 1 */
	int count = 0, r;

	if (store_query(m->store, "select id, length(cast(text as blob)) "
	    "from note where id >= ? and id < ? order by id",
	    STORE_ARGS(ARG_STR(from), ARG_STR(to)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		const char *id = store_col_str(q, 0);
		const char *below = id + strlen(from);
		int depth = 0;
		for (const char *p = below; *p; p++)
			depth += *p == '/';
		count++;
		if (depth < LEVELS && *below != '.')
			buf_addf(c->out, "%lld\t%s\n",
			    (long long)store_col_int(q, 1), id);
	}
	return r < 0 ? -1 : count;
}

static int
view(struct call *c, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	bool root = strcmp(c->path.data, ROOT) == 0;
	int count, r = memory_get(c->m, c->path.data, &note, e);

	if (r != 0)
		return r < 0 ? -1 : view_file(c, &note, e);
	buf_addf(c->out, "Here're the files and directories up to %d levels "
	    "deep in %s, excluding hidden items:\n", LEVELS, c->path.data);
	count = list_files(c, c->m, e);
	for (size_t i = 0; root && i < c->set->n; i++)
		if (c->set->v[i].name)
			buf_addf(c->out, "0\t" SHARED "/%s/\n",
			    c->set->v[i].name);
	return count < 0 ? -1 : count > 0 || root || c->m->name ? 0 :
	    err_set(e, ST_NO, NO_PATH, c->path.data);
}

static int
create(struct call *c, struct err *e)
{
	AUTO_JV jv text = json_get(c->arguments, "file_text");
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	const char *s = json_string(&text);
	int r = memory_get(c->m, c->path.data, &note, e);

	if (r < 0)
		return -1;
	if (r > 0 || strcmp(c->path.data, ROOT) == 0)
		return err_set(e, ST_NO, "File %s already exists",
		    c->path.data);
	if (put_file(c, c->path.data, s ? s : "", s ? json_string_len(&text) :
	    0, e) < 0)
		return -1;
	buf_addf(c->out, "File created successfully at: %s\n", c->path.data);
	return 0;
}

/* The lines on which a text stands, "3, 9"; how often. */
static size_t
find_lines(const char *text, const char *what, struct buf *lines)
{
	size_t n = 0, line = 1;
	const char *at = text, *hit;

	while ((hit = strstr(at, what))) {
		for (; at < hit; at++)
			line += *at == '\n';
		buf_addf(lines, "%s%zu", n++ ? ", " : "", line);
		line += *at++ == '\n';
	}
	return n;
}

static int
str_replace(struct call *c, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	const char *old = json_str(c->arguments, "old_str");
	const char *new = json_str(c->arguments, "new_str");
	AUTO_BUF struct buf lines = BUF_INIT, text = BUF_INIT;
	const char *at;
	size_t n;

	if (need_file(c, &note, e) < 0)
		return -1;
	if (!old || !*old)
		return err_set(e, ST_NO, "\"old_str\" is missing");
	n = find_lines(note.text, old, &lines);
	if (n == 0)
		return err_set(e, ST_NO, "No replacement was performed, "
		    "old_str `%s` did not appear verbatim in %s.", old,
		    c->path.data);
	if (n > 1)
		return err_set(e, ST_NO, "No replacement was performed. "
		    "Multiple occurrences of old_str `%s` in lines: %s. "
		    "Please ensure it is unique", old, lines.data);
	at = strstr(note.text, old);
	buf_add(&text, note.text, (size_t)(at - note.text));
	buf_adds(&text, new ? new : "");
	buf_adds(&text, at + strlen(old));
	if (put_file(c, c->path.data, text.data, text.len, e) < 0)
		return -1;
	buf_addf(c->out, "The file %s has been edited.\n", c->path.data);
	return 0;
}

static int
insert(struct call *c, struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	const char *new = json_str(c->arguments, "insert_text");
	AUTO_BUF struct buf text = BUF_INIT;
	int64_t line = -1, lines = 0;
	const char *at;

	if (need_file(c, &note, e) < 0)
		return -1;
	for (size_t i = 0; i < note.text_len; i++)
		lines += note.text[i] == '\n';
	lines += note.text_len > 0 && note.text[note.text_len - 1] != '\n';
	json_int(c->arguments, "insert_line", &line);
	if (!new)
		return err_set(e, ST_NO, "\"insert_text\" is missing");
	if (line < 0 || line > lines)
		return err_set(e, ST_NO, "Invalid `insert_line` parameter: "
		    "%lld. It should be within the range [0, %lld].",
		    (long long)line, (long long)lines);
	for (at = note.text; line > 0; line--) {
		const char *nl = strchr(at, '\n');
		at = nl ? nl + 1 : note.text + note.text_len;
	}
	buf_add(&text, note.text, (size_t)(at - note.text));
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		buf_addc(&text, '\n');
	buf_adds(&text, new);
	if (*new && new[strlen(new) - 1] != '\n')
		buf_addc(&text, '\n');
	buf_adds(&text, at);
	if (put_file(c, c->path.data, text.data, text.len, e) < 0)
		return -1;
	buf_addf(c->out, "The file %s has been edited.\n", c->path.data);
	return 0;
}

/* A file, or all below a directory: each with its path below it. */
static int
each_below(struct call *c, int (*fn)(struct call *c, struct memory_note *n,
    const char *rest, const char *to, struct err *e), const char *to,
    struct err *e)
{
	size_t len = c->path.len;
	AUTO_FREE char *end = xasprintf("%s0", c->path.data);
	int count = 0;

	for (;; count++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		AUTO_FREE char *id = NULL;
		int r = store_get_str(c->m->store, "select id from note where "
		    "id = ?1 or (id >= ?1 || '/' and id < ?2) limit 1",
		    STORE_ARGS(ARG_STR(c->path.data), ARG_STR(end)), &id, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return count ? 0 : err_set(e, ST_NO, NO_PATH,
			    c->path.data);
		if (memory_get(c->m, id, &note, e) < 0 ||
		    fn(c, &note, id + len, to, e) < 0)
			return -1;
	}
}

static int
delete_one(struct call *c, struct memory_note *note, const char *rest,
    const char *to, struct err *e)
{
	(void)rest;
	(void)to;
	return memory_remove(c->m, note, "rm", e);
}

static int
delete(struct call *c, struct err *e)
{
	if (strcmp(c->path.data, ROOT) == 0)
		return err_set(e, ST_NO,
		    "Cannot delete the /memories directory itself");
	if (each_below(c, delete_one, NULL, e) < 0)
		return -1;
	buf_addf(c->out, "Successfully deleted %s\n", c->path.data);
	return 0;
}

static int
rename_one(struct call *c, struct memory_note *note, const char *rest,
    const char *to, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s%s", to, rest);

	if (put_file(c, path, note->text, note->text_len, e) < 0)
		return -1;
	return memory_remove(c->m, note, "rename", e);
}

static int
rename_path(struct call *c, struct err *e)
{
	AUTO_BUF struct buf to = BUF_INIT;
	AUTO_NOTE struct memory_note there = MEMORY_NOTE_INIT;
	int r;

	if (check_path(json_str(c->arguments, "new_path"), &to, e) < 0)
		return -1;
	if (strncmp(to.data, c->path.data, c->path.len) == 0 &&
	    (!to.data[c->path.len] || to.data[c->path.len] == '/'))
		return err_set(e, ST_NO, "Cannot rename %s to %s",
		    c->path.data, to.data);
	r = memory_get(c->m, to.data, &there, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ST_NO,
		    "The destination %s already exists", to.data);
	if (each_below(c, rename_one, to.data, e) < 0)
		return -1;
	buf_addf(c->out, "Successfully renamed %s to %s\n", c->path.data,
	    to.data);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct call *c, struct err *e);
} commands[] = {
	{ "view", view }, { "create", create }, { "str_replace", str_replace },
	{ "insert", insert }, { "delete", delete }, { "rename", rename_path }
};

/* Which memory a path is in: a shared one below /memories/shared/NAME. */
static int
pick_memory(struct call *c, bool write, struct err *e)
{
	const char *p = c->path.data + sizeof(SHARED) - 1;
	AUTO_FREE char *name = NULL;

	if (strncmp(c->path.data, SHARED "/", sizeof(SHARED)) == 0)
		name = xstrndup(p + 1, strcspn(p + 1, "/"));
	c->m = memory_set_find(c->set, name);
	if (!c->m)
		return err_set(e, ST_NO, NO_PATH, c->path.data);
	if (write && c->m->readonly)
		return err_set(e, ST_NO, "Memory %s may only be read", name);
	return 0;
}

/* Files do not go from one memory to another. */
static int
check_target(struct call *c, struct err *e)
{
	AUTO_BUF struct buf to = BUF_INIT;
	const char *given = json_str(c->arguments, "new_path");
	struct call other = *c;

	if (!given)
		return 0;
	if (check_path(given, &to, e) < 0)
		return -1;
	other.path = to;
	if (pick_memory(&other, true, e) < 0)
		return -1;
	return other.m == c->m ? 0 : err_set(e, ST_NO,
	    "Cannot rename %s to %s: create it there", c->path.data, to.data);
}

static int
run_command(struct call *c, const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!name || strcmp(commands[i].name, name) != 0)
			continue;
		if (pick_memory(c, i != 0, e) < 0 || check_target(c, e) < 0)
			return -1;
		if (i == 0)
			return view(c, e);
		struct memory *tx AUTO_MEMORY_ROLLBACK = c->m;
		if (memory_begin(c->m, e) < 0 || commands[i].run(c, e) < 0)
			return -1;
		return memory_commit(c->m, e);
	}
	return err_set(e, ST_NO, "\"command\" is none of view, create, "
	    "str_replace, insert, delete, rename");
}

int
memory_file_call(struct memory_set *set, const jv *arguments,
    struct buf *out, struct err *e)
{
	AUTO_BUF struct buf path = BUF_INIT;
	const char *given = json_str(arguments, "path");
	struct call c = { .set = set, .arguments = arguments, .out = out };

	if (!given)
		given = json_str(arguments, "old_path");
	if (check_path(given, &path, e) < 0)
		return -1;
	c.path = path;
	return run_command(&c, json_str(arguments, "command"), e);
}
