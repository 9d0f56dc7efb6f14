/* tree: copying and removing files without following links. */
#include "config.h"

#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "ulid.h"

/*
 * What is removed: `root` is the directory itself.  Further down than LEVELS
 * a directory is moved up into that and is met there later, because whoever
 * made it may have made it deeper than our stack and descriptors go.
 */
struct removal {
	int root;
	bool moved;
};

enum { LEVELS = 64 };

static int
remove_entry(struct removal *r, int parent, const char *name, int level);

/* Takes over `fd`. */
static int
remove_entries(struct removal *r, int fd, int level)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	int failed = 0;

	if (!d) {
		close(fd);
		return -1;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			failed |= remove_entry(r, dirfd(d), entry->d_name,
			    level);
	closedir(d);
	return failed;
}

static int
move_up(struct removal *r, int parent, const char *name)
{
	char id[ULID_LEN + 1];

	ulid_make(id);
	if (renameat(parent, name, r->root, id) < 0)
		return -1;
	r->moved = true;
	return 0;
}

static int
remove_entry(struct removal *r, int parent, const char *name, int level)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return -1;
	/* overlayfs makes one without any permission */
	if (fchmodat(parent, name, 0700, 0) < 0 && errno != EPERM)
		return -1;
	if (level == LEVELS)
		return move_up(r, parent, name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (level > 0)
		return remove_entries(r, fd, level + 1) < 0 ? -1 :
		    unlinkat(parent, name, AT_REMOVEDIR);
	AUTO_FD int root = fd;
	r->root = root;
	do {
		r->moved = false;
		fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || remove_entries(r, fd, 1) < 0)
			return -1;
	} while (r->moved);
	return unlinkat(parent, name, AT_REMOVEDIR);
}

int
tree_remove(int dir, const char *name, struct err *e)
{
	struct removal r = { -1, false };

	if (remove_entry(&r, dir, name, 0) < 0)
		return err_sys(e, ST_IO, "cannot remove '%s'", name);
	return 0;
}

static int
write_at(int out, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(out, data, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static int
copy_range(int in, int out, off_t at, off_t end)
{
	static char chunk[65536];
	off_t to = at;

	while (at < end && copy_file_range(in, &at, out, &to,
	    (size_t)(end - at), 0) > 0)
		;
	/* what is left where the kernel cannot */
	while (at < end) {
		size_t left = (size_t)(end - at);
		ssize_t n = pread(in, chunk,
		    left < sizeof(chunk) ? left : sizeof(chunk), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;	/* it has become shorter */
		if (write_at(out, chunk, (size_t)n, at) < 0)
			return -1;
		at += n;
	}
	return 0;
}

/* Holes stay holes: a file that takes nothing is to take nothing here. */
static int
copy_content(int in, int out, off_t size, int64_t *left)
{
	off_t at = 0, end;

	if (size == 0 || ioctl(out, FICLONE, in) == 0)
		return 0;
	if (size > *left) {
		errno = EFBIG;
		return -1;
	}
	*left -= size;
	while ((at = lseek(in, at, SEEK_DATA)) >= 0 && at < size) {
		end = lseek(in, at, SEEK_HOLE);
		if (end < 0 || copy_range(in, out, at, end) < 0)
			return -1;
		at = end;
	}
	if (at < 0 && errno != ENXIO)
		return -1;
	return ftruncate(out, size);
}

static int
copy_file(int from_dir, const char *from, int to_dir, const char *to,
    const struct stat *st, int64_t *left)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	AUTO_FD int in = openat(from_dir, from, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	AUTO_FD int out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);

	if (in < 0 || out < 0 || copy_content(in, out, st->st_size, left) < 0 ||
	    fchmod(out, st->st_mode & 07777) < 0)
		return -1;
	return futimens(out, times);
}

int
tree_copy_within(int from_dir, const char *from, int to_dir, const char *to,
    int64_t *left)
{
	char target[4096];
	struct stat st;
	ssize_t n;

	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from_dir, from, to_dir, to, &st, left);
	case S_IFDIR:
		return mkdirat(to_dir, to, 0700) < 0 ? -1 :
		    fchmodat(to_dir, to, st.st_mode & 07777, 0);
	case S_IFLNK:
		n = readlinkat(from_dir, from, target, sizeof(target) - 1);
		if (n <= 0)
			return -1;
		target[n] = '\0';
		return symlinkat(target, to_dir, to);
	case S_IFIFO:
	case S_IFSOCK:
		return mknodat(to_dir, to, st.st_mode & (S_IFMT | 0777),
		    0) < 0 ? -1 :
		    fchmodat(to_dir, to, st.st_mode & 07777, 0);
	default:
		errno = EINVAL;
		return -1;
	}
}

int
tree_copy(int from_dir, const char *from, int to_dir, const char *to,
    struct err *e)
{
	int64_t all = INT64_MAX;

	if (tree_copy_within(from_dir, from, to_dir, to, &all) < 0)
		return err_sys(e, ST_IO, "cannot copy '%s'", from);
	return 0;
}

int
tree_parent(int root, const char *path, int make, const char **ret_name,
    struct err *e)
{
	AUTO_FD int dir = fcntl(root, F_DUPFD_CLOEXEC, 3);
	const char *p = path;

	while (dir >= 0) {
		size_t n = strcspn(p, "/");
		if (p[n] == '\0') {
			*ret_name = p;
			return steal_fd(&dir);
		}
		AUTO_FREE char *part = xstrndup(p, n);
		int next;
		if (strcmp(part, "..") == 0)
			return err_set(e, ST_IO, "'%s' leads up", path);
		if (make)
			(void)mkdirat(dir, part, 0777);
		next = openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		close(dir);
		dir = next;
		p += n + 1;
	}
	return err_sys(e, ST_IO, "cannot open the directory of '%s'", path);
}
