/*
 * overlay: as a patch.
 *
 * Both versions of what changed are copied into directories "a" and "b" and
 * given to git, which knows how to write a patch for binary files and modes.
 * It runs outside of any repository and reads nobody's configuration.
 */
#include "config.h"

#include "overlay-impl.h"

#include <dirent.h>
#include <fcntl.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "path.h"
#include "term.h"
#include "tree.h"

static int	copy_tree(int from, const char *path, int to, struct err *e);

/* Files below a directory that goes away as a whole. */

static int
copy_entries(int from, const char *path, int to, struct err *e)
{
	int fd = openat(from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int r = 0;

	while (r == 0 && d && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		AUTO_FREE char *p = xasprintf("%s/%s", path, entry->d_name);
		r = copy_tree(from, p, to, e);
	}
	if (d)
		closedir(d);
	return r;
}

static int
copy_tree(int from, const char *path, int to, struct err *e)
{
	const char *name, *from_name;
	struct stat st;
	AUTO_FD int dir = tree_parent(to, path, 1, &name, e);
	AUTO_FD int from_dir = dir < 0 ? -1 :
	    tree_parent(from, path, 0, &from_name, e);

	if (from_dir < 0)
		return -1;
	if (fstatat(from_dir, from_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, ST_IO, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return overlay_check_depth(path, e) < 0 ? -1 :
		    copy_entries(from, path, to, e);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	return tree_copy(from_dir, from_name, dir, name, e);
}

/* Both sides of every change. */
static int
copy_sides(const struct overlay *o, const struct changes *c, int a, int b,
    size_t *ret_left_out, struct err *e)
{
	AUTO_FD int lower = open(o->workspace, O_PATH | O_DIRECTORY |
	    O_CLOEXEC);
	AUTO_FD int upper = open(o->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < c->n; i++) {
		const struct change *v = &c->v[i];
		struct stat st;

		if (overlay_in_git(v->path)) {
			++*ret_left_out;
			continue;
		}
		if (v->kind != CHANGE_DELETE && S_ISDIR(v->st.st_mode))
			continue;
		if (fstatat(lower, v->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    copy_tree(lower, v->path, a, e) < 0)
			return -1;
		if (v->kind != CHANGE_DELETE &&
		    copy_tree(upper, v->path, b, e) < 0)
			return -1;
	}
	return 0;
}

/* To a terminal: what is in the files must not steer it. */
static int
pass_clean(int from, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct term_filter f;
	char chunk[32768];
	ssize_t n;
	int r = 0;

	term_filter_init(&f, 0);
	while (r == 0 && (n = fd_read(from, chunk, sizeof(chunk), e)) != 0) {
		if (n < 0)
			return -1;
		term_filter(&f, chunk, (size_t)n, &out);
		r = fd_write(STDOUT_FILENO, out.data, out.len, e);
		buf_reset(&out);
	}
	return r;
}

static int
run_git(const char *dir, struct err *e)
{
	static const char *const argv[] = {
		"git", "--no-pager", "diff", "--no-index", "--binary",
		"--no-prefix", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--no-color", "a", "b", NULL
	};
	AUTO_STRS struct strs env = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child c = CHILD_INIT;
	int status;

	STRS_ADD(&env, "PATH=/usr/local/bin:/usr/bin:/bin",
	    "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
	    "GIT_ATTR_NOSYSTEM=1", "HOME=/nonexistent", "LC_ALL=C");
	strs_addf(&env, "GIT_CEILING_DIRECTORIES=%s", dir);
	spec.argv = argv;
	spec.envp = (const char *const *)env.v;
	spec.cwd = dir;
	spec.same_group = true;
	if (isatty(STDOUT_FILENO))
		spec.out = CHILD_PIPE;
	if (child_start(&spec, &c, e) < 0 ||
	    (c.out >= 0 && pass_clean(c.out, e) < 0) ||
	    child_wait(&c, DEADLINE_NEVER, NULL, &status, e) < 0)
		return -1;
	child_close(&c);
	/* 1: there are differences */
	return status > 1 ? err_set(e, ST_IO, "git diff failed") : 0;
}

int
overlay_diff(const struct overlay *o, size_t *ret_left_out, struct err *e)
{
	AUTO_CHANGES struct changes c = CHANGES_INIT;
	AUTO_FREE char *dir = path_join(o->dir, "diff");
	AUTO_FREE char *a = path_join(dir, "a"), *b = path_join(dir, "b");
	struct err ignored;
	int r;

	*ret_left_out = 0;
	if (overlay_changes(o, &c, e) < 0 || tree_remove(AT_FDCWD, dir, e) < 0)
		return -1;
	if (path_mkdirs(a, 0700, e) < 0 || path_mkdirs(b, 0700, e) < 0)
		return -1;
	AUTO_FD int afd = open(a, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int bfd = open(b, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = copy_sides(o, &c, afd, bfd, ret_left_out, e);
	if (r == 0 && c.n > 0)
		r = run_git(dir, e);
	(void)tree_remove(AT_FDCWD, dir, &ignored);
	return r;
}
