/* gitdir: which files of the repositories in a workspace must not change. */
#include "config.h"

#include "gitdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "alloc.h"
#include "path.h"
#include "tree.h"

enum {
	LEVELS = 2, DEEPER_MAX = 100, MODULES_MAX = 16, ENTRIES_MAX = 4096
};

struct search {
	struct gitdirs *g;
	const char *workspace;
	struct strs deeper;	/* directories whose own were not looked at */
	bool all_ro, open_config;
	unsigned seen;
};

void
gitdirs_release(struct gitdirs *g)
{
	strs_release(&g->pin);
	strs_release(&g->ro);
	strs_release(&g->found);
}

static bool
is_kind(const char *path, mode_t kind)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/* Without following what somebody may have put in the way meanwhile. */
static int
make_hooks(const char *path, struct err *e)
{
	AUTO_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	AUTO_FD int dir = tree_parent(root, path + 1, 0, &name, e);

	if (dir < 0)
		return -1;
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST &&
	    errno != EROFS && errno != EACCES)
		return err_sys(e, ST_WRAPPER, "cannot make '%s'", path);
	return 0;
}

/* What runs, or says what runs, when git is used in this directory. */
static int
protect(struct search *s, const char *dir, struct err *e)
{
	static const char *const names[] = {
		"config", "config.worktree", "hooks", "commondir", "gitdir"
	};
	AUTO_FREE char *hooks = path_join(dir, "hooks");
	AUTO_FREE char *config = path_join(dir, "config");

	if (s->open_config)
		return 0;
	if (is_kind(config, S_IFREG) && !path_exists(hooks) &&
	    make_hooks(hooks, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_FREE char *p = path_join(dir, names[i]);
		if (is_kind(p, S_IFREG) || is_kind(p, S_IFDIR))
			strs_add(&s->g->ro, p);
		else if (path_exists(p))
			return err_set(e, ST_WRAPPER, "'%s' is neither a file "
			    "nor a directory: the repository is not safe", p);
	}
	return 0;
}

/* Submodules keep repositories of their own in .git/modules. */
static int
protect_modules(struct search *s, const char *dir, struct err *e)
{
	AUTO_FREE char *modules = path_join(dir, "modules");
	DIR *d;
	struct dirent *entry;
	size_t n = 0, before = s->g->ro.n;
	int r = 0;

	if (!is_kind(modules, S_IFDIR))
		return 0;
	d = opendir(modules);
	while (r == 0 && d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		AUTO_FREE char *p = path_join(modules, entry->d_name);
		r = protect(s, p, e);
		n++;
	}
	if (d)
		closedir(d);
	/* too many, or nested: none of them may change */
	if (r == 0 && (n > MODULES_MAX || (n > 0 && s->g->ro.n == before))) {
		strs_cut(&s->g->ro, before);
		strs_add(&s->g->ro, modules);
	}
	return r;
}

static int
add_directory(struct search *s, const char *git, struct err *e)
{
	strs_add(&s->g->found, git);
	if (s->all_ro) {
		strs_add(&s->g->ro, git);
		return 0;
	}
	strs_add(&s->g->pin, git);
	if (protect(s, git, e) < 0)
		return -1;
	return protect_modules(s, git, e);
}

/* The one line of a small file, after `prefix`; NULL when it has none. */
static char *
read_line(const char *path, const char *prefix)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	size_t skip = strlen(prefix);

	if (path_read(path, PATH_MAX + 16, &text, &ignored) < 0 ||
	    strncmp(text.data, prefix, skip) != 0)
		return NULL;
	buf_truncate(&text, strcspn(text.data, "\n"));
	return xstrdup(text.data + skip);
}

static char *
resolve(const char *base, const char *relative)
{
	AUTO_FREE char *full = path_join(base, relative);

	return realpath(full, NULL);
}

/*
 * A directory that has a mount point in it can be moved, and another be put
 * in its place; one that is a mount point itself cannot.
 */
static void
pin_parents(struct search *s, const char *dir)
{
	AUTO_FREE char *p = xstrdup(dir);
	char *slash;

	while (strcmp(p, s->workspace) != 0 && (slash = strrchr(p, '/'))) {
		if (!strs_has(&s->g->pin, p))
			strs_add(&s->g->pin, p);
		*slash = '\0';
	}
}

