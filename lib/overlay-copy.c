/*
 * overlay: as a copy of the workspace.
 *
 * Hard links are broken, as they are in any overlay.  What was copied is
 * written down with the inode that the copy got: what still has it, and was
 * not changed since, need not be compared, and what was not copied was made
 * later, here or there.
 */
#include "config.h"

#include "overlay-impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "num.h"
#include "path.h"
#include "tree.h"

struct copying {
	int64_t left, max;
	struct buf list;	/* "INODE PATH", each ended by NUL */
	struct stat home;	/* where overlays are: not to be copied */
	bool as_root;
	struct err *e;
};

static int	copy_dir(struct copying *c, int from, int to,
		    const char *prefix);

static int
failed(struct copying *c, const char *path)
{
	if (errno != EFBIG)
		return err_sys(c->e, ST_IO, "cannot copy '%s'", path);
	return err_set(c->e, ST_IO, "the overlay is a copy here, and would "
	    "take more than %lld MiB: --overlay-max allows more",
	    (long long)(c->max >> 20));
}

/* Its contents, then its time; it had to be writable meanwhile. */
static int
fill_dir(struct copying *c, int from, int to, const char *name,
    const char *path, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	AUTO_FD int out = -1;
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);

	if (in < 0)
		return failed(c, path);
	if (overlay_check_depth(path, c->e) < 0) {
		close(in);
		return -1;
	}
	if (fchmodat(to, name, 0700, 0) == 0)
		out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
	if (out < 0) {
		close(in);
		return failed(c, path);
	}
	if (copy_dir(c, in, out, path) < 0)
		return -1;
	return fchmod(out, st->st_mode & 07777) < 0 ||
	    futimens(out, times) < 0 ? failed(c, path) : 0;
}

static int
copy_one(struct copying *c, int from, int to, const char *name,
    const char *path)
{
	struct stat st, made;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(c, path);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ||
	    (st.st_dev == c->home.st_dev && st.st_ino == c->home.st_ino))
		return 0;
	if (tree_copy_within(from, name, to, name, &c->left) < 0 ||
	    fstatat(to, name, &made, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, path);
	if (c->as_root && fchownat(to, name, st.st_uid, st.st_gid,
	    AT_SYMLINK_NOFOLLOW) < 0)
		return failed(c, path);
	buf_addf(&c->list, "%llu %s", (unsigned long long)made.st_ino, path);
	buf_addc(&c->list, '\0');
	return S_ISDIR(st.st_mode) ?
	    fill_dir(c, from, to, name, path, &st) : 0;
}

/* Takes over `from`. */
static int
copy_dir(struct copying *c, int from, int to, const char *prefix)
{
	DIR *d = fdopendir(from);
	const struct dirent *entry;
	int r = 0;

	if (!d) {
		close(from);
		return failed(c, prefix);
	}
	while (r == 0 && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		AUTO_FREE char *path = xasprintf("%s%s%s", prefix,
		    *prefix ? "/" : "", entry->d_name);
		r = copy_one(c, dirfd(d), to, entry->d_name, path);
	}
	closedir(d);
	return r;
}

int
overlay_copy(const struct overlay *o, int64_t max, struct err *e)
{
	struct copying c = { .left = max > 0 ? max : INT64_MAX, .max = max,
	    .list = BUF_INIT, .as_root = geteuid() == 0, .e = e };
	AUTO_FREE char *home = overlay_home();
	AUTO_FREE char *list = path_join(o->dir, "copied");
	AUTO_FD int to = open(o->merged, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int from = open(o->workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (to < 0 || from < 0 || !home || stat(home, &c.home) < 0 ||
	    fstat(from, &st) < 0) {
		if (from >= 0)
			close(from);
		return err_sys(e, ST_IO, "cannot copy '%s'", o->workspace);
	}
	r = copy_dir(&c, from, to, "");
	if (r == 0 && fchmod(to, st.st_mode & 07777) < 0)
		r = failed(&c, o->workspace);
	if (r == 0)
		r = path_write_atomic(list, c.list.data ? c.list.data : "",
		    c.list.len, 0600, e);
	buf_release(&c.list);
	return r;
}

void
copied_list_release(struct copied_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
	*l = (struct copied_list)COPIED_LIST_INIT;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct copied *)a)->path,
	    ((const struct copied *)b)->path);
}

int
overlay_copied(const struct overlay *o, struct copied_list *ret,
    struct err *e)
{
	AUTO_FREE char *list = path_join(o->dir, "copied");
	AUTO_BUF struct buf text = BUF_INIT;
	const char *p, *end;

	if (path_read(list, SIZE_MAX / 2, &text, e) < 0)
		return -1;
	end = text.data + text.len;
	for (p = text.data; p < end; p += strlen(p) + 1) {
		const char *space = strchr(p, ' ');
		int64_t inode = 0;

		if (!space)
			return err_set(e, ST_DATA, "'%s' is damaged", list);
		AUTO_FREE char *number = xstrndup(p, (size_t)(space - p));
		if (num_parse_int(number, 0, INT64_MAX, &inode) < 0)
			inode = 0;	/* then it is compared */
		GROW(ret->v, ret->n, ret->cap);
		ret->v[ret->n++] = (struct copied){ xstrdup(space + 1),
		    (uint64_t)inode };
	}
	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_path);
	return 0;
}

const struct copied *
copied_find(const struct copied_list *l, const char *path)
{
	struct copied key = { (char *)(uintptr_t)path, 0 };

	return l->n == 0 ? NULL : bsearch(&key, l->v, l->n, sizeof(key),
	    by_path);
}

static bool
same_bytes(int a, const char *a_name, int b, const char *b_name)
{
	enum { CHUNK = 32768 };
	static char bytes[2][CHUNK];
	AUTO_FD int in_a = openat(a, a_name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	AUTO_FD int in_b = openat(b, b_name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);

	for (off_t at = 0; in_a >= 0 && in_b >= 0; ) {
		ssize_t n = pread(in_a, bytes[0], CHUNK, at);
		ssize_t m = pread(in_b, bytes[1], CHUNK, at);

		if (n != m || n < 0 || memcmp(bytes[0], bytes[1],
		    (size_t)n) != 0)
			return false;
		if (n == 0)
			return true;
		at += n;
	}
	return false;
}

bool
overlay_same(int a, const char *a_name, const struct stat *a_stat, int b,
    const char *b_name, const struct stat *b_stat)
{
	char target[2][4096];

	if (a_stat->st_mode != b_stat->st_mode)
		return false;
	if (S_ISREG(a_stat->st_mode))
		return a_stat->st_size == b_stat->st_size &&
		    same_bytes(a, a_name, b, b_name);
	if (S_ISLNK(a_stat->st_mode)) {
		ssize_t n = readlinkat(a, a_name, target[0], 4096);
		ssize_t m = readlinkat(b, b_name, target[1], 4096);
		return n > 0 && n == m &&
		    memcmp(target[0], target[1], (size_t)n) == 0;
	}
	return a_stat->st_rdev == b_stat->st_rdev;
}
