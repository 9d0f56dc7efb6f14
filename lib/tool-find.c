/* tool-find: listing files and searching in them, for a model. */
#include "config.h"

#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <regex.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

enum {
	LIST_MAX = 2000,	/* entries */
	DEPTH_MAX = 40,
	HITS_MAX = 300,
	LINE_SHOWN = 400,	/* bytes of a matching line */
	SEARCH_FILE_MAX = 16 << 20
};

struct walk {
	int (*visit)(struct walk *w, const char *path, struct err *e);
	const char *pattern;	/* NULL: all */
	struct buf *out;
	size_t n;
	bool full;		/* there is more than we show */
	regex_t regex;
};

/* What nobody asks for: it would drown the rest. */
static bool
is_noise(const char *name)
{
	static const char *const noise[] = {
		".git", ".agent", ".hg", ".svn", "node_modules", "__pycache__",
		".venv", ".mypy_cache", ".pytest_cache"
	};

	for (size_t i = 0; i < sizeof(noise) / sizeof(*noise); i++)
		if (strcmp(name, noise[i]) == 0)
			return true;
	return false;
}

static bool
matches(const struct walk *w, const char *path)
{
	return !w->pattern ||
	    fnmatch(w->pattern, path_basename(path), 0) == 0 ||
	    fnmatch(w->pattern, path, 0) == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
keep(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
	    !is_noise(d->d_name);
}

/* Links are shown and searched as files but never followed as directories. */
static int
walk_entry(struct walk *w, const char *path, int depth, struct err *e);

static int
walk_dir(struct walk *w, const char *dir, int depth, struct err *e)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, keep, by_name), r = 0;

	if (n < 0 && depth > 0)
		return 0;	/* not readable: pass over */
	if (n < 0)
		return err_sys(e, ST_NO, "cannot open '%s'", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0 && !w->full) {
			AUTO_FREE char *path = strcmp(dir, ".") == 0 ?
			    xstrdup(list[i]->d_name) :
			    path_join(dir, list[i]->d_name);
			r = walk_entry(w, path, depth, e);
		}
		free(list[i]);
	}
	free(list);
	return r;
}

static int
walk_entry(struct walk *w, const char *path, int depth, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? walk_dir(w, path, depth + 1, e) : 0;
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	return matches(w, path) ? w->visit(w, path, e) : 0;
}

static int
list_one(struct walk *w, const char *path, struct err *e)
{
	(void)e;
	if (w->n >= LIST_MAX || w->out->len > TOOL_TEXT_MAX - 200) {
		w->full = true;
		return 0;
	}
	buf_addf(w->out, "%s\n", path);
	w->n++;
	return 0;
}

int
tool_list_files(const jv *arguments, struct buf *out, struct err *e)
{
	const char *path = json_str(arguments, "path");
	struct walk w = {
		.visit = list_one,
		.pattern = json_str(arguments, "pattern"),
		.out = out,
	};

	if (walk_dir(&w, path && *path ? path : ".", 0, e) < 0)
		return -1;
	if (w.n == 0)
		buf_adds(out, "(no files)\n");
	if (w.full)
		buf_addf(out, "[only the first %zu: give a path or pattern]\n",
		    w.n);
	return 0;
}

static void
show_hit(struct walk *w, const char *path, long line, const char *text,
    size_t len)
{
	buf_addf(w->out, "%s:%ld:%.*s%s\n", path, line,
	    (int)(len > LINE_SHOWN ? LINE_SHOWN : len), text,
	    len > LINE_SHOWN ? "..." : "");
	w->n++;
	if (w->n >= HITS_MAX || w->out->len > TOOL_TEXT_MAX - 1000)
		w->full = true;
}

static int
search_one(struct walk *w, const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
	AUTO_BUF struct buf text = BUF_INIT;
	struct stat st;
	long line = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SEARCH_FILE_MAX)
		return 0;
	if (fd_read_all(fd, SEARCH_FILE_MAX, DEADLINE_NEVER, &text, e) < 0)
		return 0;
	if (memchr(text.data, '\0', text.len))
		return 0;
	for (char *p = text.data, *nl; *p && !w->full; p = nl + 1) {
		nl = strchrnul(p, '\n');
		bool last = *nl == '\0';
		*nl = '\0';
		line++;
		if (regexec(&w->regex, p, 0, NULL, 0) == 0)
			show_hit(w, path, line, p, (size_t)(nl - p));
		if (last)
			break;
	}
	return 0;
}

/* The tree below `path`, or the one file that it is. */
static int
search(struct walk *w, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, ST_NO, "cannot open '%s'", path);
	return S_ISDIR(st.st_mode) ? walk_dir(w, path, 0, e) :
	    search_one(w, path, e);
}

int
tool_search_files(const jv *arguments, struct buf *out, struct err *e)
{
	const char *path = json_str(arguments, "path");
	struct walk w = {
		.visit = search_one,
		.pattern = json_str(arguments, "files"),
		.out = out,
	};
	bool ignore_case = false;
	int bad, r;

	(void)json_bool(arguments, "ignore_case", &ignore_case);
	bad = regcomp(&w.regex, json_str(arguments, "pattern"), REG_EXTENDED |
	    REG_NOSUB | (ignore_case ? REG_ICASE : 0));
	if (bad != 0) {
		char why[200];
		regerror(bad, &w.regex, why, sizeof(why));
		return err_set(e, ST_NO, "the pattern is not a regular "
		    "expression: %s", why);
	}
	r = search(&w, path && *path ? path : ".", e);
	regfree(&w.regex);
	if (r == 0 && w.n == 0)
		buf_adds(out, "(no line matches)\n");
	if (r == 0 && w.full)
		buf_addf(out, "[only the first %zu: be more precise]\n", w.n);
	return r;
}
