/* runs: the runs of a workspace, by name. */
#include "config.h"

#include "runs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "json.h"
#include "ndjson.h"
#include "path.h"
#include "record.h"
#include "strs.h"
#include "tree.h"
#include "ulid.h"

enum { NAME_MIN = 4, CONVERSATION_MAX = 1 << 30, FIRST_MAX = 256 << 20 };

static bool
ends_with(const char *id, const char *name)
{
	size_t n = strlen(name);

	return n >= NAME_MIN && n <= ULID_LEN &&
	    strcasecmp(id + ULID_LEN - n, name) == 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those whose id ends with `end`, the oldest first. */
static void
list(const struct workspace *w, const char *end, struct strs *ret)
{
	AUTO_FREE char *dir = path_join(w->dir, "runs");
	DIR *d = opendir(dir);

	for (const struct dirent *entry; d && (entry = readdir(d)); )
		if (ulid_valid(entry->d_name) &&
		    (!end || ends_with(entry->d_name, end)))
			strs_add(ret, entry->d_name);
	if (d)
		closedir(d);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
}

/* Whether somebody began it who might mean it by "last". */
static bool
is_for_people(const struct workspace *w, const char *id)
{
	AUTO_FREE char *dir = workspace_run(w, id);
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct ndjson_reader r;
	struct err ignored;
	bool good;

	if (fd < 0)
		return false;
	ndjson_init(&r, fd, FIRST_MAX);
	good = ndjson_next(&r, &line, &ignored) == NDJSON_LINE;
	AUTO_JV jv depth = json_path(&line.value, "data.depth");
	ndjson_line_release(&line);
	ndjson_release(&r);
	return good && json_is(&depth, JSON_NOTHING);
}

static char *
find_last(const struct workspace *w, struct err *e)
{
	AUTO_STRS struct strs ids = STRS_INIT;

	list(w, NULL, &ids);
	for (size_t i = ids.n; i > 0; i--)
		if (is_for_people(w, ids.v[i - 1]))
			return xstrdup(ids.v[i - 1]);
	err_set(e, ST_NOINPUT, "there is no run yet");
	return NULL;
}

char *
runs_find(const struct workspace *w, const char *name, struct err *e)
{
	AUTO_STRS struct strs ids = STRS_INIT;

	if (strcmp(name, "last") == 0)
		return find_last(w, e);
	list(w, name, &ids);
	if (ids.n == 1)
		return xstrdup(ids.v[0]);
	err_set(e, ST_NOINPUT, ids.n > 1 ? "more than one run ends in '%s'" :
	    "there is no run '%s'", name);
	return NULL;
}

/* A directory of `from` and all that is in it, into `to`; links as links. */
static int
copy_dir(int from, int to, const char *name, struct err *e)
{
	AUTO_FD int old = openat(from, name, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int new = old >= 0 && mkdirat(to, name, 0700) == 0 ?
	    openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int listed = new >= 0 ? fcntl(old, F_DUPFD_CLOEXEC, 3) : -1, r = 0;
	DIR *d = listed >= 0 ? fdopendir(listed) : NULL;

	if (!d)
		return err_sys(e, ST_CANTCREATE, "cannot copy '%s'", name);
	for (const struct dirent *f; r == 0 && (f = readdir(d)); ) {
		const char *n = f->d_name;

		if (strcmp(n, ".") == 0 || strcmp(n, "..") == 0)
			continue;
		if (f->d_type == DT_DIR)
			r = copy_dir(old, new, n, e);
		else if (f->d_type == DT_REG || f->d_type == DT_LNK)
			r = tree_copy(old, n, new, n, e);
	}
	closedir(d);
	return r;
}

/* What a foreign agent goes on from: its session, and its home. */
static int
copy_session(const char *from, const char *to, struct err *e)
{
	AUTO_FREE char *session = path_join(from, "session.json");
	AUTO_FD int old = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int new = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!path_exists(session))
		return 0;
	if (old < 0 || new < 0)
		return err_sys(e, ST_CANTCREATE, "cannot copy '%s'", from);
	return tree_copy(old, "session.json", new, "session.json", e) < 0 ?
	    -1 : copy_dir(old, new, "home", e);
}

char *
runs_fork(const struct workspace *w, const char *from, const char *id,
    struct err *e)
{
	AUTO_FREE char *old_dir = workspace_run(w, from);
	AUTO_FREE char *old = path_join(old_dir, "conversation.ndjson");
	AUTO_FREE char *dir = workspace_make_run(w, id, e);
	AUTO_BUF struct buf text = BUF_INIT;

	if (!dir || path_read(old, CONVERSATION_MAX, &text, e) < 0)
		return NULL;
	AUTO_FREE char *copy = path_join(dir, "conversation.ndjson");
	if (path_write_atomic(copy, text.data, text.len, 0600, e) < 0 ||
	    copy_session(old_dir, dir, e) < 0)
		return NULL;
	return STEAL(dir);
}

static bool
has_type(const char *line, size_t len, const char *type)
{
	AUTO_JV jv record = JSON_NONE;
	struct err ignored;
	const char *is;

	if (!memmem(line, len, type, strlen(type)) ||
	    json_parse(line, len, &record, &ignored) < 0)
		return false;
	is = json_str(&record, "type");
	return is && strcmp(is, type) == 0;
}

/* The first line of one type and all from the last of the other on. */
static bool
cut_out(const struct buf *text, struct buf *ret)
{
	const char *end = text->data + text->len, *last = NULL;
	size_t n;

	for (const char *p = text->data; p < end; p += n) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		n = (size_t)((nl ? nl + 1 : end) - p);
		if (ret->len == 0 && has_type(p, n, RECORD_AGENT_START))
			buf_add(ret, p, n);
		else if (has_type(p, n, RECORD_AGENT_HANDOVER))
			last = p;
	}
	if (last)
		buf_add(ret, last, (size_t)(end - last));
	return last != NULL;
}

int
runs_shorten(const struct workspace *w, const char *from, const char *id,
    struct err *e)
{
	AUTO_FREE char *old_dir = workspace_run(w, from);
	AUTO_FREE char *old = path_join(old_dir, "conversation.ndjson");
	AUTO_FREE char *dir = NULL;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf kept = BUF_INIT;

	if (path_read(old, CONVERSATION_MAX, &text, e) < 0)
		return -1;
	if (text.len == 0 || !cut_out(&text, &kept))
		return 0;
	dir = workspace_make_run(w, id, e);
	if (!dir)
		return -1;
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	return path_write_atomic(path, kept.data, kept.len, 0600, e) < 0 ?
	    -1 : 1;
}
