/* overlay: taking changes over into the workspace. */
#include "config.h"

#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>

#include "alloc.h"
#include "tree.h"
#include "ulid.h"

static bool
is_wanted(const char *path, const struct strs *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		size_t n = strlen(paths->v[i]);
		while (n > 1 && paths->v[i][n - 1] == '/')
			n--;
		if (strncmp(path, paths->v[i], n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return paths->n == 0;
}

static bool
is_accepted(const char *path, const struct strs *accept)
{
	for (size_t i = 0; i < accept->n; i++)
		if (fnmatch(accept->v[i], path, FNM_LEADING_DIR) == 0)
			return true;
	return false;
}

const char *
change_why(const struct change *c)
{
	return c->conflict ? "changed in the workspace meanwhile" : c->risk;
}

static int
judge(const struct changes *c, const struct strs *paths,
    const struct strs *accept, struct changes *refused, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct change *v = &c->v[i];
		const char *why = change_why(v);

		if (!why || !is_wanted(v->path, paths) ||
		    (!v->conflict && is_accepted(v->path, accept)))
			continue;
		GROW(refused->v, refused->n, refused->cap);
		refused->v[refused->n] = *v;
		refused->v[refused->n++].path = xstrdup(v->path);
		if (r == 0)
			r = v->conflict ? err_set(e, ST_NO, "nothing was "
			    "committed: '%s' has changed in the workspace "
			    "meanwhile", v->path) :
			    err_set(e, ST_DENIED, "nothing was committed: "
			    "'%s' is %s: --accept '%s' takes it", v->path,
			    strcmp(why, "runs by itself") == 0 ?
			    "a file that runs by itself" : why, v->path);
	}
	return r;
}

/*
 * A copy beside it, then a rename: whoever looks sees the old one or the new.
 * A directory in the way of a file goes first.
 */
static int
take(int root, int upper, const struct change *v, struct err *e)
{
	const char *name, *upper_name;
	char id[ULID_LEN + 1];
	struct stat st;
	AUTO_FD int dir = tree_parent(root, v->path, 1, &name, e);
	AUTO_FD int from = dir < 0 ? -1 :
	    tree_parent(upper, v->path, 0, &upper_name, e);
	bool there;

	if (from < 0)
		return -1;
	there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (S_ISDIR(v->st.st_mode)) {
		if (there && S_ISDIR(st.st_mode))
			return fchmodat(dir, name, v->st.st_mode & 07777,
			    0) < 0 ? err_sys(e, ST_IO, "cannot change '%s'",
			    v->path) : 0;
		if (there && tree_remove(dir, name, e) < 0)
			return -1;
		return tree_copy(from, upper_name, dir, name, e);
	}
	if (there && S_ISDIR(st.st_mode) && tree_remove(dir, name, e) < 0)
		return -1;
	ulid_make(id);
	AUTO_FREE char *tmp = xasprintf(".%s.commit", id);
	if (tree_copy(from, upper_name, dir, tmp, e) < 0)
		return -1;
	if (renameat(dir, tmp, dir, name) < 0) {
		err_sys(e, ST_IO, "cannot replace '%s'", v->path);
		unlinkat(dir, tmp, 0);
		return -1;
	}
	return 0;
}

static int
delete(int root, const struct change *v, struct err *e)
{
	const char *name;
	AUTO_FD int dir = tree_parent(root, v->path, 0, &name, e);

	return dir < 0 ? -1 : tree_remove(dir, name, e);
}

/*
 * Taken over: no longer a change.  Directories stay for what is in them; in a
 * copy everything does, and is now the same as in the workspace.
 */
static void
forget(const struct overlay *o, int upper, const struct change *v)
{
	struct err ignored;
	const char *name;

	if (o->by == OVERLAY_COPY ||
	    (v->kind != CHANGE_DELETE && S_ISDIR(v->st.st_mode)))
		return;
	AUTO_FD int dir = tree_parent(upper, v->path, 0, &name, &ignored);
	if (dir >= 0)
		(void)unlinkat(dir, name, 0);
}

static int
apply(const struct overlay *o, const struct changes *c,
    const struct strs *paths, struct err *e)
{
	AUTO_FD int root = open(o->workspace, O_PATH | O_DIRECTORY |
	    O_CLOEXEC);
	AUTO_FD int upper = open(o->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || upper < 0)
		return err_sys(e, ST_IO, "cannot open the overlay");
	/* what goes away goes last */
	for (int deleting = 0; deleting < 2; deleting++) {
		for (size_t i = 0; i < c->n; i++) {
			const struct change *v = &c->v[i];
			if ((v->kind == CHANGE_DELETE) != deleting ||
			    !is_wanted(v->path, paths))
				continue;
			if ((deleting ? delete(root, v, e) :
			    take(root, upper, v, e)) < 0)
				return -1;
			forget(o, upper, v);
		}
	}
	return 0;
}

int
overlay_commit(struct overlay *o, const struct strs *paths,
    const struct strs *accept, struct changes *ret_refused, struct err *e)
{
	AUTO_CHANGES struct changes c = CHANGES_INIT;

	if (overlay_changes(o, &c, e) < 0 ||
	    judge(&c, paths, accept, ret_refused, e) < 0 ||
	    apply(o, &c, paths, e) < 0)
		return -1;
	return paths->n == 0 ? overlay_discard(o, e) : 0;
}
