/* boxwrites: attempts to write what is read-only. */
#include "config.h"

#include "boxwrites.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "fd.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH 0		/* then nothing is looked at */
#endif

enum { NONE = -1 };

/* What sandbox-filter-gen.c asks about: where the path and its directory
 * are among the arguments, and the mode, which may be reason to refuse. */
static const struct writing {
	int nr;
	const char *name;
	int dir, path, mode;
} calls[] = {
	{ SYS_linkat, "linkat", 2, 3, NONE },
	{ SYS_mkdirat, "mkdirat", 0, 1, NONE },
	{ SYS_openat, "openat", 0, 1, 3 },
	{ SYS_renameat2, "renameat2", 2, 3, NONE },
	{ SYS_symlinkat, "symlinkat", 1, 2, NONE },
	{ SYS_truncate, "truncate", NONE, 0, NONE },
	{ SYS_unlinkat, "unlinkat", 0, 1, NONE },
#ifdef SYS_open
	{ SYS_link, "link", NONE, 1, NONE },
	{ SYS_mkdir, "mkdir", NONE, 0, NONE },
	{ SYS_open, "open", NONE, 0, 2 },
	{ SYS_rename, "rename", NONE, 1, NONE },
	{ SYS_rmdir, "rmdir", NONE, 0, NONE },
	{ SYS_symlink, "symlink", NONE, 1, NONE },
	{ SYS_unlink, "unlink", NONE, 0, NONE },
#endif
};

static const struct writing *
find(const struct seccomp_data *call)
{
	if (call->arch != OUR_ARCH)
		return NULL;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == call->nr)
			return &calls[i];
	return NULL;
}

bool
boxwrites_is_one(const struct seccomp_data *call, const char **ret_name)
{
	const struct writing *w = find(call);

	if (!w || (w->mode != NONE &&
	    (call->args[w->mode] & (S_ISUID | S_ISGID))))
		return false;
	*ret_name = w->name;
	return true;
}

/* A path of the caller's, which may lie at the end of a page. */
static bool
read_path(pid_t pid, uint64_t address, char *to, size_t size)
{
	AUTO_FREE char *mem = xasprintf("/proc/%d/mem", (int)pid);
	AUTO_FD int fd = open(mem, O_RDONLY | O_CLOEXEC);
	const size_t page = 4096;
	size_t have = 0;

	while (fd >= 0 && have < size) {
		size_t want = page - (address + have) % page;
		ssize_t n = pread(fd, to + have, want < size - have ? want :
		    size - have, (off_t)(address + have));

		if (n <= 0)
			return false;
		if (memchr(to + have, '\0', (size_t)n))
			return true;
		have += (size_t)n;
	}
	return false;
}

/* The directory that a path starts at, seen from outside. */
static char *
base_of(pid_t pid, const struct writing *w, const struct seccomp_data *call,
    const char *path)
{
	if (path[0] == '/')
		return xasprintf("/proc/%d/root", (int)pid);
	if (w->dir == NONE || (int)call->args[w->dir] == AT_FDCWD)
		return xasprintf("/proc/%d/cwd", (int)pid);
	return xasprintf("/proc/%d/fd/%d", (int)pid,
	    (int)call->args[w->dir]);
}

/* 1 when it is on a read-only file system, 0 when not, -1 when not there. */
static int
is_read_only(int base, const char *path, bool in_root)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
	    .resolve = RESOLVE_NO_MAGICLINKS |
	    (in_root ? RESOLVE_IN_ROOT : 0) };
	AUTO_FD int fd = (int)syscall(SYS_openat2, base, path, &how,
	    sizeof(how));
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	/* a device takes writes wherever it lies */
	return (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
	    (fs.f_flags & MS_RDONLY);
}

static void
add_full_path(const char *base, const char *path, struct buf *out)
{
	char dir[PATH_MAX];
	ssize_t n = path[0] == '/' ? 0 : readlink(base, dir, sizeof(dir));

	if (n > 0)
		buf_addf(out, "%.*s/", (int)n, dir);
	buf_adds(out, path);
}

bool
boxwrites_refused(int listener, const struct seccomp_notif *call,
    struct buf *out)
{
	const struct writing *w = find(&call->data);
	pid_t pid = (pid_t)call->pid;
	char path[PATH_MAX];
	bool absolute;
	int answer;

	if (!w || !read_path(pid, call->data.args[w->path], path,
	    sizeof(path)) || !path[0])
		return false;
	absolute = path[0] == '/';
	AUTO_FREE char *base = base_of(pid, w, &call->data, path);
	AUTO_FD int dir = open(base, O_PATH | O_CLOEXEC);
	/* is that process still the one that called? */
	if (dir < 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID,
	    &call->id) < 0)
		return false;
	/* what opens a file may mean one; all else changes its directory */
	answer = w->mode != NONE || w->nr == SYS_truncate ?
	    is_read_only(dir, path, absolute) : -1;
	if (answer < 0) {
		const char *slash = strrchr(path, '/');
		AUTO_FREE char *parent = !slash ? xstrdup(".") :
		    slash == path ? xstrdup("/") :
		    xstrndup(path, (size_t)(slash - path));
		answer = is_read_only(dir, parent, absolute);
	}
	if (answer <= 0)
		return false;
	add_full_path(base, path, out);
	return true;
}
