/* path: file names, small files as a whole, directories. */
#include "config.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"
#include "ulid.h"

enum { WRITER_SECONDS = 3 };	/* what a FIFO may take to have one */

char *
path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (b[0] == '/' || n == 0)
		return xstrdup(b);
	return xasprintf("%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
}

char *
path_dirname(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n > 0 ? xstrndup(path, n) : xstrdup(".");
}

char *
path_quote(const char *path)
{
	struct buf out = BUF_INIT;

	for (; *path; path++) {
		if (strchr("*?[\\", *path))
			buf_addc(&out, '\\');
		buf_addc(&out, *path);
	}
	return buf_steal(&out);
}

const char *
path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *
path_real(const char *path, struct err *e)
{
	char *real = realpath(path, NULL);

	if (!real)
		err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	return real;
}

char *
path_cwd(struct err *e)
{
	char *cwd = getcwd(NULL, 0);

	if (!cwd)
		err_sys(e, ST_NOINPUT, "cannot tell the current directory");
	return cwd;
}

bool
path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool
path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *
path_find_up(const char *start, const char *name)
{
	AUTO_FREE char *dir = xstrdup(start);

	for (;;) {
		AUTO_FREE char *candidate = path_join(dir, name);
		char *up;

		if (path_exists(candidate))
			return STEAL(dir);
		if (dir[0] != '/' || dir[1] == '\0')
			return NULL;
		up = path_dirname(dir);
		free(dir);
		dir = up;
	}
}

int
path_mkdirs(const char *path, mode_t mode, struct err *e)
{
	AUTO_FREE char *copy = xstrdup(path);

	if (mkdir(path, mode) == 0)	/* mostly those above are there */
		return 0;
	for (char *p = *copy ? copy + 1 : copy; ; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST) {
			int error = errno;
			/* one that is there may be refused in other words */
			if (!path_is_dir(copy)) {
				errno = error;
				return err_sys(e, ST_CANTCREATE,
				    "cannot make directory '%s'", copy);
			}
		}
		*p = c;
		if (c == '\0')
			break;
	}
	if (!path_is_dir(path))
		return err_set(e, ST_CANTCREATE, "'%s' is not a directory",
		    path);
	return 0;
}

/* A FIFO in a directory; not a pipe, whose writers were there before us. */
static bool
is_named_fifo(int fd)
{
	struct stat st;
	struct statfs fs;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    fstatfs(fd, &fs) == 0 && fs.f_type != PIPEFS_MAGIC;
}

/*
 * Anybody can leave a FIFO where a file is looked for.  The first byte, or a
 * writer that is at work on it, has to be there soon; -1 with ST_NOINPUT.
 */
static int
await_writer(int fd, const char *path, struct buf *out, struct err *e)
{
	struct deadline soon = deadline_in(WRITER_SECONDS * CLOCK_SEC);
	int r = fd_wait(fd, POLLIN, soon, NULL, e);
	char first;
	ssize_t n;

	if (r != 0)
		return r;
	n = fd_read(fd, &first, 1, e);
	if (n > 0)
		buf_addc(out, first);
	return n == 0 ? err_set(e, ST_NOINPUT, "cannot read '%s': it is a "
	    "FIFO that nobody writes to", path) : n == -1 ? -1 : 0;
}

int
path_read(const char *path, size_t limit, struct buf *out, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, ST_NOINPUT, "cannot open '%s': %s", path,
		    strerror(EISDIR));
	if (is_named_fifo(fd) && await_writer(fd, path, out, e) < 0)
		return -1;
	if (fd_read_all(fd, limit, DEADLINE_NEVER, out, e) < 0)
		return err_prefix(e, "'%s'", path);
	return 0;
}

int
path_sync_dir(const char *path, struct err *e)
{
	AUTO_FREE char *dir = path_dirname(path);
	AUTO_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL, ENOSYS: a file system that cannot sync directories */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != ENOSYS))
		return err_sys(e, ST_IO, "cannot sync '%s'", dir);
	return 0;
}

static int
write_and_rename(const char *tmp, const char *path, int fd, const void *data,
    size_t len, bool sync, struct err *e)
{
	if (fd_write(fd, data, len, e) < 0)
		return err_prefix(e, "'%s'", path);
	if (sync && fsync(fd) < 0)
		return err_sys(e, ST_IO, "cannot write '%s'", path);
	if (rename(tmp, path) < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	return 0;
}

static int
replace(const char *path, const void *data, size_t len, mode_t mode,
    bool sync, struct err *e)
{
	char id[ULID_LEN + 1];

	ulid_make(id);
	AUTO_FREE char *tmp = xasprintf("%s.%s.tmp", path, id);
	AUTO_FD int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	if (write_and_rename(tmp, path, fd, data, len, sync, e) < 0) {
		unlink(tmp);
		return -1;
	}
	return sync ? path_sync_dir(path, e) : 0;
}

int
path_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
    struct err *e)
{
	return replace(path, data, len, mode, true, e);
}

int
path_replace(const char *path, const void *data, size_t len, mode_t mode,
    struct err *e)
{
	return replace(path, data, len, mode, false, e);
}

char *
path_own_dir(struct err *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		err_sys(e, ST_NOINPUT, "cannot read '/proc/self/exe'");
		return NULL;
	}
	self[n] = '\0';
	return path_dirname(self);
}

/*
 * The source directory when we run from a build tree, which is told by the
 * stamp that configure leaves in cmd/; else NULL.
 */
static char *
source_dir(const char *own)
{
	AUTO_FREE char *stamp = path_join(own, ".srcdir");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	if (path_read(stamp, PATH_MAX, &text, &ignored) < 0)
		return NULL;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	return buf_steal(&text);
}

char *
path_program(const char *name, struct err *e)
{
	AUTO_FREE char *own = path_own_dir(e);
	const char *dirs[] = { own, LIBEXECDIR, BINDIR };

	if (!own)
		return NULL;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		AUTO_FREE char *p = path_join(dirs[i], name);
		if (access(p, X_OK) == 0 && !path_is_dir(p))
			return STEAL(p);
	}
	err_set(e, ST_NOINPUT, "cannot find our own program '%s' beside '%s'",
	    name, own);
	return NULL;
}

/* In $AGENT_DATADIR; else, in a build tree, in a directory of that. */
static char *
find_data(const char *name, bool built, struct err *e)
{
	const char *data = env_get("AGENT_DATADIR");
	AUTO_FREE char *own = path_own_dir(e);
	AUTO_FREE char *src = own ? source_dir(own) : NULL;

	if (!own)
		return NULL;
	if (!data && src)
		data = built ? own : src;
	AUTO_FREE char *p = path_join(data ? data : DATADIR, name);
	if (access(p, R_OK) == 0)
		return STEAL(p);
	err_sys(e, ST_NOINPUT, "cannot open our own file '%s'", p);
	return NULL;
}

char *
path_data(const char *name, struct err *e)
{
	return find_data(name, false, e);
}

char *
path_built(const char *name, struct err *e)
{
	return find_data(name, true, e);
}
