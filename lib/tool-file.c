/*
 * tool-file: reading, writing and editing files for a model.
 *
 * Changes replace a file as a whole, by rename, and keep its mode.  They hold
 * a lock on the directory that the tool was started in, the workspace, so
 * that two edits of one file at once are both kept.
 */
#include "config.h"

#include "tool-impl.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "alloc.h"
#include "env.h"
#include "fd.h"
#include "path.h"

enum {
	LINES_DEFAULT = 2000,
	SNIPPET_LINES = 3	/* shown around an edit */
};

int
tool_read_regular(const char *path, struct buf *out, struct stat *st,
    struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);

	if (fd < 0 || fstat(fd, st) < 0)
		return err_sys(e, ST_NO, "cannot open '%s'", path);
	if (S_ISDIR(st->st_mode))
		return err_set(e, ST_NO, "'%s' is a directory", path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ST_NO, "'%s' is not a regular file", path);
	if (st->st_size > TOOL_FILE_MAX)
		return err_set(e, ST_NO, "'%s' is too large: %lld bytes", path,
		    (long long)st->st_size);
	buf_add(out, "", 0);
	if (fd_read_all(fd, TOOL_FILE_MAX, DEADLINE_NEVER, out, e) < 0) {
		e->status = ST_NO;
		return err_prefix(e, "'%s'", path);
	}
	return 0;
}

static bool
is_binary(const struct buf *b)
{
	return memchr(b->data, '\0', b->len < 8192 ? b->len : 8192) != NULL;
}

/* The start of line `n`, counted from 1; the end when there are fewer. */
static const char *
line_start(const struct buf *b, int64_t n)
{
	const char *p = b->data, *end = b->data + b->len;

	while (--n > 0 && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		p = nl ? nl + 1 : end;
	}
	return p;
}

static int64_t
count_lines(const char *p, const char *end)
{
	int64_t n = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		n++;
		p = nl ? nl + 1 : end;
	}
	return n;
}

