/* treeprint: what a directory looks like from outside. */
#include "config.h"

#include "treeprint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"

/* The coarsest clock that is in use: FAT's. */
static const int64_t tick = 2 * CLOCK_SEC;

struct walk {
	struct sha256 sum;
	int64_t settled;	/* changes before this are told apart */
	size_t files;
};

static int64_t
nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * CLOCK_SEC + t->tv_nsec;
}

/* A directory's own size and times say nothing that its names do not. */
static bool
add(struct walk *w, const char *name, const struct stat *st)
{
	bool dir = S_ISDIR(st->st_mode);
	int64_t changed = nanoseconds(&st->st_ctim);
	const int64_t looks[] = {
		(int64_t)st->st_mode, dir ? 0 : (int64_t)st->st_dev,
		dir ? 0 : (int64_t)st->st_ino, dir ? 0 : (int64_t)st->st_size,
		dir ? 0 : nanoseconds(&st->st_mtim), dir ? 0 : changed,
	};

	sha256_add(&w->sum, name, strlen(name) + 1);
	sha256_add(&w->sum, looks, sizeof(looks));
	return ++w->files <= TREEPRINT_FILES_MAX &&
	    (dir || changed < w->settled);
}

static bool
left_out(const char *name, bool top)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strcmp(name, ".agent") == 0 || (top && strcmp(name, ".git") == 0);
}

static bool
walk(struct walk *w, int at, const char *name, bool top)
{
	AUTO_FD int fd = openat(at, name, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat st;
	bool good = true;

	if (!d)
		return false;
	(void)steal_fd(&fd);
	while (good && (errno = 0, entry = readdir(d))) {
		if (left_out(entry->d_name, top))
			continue;
		good = fstatat(dirfd(d), entry->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
		    add(w, entry->d_name, &st) &&
		    (!S_ISDIR(st.st_mode) ||
		    walk(w, dirfd(d), entry->d_name, false));
	}
	good = good && errno == 0;
	closedir(d);
	sha256_add(&w->sum, "", 1);	/* the end of a directory */
	return good;
}

bool
treeprint(const char *root, int64_t now, char ret[TREEPRINT_LEN + 1])
{
	struct walk w = { .settled = now - tick };

	sha256_init(&w.sum);
	if (!walk(&w, AT_FDCWD, root, true))
		return false;
	sha256_end_hex(&w.sum, ret);
	return true;
}
