/* overlay: what changed in one. */
#include "config.h"

#include "overlay-impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"

void
changes_release(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	*c = (struct changes)CHANGES_INIT;
}

/* How fuse-overlayfs writes down what it can make no device or mark for. */
#define FUSE_GONE ".wh."
#define FUSE_OPAQUE ".wh..wh..opq"

static bool
has_mark(int fd, const char *name)
{
	char v;

	return fgetxattr(fd, name, &v, 1) == 1 && v == 'y';
}

/* Whether a directory shows nothing of what the workspace has there. */
static bool
is_opaque(const struct overlay *o, int fd)
{
	struct stat st;

	if (o->by == OVERLAY_FUSE)
		return has_mark(fd, "user.fuseoverlayfs.opaque") ||
		    has_mark(fd, "user.overlay.opaque") ||
		    fstatat(fd, FUSE_OPAQUE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return o->by == OVERLAY_COPY || has_mark(fd, "user.overlay.opaque");
}

static bool
is_whiteout(const struct overlay *o, const struct stat *st)
{
	return o->by != OVERLAY_COPY && S_ISCHR(st->st_mode) &&
	    st->st_rdev == 0;
}

struct walk {
	const struct overlay *o;
	struct changes *out;
	int lower;		/* the workspace */
	struct copied_list copied;	/* OVERLAY_COPY: what it was */
};

static int64_t
ctime_of(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * CLOCK_SEC + st->st_ctim.tv_nsec;
}

static void
add_change(struct walk *w, enum change_kind kind, const char *path,
    const struct stat *st, const struct stat *lower, const char *risk)
{
	struct changes *c = w->out;
	int64_t changed = lower ? ctime_of(lower) : 0;

	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct change){
		.kind = kind, .path = xstrdup(path), .st = *st, .risk = risk,
		/* the contents of a directory are looked at one by one */
		.conflict = lower && changed > w->o->since &&
		    !(S_ISDIR(lower->st_mode) && S_ISDIR(st->st_mode)),
	};
}

/* An opaque directory hides what the workspace has there, or had at first. */
static void
add_hidden(struct walk *w, int upper, const char *path)
{
	AUTO_FD int fd = openat(w->lower, *path ? path : ".", O_RDONLY |
	    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(steal_fd(&fd)) : NULL;
	const struct dirent *entry;

	while (d && (entry = readdir(d))) {
		struct stat st, lower;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    fstatat(upper, entry->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		AUTO_FREE char *p = xasprintf("%s%s%s", path,
		    *path ? "/" : "", entry->d_name);
		if (w->o->by == OVERLAY_COPY && !copied_find(&w->copied, p))
			continue;
		if (fstatat(w->lower, p, &lower, AT_SYMLINK_NOFOLLOW) == 0) {
			memset(&st, 0, sizeof(st));
			add_change(w, CHANGE_DELETE, p, &st, &lower,
			    overlay_risk_gone(p));
		}
	}
	if (d)
		closedir(d);
}

/*
 * Whether a file of a copy is what the workspace has, or had when the copy
 * was made.
 */
static bool
is_unchanged(const struct walk *w, int dir, const char *name,
    const char *path, const struct stat *st, const struct stat *lower)
{
	const struct copied *c;

	if (w->o->by != OVERLAY_COPY || S_ISDIR(st->st_mode))
		return false;
	c = copied_find(&w->copied, path);
	if (c && c->inode == st->st_ino && ctime_of(st) < w->o->copied)
		return true;
	return lower && overlay_same(dir, name, st, w->lower, path, lower);
}

static void
add_gone(struct walk *w, const char *path)
{
	struct stat none = { 0 }, lower;

	if (fstatat(w->lower, path, &lower, AT_SYMLINK_NOFOLLOW) == 0)
		add_change(w, CHANGE_DELETE, path, &none, &lower,
		    overlay_risk_gone(path));
}

static int	walk_dir(struct walk *w, int fd, const char *prefix,
		    bool opaque, struct err *e);

/* `opaque`: the directory is, and so what is below it. */
static int
look_at(struct walk *w, int dir, const char *name, const char *path,
    bool opaque, struct err *e)
{
	struct stat st, lower;
	bool below = fstatat(w->lower, path, &lower,
	    AT_SYMLINK_NOFOLLOW) == 0;
	bool same_kind;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, ST_IO, "cannot look at '%s'", path);
	same_kind = below &&
	    (lower.st_mode & S_IFMT) == (st.st_mode & S_IFMT);
	if (is_whiteout(w->o, &st)) {
		add_gone(w, path);
		return 0;
	}
	if (is_unchanged(w, dir, name, path, &st, below ? &lower : NULL))
		return 0;
	if (!S_ISDIR(st.st_mode) || !same_kind ||
	    ((st.st_mode ^ lower.st_mode) & 07777))
		add_change(w, same_kind ? CHANGE_MODIFY : CHANGE_ADD, path,
		    &st, below ? &lower : NULL,
		    overlay_risk(w->lower, dir, name, path, &st));
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (overlay_check_depth(path, e) < 0)
		return -1;
	AUTO_FD int fd = openat(dir, name, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ST_IO, "cannot open '%s'", path);
	opaque = opaque || is_opaque(w->o, fd);
	if (same_kind && opaque)
		add_hidden(w, fd, path);
	return walk_dir(w, steal_fd(&fd), path, opaque, e);
}

int
overlay_check_depth(const char *path, struct err *e)
{
	unsigned depth = 0;

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	return depth <= OVERLAY_DEPTH_MAX ? 0 : err_set(e, ST_DATA,
	    "'%.64s...' is more than %d directories deep", path,
	    OVERLAY_DEPTH_MAX);
}

/* Takes over `fd`. */
static int
walk_dir(struct walk *w, int fd, const char *prefix, bool opaque,
    struct err *e)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!d) {
		close(fd);
		return err_sys(e, ST_IO, "cannot read '%s'", prefix);
	}
	while (r == 0 && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		bool gone = w->o->by == OVERLAY_FUSE &&
		    strncmp(entry->d_name, FUSE_GONE,
		    strlen(FUSE_GONE)) == 0;
		AUTO_FREE char *path = xasprintf("%s%s%s", prefix,
		    *prefix ? "/" : "",
		    entry->d_name + (gone ? strlen(FUSE_GONE) : 0));
		if (gone)
			add_gone(w, path);
		else
			r = look_at(w, dirfd(d), entry->d_name, path, opaque,
			    e);
	}
	closedir(d);
	return r;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path,
	    ((const struct change *)b)->path);
}

int
overlay_changes(const struct overlay *o, struct changes *ret, struct err *e)
{
	struct walk w = { .o = o, .out = ret, .copied = COPIED_LIST_INIT };
	AUTO_FD int lower = open(o->workspace, O_PATH | O_DIRECTORY |
	    O_CLOEXEC);
	int upper = open(o->upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	int r;

	if (lower < 0 || upper < 0) {
		if (upper >= 0)
			close(upper);
		return err_sys(e, ST_NOINPUT, "cannot open the overlay");
	}
	w.lower = lower;
	r = o->by == OVERLAY_COPY ? overlay_copied(o, &w.copied, e) : 0;
	if (r == 0 && o->by == OVERLAY_COPY)
		add_hidden(&w, upper, "");
	if (r == 0)
		r = walk_dir(&w, upper, "", false, e);
	else
		close(upper);
	copied_list_release(&w.copied);
	if (r < 0)
		return -1;
	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_path);
	return 0;
}
