/* mounts-hide: an empty file or directory in the place of what is hidden. */
#include "config.h"

#include "mounts-impl.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include "alloc.h"
#include "path.h"

enum { DEPTH_MAX = 64, ENTRIES_MAX = 500000 };

struct hiding {
	struct mounts *m;
	const char *tail;	/* the pattern, below each directory */
	unsigned seen;
};

/* Itself, or a directory above: nothing can be mounted there once more. */
static bool
is_hidden(const struct mounts *m, const char *path)
{
	for (size_t i = 0; i < m->hidden.n; i++) {
		size_t n = strlen(m->hidden.v[i]);
		if (strncmp(path, m->hidden.v[i], n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

static int
hide_path(struct hiding *h, const char *path, struct err *e)
{
	struct stat st;

	if (is_hidden(h->m, path))
		return 0;
	if (lstat(path, &st) < 0)
		return err_sys(e, ST_WRAPPER, "cannot hide '%s'", path);
	strs_add(&h->m->hidden, path);
	if (!S_ISDIR(st.st_mode))
		return mounts_add_data(h->m, "--ro-bind-data", "", path, e);
	STRS_ADD(&h->m->argv, "--size", "4096", "--tmpfs", path,
	    "--remount-ro", path);
	return 0;
}

/* What does not exist needs no hiding; a pattern may mean many. */
static int
hide_pattern(struct hiding *h, const char *pattern, struct err *e)
{
	glob_t g = { 0 };
	int r = 0;

	if (glob(pattern, GLOB_NOSORT | GLOB_PERIOD, NULL, &g) == 0) {
		for (size_t i = 0; r == 0 && i < g.gl_pathc; i++) {
			AUTO_FREE char *real = realpath(g.gl_pathv[i], NULL);
			const char *base = path_basename(g.gl_pathv[i]);
			if (!real || strcmp(base, ".") == 0 ||
			    strcmp(base, "..") == 0)
				continue;
			r = hide_path(h, real, e);
		}
	}
	globfree(&g);
	return r;
}

static int
hide_below(struct hiding *h, const char *dir, int depth, struct err *e)
{
	AUTO_FREE char *quoted = path_quote(dir);
	AUTO_FREE char *pattern = path_join(quoted, h->tail);
	const struct dirent *entry;
	DIR *d;
	int r = hide_pattern(h, pattern, e);

	d = r == 0 && depth < DEPTH_MAX ? opendir(dir) : NULL;
	while (r == 0 && d && (entry = readdir(d))) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (h->seen++ == ENTRIES_MAX) {
			r = err_set(e, ST_WRAPPER, "cannot hide '**/%s': "
			    "more than %d files to look at", h->tail,
			    ENTRIES_MAX);
			break;
		}
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		AUTO_FREE char *p = path_join(dir, entry->d_name);
		if (entry->d_type == DT_UNKNOWN && (lstat(p, &st) < 0 ||
		    !S_ISDIR(st.st_mode)))
			continue;
		if (!is_hidden(h->m, p))
			r = hide_below(h, p, depth + 1, e);
	}
	if (d)
		closedir(d);
	return r;
}

/* "**" and a slash: in every directory from there on. */
int
mounts_hide(struct mounts *m, const char *rule, const struct mounts_where *w,
    struct err *e)
{
	struct hiding h = { .m = m };
	AUTO_FREE char *full = rule[0] == '~' ?
	    xasprintf("%s%s", w->home, rule + 1) :
	    path_join(w->workspace, rule);
	char *deep = strstr(full, "/**/");
	int r;

	if (!deep) {
		r = hide_pattern(&h, full, e);
	} else if (strstr(deep + 1, "/**/")) {
		r = err_set(e, ST_WRAPPER, "'%s' has more than one '**'",
		    rule);
	} else {
		*deep = '\0';
		h.tail = deep + 4;
		r = hide_below(&h, full, 0, e);
	}
	return r;
}