/* Cuts at a line end where there is one, never inside a character. */
static size_t
cut_length(const char *p, size_t len, size_t limit)
{
	if (len <= limit)
		return len;
	for (size_t i = limit; i > limit / 2; i--)
		if (p[i - 1] == '\n')
			return i;
	while (limit > 0 && ((unsigned char)p[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

int
tool_read_file(const jv *arguments, struct buf *out, struct err *e)
{
	const char *path = json_str(arguments, "path");
	AUTO_BUF struct buf text = BUF_INIT;
	struct stat st;
	int64_t first = 1, lines = LINES_DEFAULT, total;
	const char *from, *to;
	size_t len;

	(void)json_int(arguments, "offset", &first);
	(void)json_int(arguments, "limit", &lines);
	if (tool_read_regular(path, &text, &st, e) < 0)
		return -1;
	if (is_binary(&text))
		return err_set(e, ST_NO, "'%s' is binary, %zu bytes", path,
		    text.len);
	total = count_lines(text.data, text.data + text.len);
	if (first > 1 && first > total)
		return err_set(e, ST_NO, "'%s' has only %lld lines", path,
		    (long long)total);
	from = line_start(&text, first);
	to = line_start(&text, first + lines);
	len = cut_length(from, (size_t)(to - from), TOOL_TEXT_MAX - 200);
	buf_add(out, from, len);
	if (text.len == 0)
		buf_adds(out, "(the file is empty)");
	else if (first > 1 || from + len < text.data + text.len)
		buf_addf(out, "\n[lines %lld to %lld of %lld]",
		    (long long)first, (long long)(first - 1 +
		    count_lines(from, from + len)), (long long)total);
	return 0;
}

int
tool_lock_workspace(struct err *e)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, ST_NO, "cannot lock the workspace");
	return fd < 0 ? err_sys(e, ST_NO, "cannot open the workspace") : 0;
}

int
tool_replace(const char *path, const struct buf *text, mode_t mode,
    struct err *e)
{
	AUTO_FREE char *real = realpath(path, NULL);
	const char *target = real ? real : path;

	if (path_replace(target, text->data, text->len, mode & 0777,
	    e) < 0) {
		e->status = ST_NO;
		return -1;
	}
	/* the umask may have taken from it */
	if (chmod(target, mode & 0777) < 0)
		return err_sys(e, ST_NO, "cannot set the mode of '%s'", path);
	return 0;
}

mode_t
tool_new_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/*
 * What a sandbox has beside the workspace is memory that goes with the call;
 * who was told that a file was made there would look for it later.
 */
static bool
is_passing(const char *dir)
{
	struct err ignored = ERR_INIT;
	AUTO_FREE char *top = path_cwd(&ignored);
	AUTO_FREE char *real = path_real(dir, &ignored);
	size_t len = top ? strlen(top) : 0;
	struct statfs fs;

	if (!top || !real || !env_get("AGENT_SANDBOX"))
		return false;
	if (strncmp(real, top, len) == 0 && (!real[len] || real[len] == '/'))
		return false;
	return statfs(real, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int
tool_write_file(const jv *arguments, struct buf *out, struct err *e)
{
	const char *path = json_str(arguments, "path");
	AUTO_JV jv content = json_get(arguments, "content");
	AUTO_FREE char *dir = path_dirname(path);
	AUTO_BUF struct buf text = BUF_INIT;
	bool there;
	struct stat st;

	if (tool_lock_workspace(e) < 0)
		return -1;
	there = stat(path, &st) == 0;
	if (there && !S_ISREG(st.st_mode))
		return err_set(e, ST_NO, "'%s' is not a regular file", path);
	if (path_mkdirs(dir, 0777, e) < 0) {
		e->status = ST_NO;
		return -1;
	}
	buf_add(&text, json_string(&content), json_string_len(&content));
	if (tool_replace(path, &text, there ? st.st_mode :
	    tool_new_mode(), e) < 0)
		return -1;
	buf_addf(out, "%s %s, %zu bytes%s", there ? "replaced" : "created",
	    path, text.len, is_passing(dir) ?
	    "; this is outside of the workspace, and gone after this call" :
	    "");
	return 0;
}

/* The next occurrence in [from, end), NULL when there is none. */
static const char *
find(const char *from, const char *end, const char *needle, size_t len)
{
	return memmem(from, (size_t)(end - from), needle, len);
}

static size_t
count(const struct buf *b, const char *needle, size_t len)
{
	const char *end = b->data + b->len;
	size_t n = 0;

	for (const char *p = b->data; (p = find(p, end, needle, len)); p += len)
		n++;
	return n;
}

/*
 * Why the text was not found, as far as we can tell: what a model got wrong
 * is mostly the white space at the start of a line.
 */
static int
not_found(const char *path, const struct buf *text, const char *needle,
    struct err *e)
{
	const char *end = text->data + text->len;
	size_t len;

	needle += strspn(needle, " \t\n");
	len = strcspn(needle, "\n");
	for (const char *p = text->data; len > 3 &&
	    (p = find(p, end, needle, len)); p += len)
		return err_set(e, ST_NO, "old_text does not occur in '%s'; its "
		    "first line does, at line %lld: compare the white space "
		    "and the lines that follow", path,
		    (long long)count_lines(text->data, p) +
		    (p > text->data && p[-1] == '\n'));
	return err_set(e, ST_NO, "old_text does not occur in '%s'; read the "
	    "file again", path);
}

/* The changed lines with some around them. */
static void
show_edit(const struct buf *text, size_t at, size_t len, struct buf *out)
{
	int64_t line = count_lines(text->data, text->data + at) +
	    (at == 0 || text->data[at - 1] == '\n');
	int64_t last = line + count_lines(text->data + at,
	    text->data + at + len) + SNIPPET_LINES;
	int64_t first = line > SNIPPET_LINES ? line - SNIPPET_LINES : 1;
	const char *from = line_start(text, first);
	const char *to = line_start(text, last);

	buf_addf(out, "; from line %lld it now reads:\n", (long long)first);
	buf_add(out, from, cut_length(from, (size_t)(to - from), 4000));
}

int
tool_edit_file(const jv *arguments, struct buf *out, struct err *e)
{
	const char *path = json_str(arguments, "path");
	AUTO_JV jv old = json_get(arguments, "old_text");
	AUTO_JV jv new = json_get(arguments, "new_text");
	const char *needle = json_string(&old);
	size_t nlen = json_string_len(&old), n, first = SIZE_MAX;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf changed = BUF_INIT;
	const char *p, *hit, *end;
	bool all = false;
	struct stat st;

	(void)json_bool(arguments, "replace_all", &all);
	if (nlen == 0)
		return err_set(e, ST_NO, "old_text is empty; use write_file to "
		    "create a file");
	if (tool_lock_workspace(e) < 0 ||
	    tool_read_regular(path, &text, &st, e) < 0)
		return -1;
	n = count(&text, needle, nlen);
	if (n == 0)
		return not_found(path, &text, needle, e);
	if (n > 1 && !all)
		return err_set(e, ST_NO, "old_text occurs %zu times in '%s': "
		    "give more of the lines around it, or set replace_all", n,
		    path);
	end = text.data + text.len;
	for (p = text.data; (hit = find(p, end, needle, nlen));
	    p = hit + nlen) {
		buf_add(&changed, p, (size_t)(hit - p));
		if (first == SIZE_MAX)
			first = changed.len;
		buf_add(&changed, json_string(&new), json_string_len(&new));
	}
	buf_add(&changed, p, (size_t)(end - p));
	if (tool_replace(path, &changed, st.st_mode, e) < 0)
		return -1;
	buf_addf(out, "edited %s", path);
	if (n > 1)
		buf_addf(out, " in %zu places", n);
	show_edit(&changed, first, json_string_len(&new), out);
	return 0;
}