/*
 * What a link names, or a file that no worktree has: a repository if it is in
 * the workspace, and not one of the submodules, which are protected already.
 */
static int
add_elsewhere(struct search *s, const char *own, struct err *e)
{
	size_t n = strlen(s->workspace);

	if (!own || strncmp(own, s->workspace, n) != 0 || own[n] != '/' ||
	    strstr(own + n, "/.git/") || !is_kind(own, S_IFDIR) ||
	    strs_has(&s->g->found, own))
		return 0;
	AUTO_FREE char *above = path_dirname(own);
	pin_parents(s, above);
	return add_directory(s, own, e);
}

static int
add_link(struct search *s, const char *link, struct err *e)
{
	AUTO_FREE char *own = realpath(link, NULL);

	return add_elsewhere(s, own, e);
}

/*
 * A linked worktree: `.git` is a file that names a directory elsewhere.  Only
 * when that directory names this file too is it really ours: a command could
 * write such a file to be shown another repository next time.
 */
static int
add_linked(struct search *s, const char *dir, const char *file, struct err *e)
{
	AUTO_FREE char *line = read_line(file, "gitdir: ");
	AUTO_FREE char *own = line ? resolve(dir, line) : NULL;
	AUTO_FREE char *back_file = own ? path_join(own, "gitdir") : NULL;
	AUTO_FREE char *back = back_file ? read_line(back_file, "") : NULL;
	AUTO_FREE char *back_real = back ? resolve(own, back) : NULL;

	strs_add(&s->g->ro, file);
	if (!back_real || strcmp(back_real, file) != 0)
		return add_elsewhere(s, own, e);
	AUTO_FREE char *common_file = path_join(own, "commondir");
	AUTO_FREE char *relative = read_line(common_file, "");
	AUTO_FREE char *common = relative ? resolve(own, relative) : NULL;
	AUTO_FREE char *inside = common ? path_join(common, "worktrees") :
	    NULL;
	if (!inside || strncmp(own, inside, strlen(inside)) != 0)
		return 0;
	if (add_directory(s, common, e) < 0)
		return -1;
	return s->all_ro ? 0 : protect(s, own, e);
}

static int
look_at(struct search *s, const char *dir, struct err *e)
{
	AUTO_FREE char *git = path_join(dir, ".git");
	struct stat st;
	int r;

	if (lstat(git, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return add_link(s, git, e);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	r = S_ISDIR(st.st_mode) ? add_directory(s, git, e) :
	    add_linked(s, dir, git, e);
	pin_parents(s, dir);
	return r;
}

static int	walk(struct search *s, const char *dir, int level,
		    struct err *e);

static int
look_below(struct search *s, const char *dir, int level, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	while (r == 0 && d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.' || s->seen++ > ENTRIES_MAX ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
		    strcmp(entry->d_name, "node_modules") == 0)
			continue;
		AUTO_FREE char *p = path_join(dir, entry->d_name);
		if (entry->d_type == DT_DIR || is_kind(p, S_IFDIR))
			r = walk(s, p, level + 1, e);
	}
	if (d)
		closedir(d);
	return r;
}

static int
walk(struct search *s, const char *dir, int level, struct err *e)
{
	if (look_at(s, dir, e) < 0)
		return -1;
	if (level < LEVELS)
		return look_below(s, dir, level, e);
	if (s->deeper.n < DEEPER_MAX)
		strs_add(&s->deeper, dir);
	return 0;
}

/* Further down, the nearest first, as far as that costs next to nothing. */
static int
walk_deeper(struct search *s, struct err *e)
{
	for (size_t i = 0; i < s->deeper.n; i++) {
		AUTO_FREE char *dir = xstrdup(s->deeper.v[i]);
		if (look_below(s, dir, LEVELS, e) < 0)
			return -1;
	}
	return 0;
}

int
gitdirs_find(struct gitdirs *g, const char *workspace, bool all_ro,
    bool open_config, struct err *e)
{
	struct search s = { .g = g, .workspace = workspace, .all_ro = all_ro,
	    .open_config = open_config };
	int r = walk(&s, workspace, 0, e);

	if (r == 0)
		r = walk_deeper(&s, e);
	strs_release(&s.deeper);
	return r;
}
