/* inside: what lies in a workspace, used by us who are outside of a sandbox. */
#include "config.h"

#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "path.h"
#include "workspace.h"

/* An absolute path without "." and "..", as it was written. */
static char *
plain(const char *path)
{
	AUTO_BUF struct buf out = BUF_INIT;

	buf_add(&out, "", 0);
	for (const char *p = path; *p; ) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0) {
			while (out.len > 0 && out.data[--out.len] != '/')
				;
			out.data[out.len] = '\0';
		} else if (n > 0 && !(n == 1 && *p == '.')) {
			buf_addf(&out, "/%.*s", (int)n, p);
		}
		p += n;
	}
	return xstrdup(out.len > 0 ? out.data : "/");
}

/* What follows the root in `path`; NULL when it is not below that. */
static const char *
below(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return path + 1;
	return strncmp(path, root, len) == 0 && path[len] == '/' ?
	    path + len + 1 : NULL;
}

static int
astray(const char *root, const char *path, struct err *e)
{
	return err_set(e, ST_DENIED, "a link in '%s' leads out of '%s': name "
	    "the file itself, if it is meant", path, root);
}

/* That `real`, without links, is what may be used of `root`. */
static int
check_real(const char *root, const char *real, const char *path,
    struct err *e)
{
	const char *rest = strcmp(root, real) == 0 ? "" : below(root, real);
	size_t len = strlen(WORKSPACE_DIR);

	if (!rest || (strncmp(rest, WORKSPACE_DIR, len) == 0 &&
	    (rest[len] == '\0' || rest[len] == '/')))
		return astray(root, path, e);
	return 0;
}

/* What is open is there, and has a name. */
static int
check_open(const char *root, int fd, const char *path, struct err *e)
{
	AUTO_FREE char *link = xasprintf("/proc/self/fd/%d", fd);
	AUTO_FREE char *real = path_real(link, e);
	struct stat st;

	if (!real || check_real(root, real, path, e) < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	return err_set(e, ST_NOINPUT, "cannot open '%s': not a regular file",
	    path);
}

int
inside_read(const char *root, const char *path, size_t limit, struct buf *out,
    struct err *e)
{
	AUTO_FREE char *clean = plain(path);
	const char *rest = below(root, clean);
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
	};

	if (!rest)
		return path_read(path, limit, out, e);
	AUTO_FD int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = dir < 0 ? -1 :
	    (int)syscall(SYS_openat2, dir, rest, &how, sizeof(how));
	if (fd < 0)
		return errno == EXDEV ? astray(root, path, e) :
		    err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (check_open(root, fd, path, e) < 0)
		return -1;
	if (fd_read_all(fd, limit, DEADLINE_NEVER, out, e) < 0)
		return err_prefix(e, "'%s'", path);
	return 0;
}

int
inside_check(const char *root, const char *path, struct err *e)
{
	AUTO_FREE char *there = plain(path);

	if (!below(root, there))
		return 0;
	while (!path_exists(there)) {
		char *up = path_dirname(there);

		free(there);
		there = up;
	}
	AUTO_FREE char *real = path_real(there, e);
	return real ? check_real(root, real, path, e) : -1;
}
