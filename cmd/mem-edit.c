/*
 * mem-edit: the memory as Markdown in an editor.
 *
 * What is different when the editor has ended becomes one transaction: texts
 * and tags that changed, notes that are new, notes that are no longer there.
 * A note that somebody else has changed meanwhile stays as it is, and that is
 * said.
 */
#include "config.h"

#include "mem.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "fd.h"
#include "memory-markdown.h"
#include "path.h"

enum { EDIT_MAX = 64 << 20, ALL = 500 };

struct edited {
	struct memory_note note;	/* as it was shown */
	bool seen;			/* is still there */
};

struct editing {
	const struct mem_options *o;
	struct memory *m;
	struct edited *v;
	size_t n, cap;
	struct buf text;
	int64_t changed, added, removed;
};

static int
show_note(void *arg, struct memory_note *note, struct err *e)
{
	struct editing *k = arg;

	(void)e;
	GROW(k->v, k->n, k->cap);
	markdown_write(note, &k->text);
	k->v[k->n++] = (struct edited){ .note = *note };
	*note = (struct memory_note)MEMORY_NOTE_INIT;	/* it is ours now */
	return 0;
}

static int
run_editor(const char *path, struct err *e)
{
	const char *editor = env_get("VISUAL");
	AUTO_FREE char *script = NULL;
	const char *argv[] = { "sh", "-c", NULL, "sh", path, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child c = CHILD_INIT;
	int status = 0;

	if (!editor)
		editor = env_get("EDITOR");
	/* $EDITOR is a command line of the user's, by custom */
	script = xasprintf("%s \"$1\"", editor ? editor : "vi");
	argv[2] = script;
	spec.argv = argv;
	spec.same_group = true;
	if (child_start(&spec, &c, e) < 0 ||
	    child_wait(&c, DEADLINE_NEVER, NULL, &status, e) < 0)
		return -1;
	child_close(&c);
	return status == 0 ? 0 : err_set(e, ST_NO,
	    "the editor ended with status %d: nothing changed", status);
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Without what writing as Markdown takes away: spaces at the ends. */
static bool
same_text(const struct memory_note *a, const struct memory_note *b)
{
	AUTO_BUF struct buf x = BUF_INIT, y = BUF_INIT;
	struct memory_note p = *a, q = *b;

	p.id = q.id = (char *)(uintptr_t)"";
	p.time = q.time = 0;
	p.tags = q.tags = NULL;
	markdown_write(&p, &x);
	markdown_write(&q, &y);
	while (x.len > 0 && strchr(" \t\r\n", x.data[x.len - 1]))
		buf_truncate(&x, x.len - 1);
	while (y.len > 0 && strchr(" \t\r\n", y.data[y.len - 1]))
		buf_truncate(&y, y.len - 1);
	return same(x.data, y.data);
}

static int
change_one(struct editing *k, struct edited *was, struct memory_note *now,
    struct err *e)
{
	AUTO_NOTE struct memory_note current = MEMORY_NOTE_INIT;
	int r = memory_get(k->m, was->note.id, &current, e);

	was->seen = true;
	if (r < 0 || (same_text(&was->note, now) &&
	    same(was->note.tags, now->tags)))
		return r < 0 ? -1 : 0;
	if (r == 0 || current.n != was->note.n) {
		err_warn("note '%s' has been changed meanwhile, leaving it "
		    "as it is", was->note.id);
		return 0;
	}
	free(current.text);
	current.text = STEAL(now->text);
	current.text_len = now->text_len;
	free(current.tags);
	current.tags = STEAL(now->tags);
	k->changed++;
	return memory_edit(k->m, &current, e);
}

static int
take_note(void *arg, struct memory_note *now, struct err *e)
{
	struct editing *k = arg;
	AUTO_FREE char *id = NULL;
	enum memory_added how;

	for (size_t i = 0; now->id && i < k->n; i++)
		if (strcmp(k->v[i].note.id, now->id) == 0)
			return change_one(k, &k->v[i], now, e);
	if (memory_add(k->m, now, &how, &id, e) < 0)
		return -1;
	k->added += how == MEMORY_ADDED;
	return 0;
}

static int
remove_missing(struct editing *k, struct err *e)
{
	for (size_t i = 0; i < k->n; i++) {
		AUTO_NOTE struct memory_note current = MEMORY_NOTE_INIT;
		int r;
		if (k->v[i].seen)
			continue;
		r = memory_get(k->m, k->v[i].note.id, &current, e);
		if (r < 0)
			return -1;
		if (r == 0 || current.n != k->v[i].note.n)
			continue;
		if (memory_remove(k->m, &current, "rm", e) < 0)
			return -1;
		k->removed++;
	}
	return 0;
}

static int
take_back(struct editing *k, const char *path, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = k->m;
	AUTO_BUF struct buf text = BUF_INIT;

	if (path_read(path, EDIT_MAX, &text, e) < 0)
		return -1;
	if (text.len == k->text.len && (text.len == 0 ||
	    memcmp(text.data, k->text.data, text.len) == 0))
		return 0;
	if (memory_begin(k->m, e) < 0 ||
	    markdown_read(text.data ? text.data : "", text.len, take_note, k,
	    e) < 0 || remove_missing(k, e) < 0)
		return -1;
	return memory_commit(k->m, e);
}

static int
load(struct editing *k, struct err *e)
{
	struct memory_filter f;

	if (k->o->noperands) {
		struct memory_note note = MEMORY_NOTE_INIT;
		if (memory_need(k->m, k->o->operand[0], &note, e) < 0)
			return -1;
		return show_note(k, &note, e);
	}
	if (mem_filter(k->o, &f, e) < 0)
		return -1;
	f.notes = true;
	return memory_each(k->m, &f, k->o->limit > 0 ? (size_t)k->o->limit :
	    ALL, false, show_note, k, e);
}

static int
edit(struct editing *k, struct err *e)
{
	const char *tmp = env_get("TMPDIR");
	AUTO_FREE char *path = xasprintf("%s/agent-mem.XXXXXX.md",
	    tmp ? tmp : "/tmp");
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_FD int fd = -1;
	int r = load(k, e);

	if (r < 0)
		return -1;
	fd = mkostemps(path, 3, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	r = fd_write(fd, k->text.data ? k->text.data : "", k->text.len, e);
	if (r == 0)
		r = run_editor(path, e);
	if (r == 0)
		r = take_back(k, path, e);
	unlink(path);
	if (r < 0)
		return -1;
	buf_addf(&out, "%lld changed, %lld added, %lld removed\n",
	    (long long)k->changed, (long long)k->added,
	    (long long)k->removed);
	return mem_flush(&out, true, e);
}

int
mem_edit(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct editing k = { .o = o, .m = &m };
	int r = mem_open(o, 0, &m, e);

	if (r == 0)
		r = edit(&k, e);
	for (size_t i = 0; i < k.n; i++)
		memory_note_release(&k.v[i].note);
	free(k.v);
	buf_release(&k.text);
	return r;
}
