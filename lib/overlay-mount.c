/* overlay-mount: mounts overlays for what this process is about to become. */
#include "config.h"

#include "overlay-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"

/* A mount by fuse-overlayfs takes 10 ms; a machine may be busy. */
enum { PAUSE_MS = 2, PAUSES = 5000 };

static int
write_text(const char *path, const char *text)
{
	struct err ignored;
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fd_write(fd, text, strlen(text), &ignored);
}

/* Commas and colons mean something in the options. */
static void
add_path(struct buf *b, const char *name, const char *path)
{
	buf_addf(b, "%s=", name);
	for (; *path; path++) {
		if (strchr(",:\\", *path))
			buf_addc(b, '\\');
		buf_addc(b, *path);
	}
	buf_addc(b, ',');
}

static void
add_paths(struct buf *b, const struct overlay_mount *m)
{
	add_path(b, "lowerdir", m->lower);
	add_path(b, "upperdir", m->upper);
	add_path(b, "workdir", m->work);
}

char *
overlay_mount_fuse(void)
{
	static const char *const places[] = {
		"/usr/bin/fuse-overlayfs", "/usr/local/bin/fuse-overlayfs",
		"/bin/fuse-overlayfs"
	};

	if (access("/dev/fuse", R_OK | W_OK) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (access(places[i], X_OK) == 0)
			return xstrdup(places[i]);
	return NULL;
}

/* A namespace that maps us to ourselves; bwrap makes its own inside. */
static int
enter_namespaces(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	AUTO_FREE char *uids = xasprintf("%u %u 1", uid, uid);
	AUTO_FREE char *gids = xasprintf("%u %u 1", gid, gid);

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    write_text("/proc/self/setgroups", "deny") < 0 ||
	    write_text("/proc/self/uid_map", uids) < 0 ||
	    write_text("/proc/self/gid_map", gids) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static void __attribute__((noreturn))
become_fuse(const struct overlay_mount *m, const char *options, int messages,
    pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(messages, 2) < 0)
		_exit(ST_WRAPPER);
	fd_cloexec_from(3);
	child_default_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(ST_WRAPPER);
	execl(m->fuse, m->fuse, "-f", "-o", options, m->merged, (char *)NULL);
	_exit(ST_WRAPPER);
}

static bool
is_mounted(const struct overlay_mount *m, dev_t before)
{
	struct stat st;

	return stat(m->merged, &st) == 0 && st.st_dev != before;
}

static int
mount_fuse(const struct overlay_mount *m, int messages)
{
	AUTO_BUF struct buf options = BUF_INIT;
	pid_t parent = getpid(), pid;
	struct stat before;

	add_paths(&options, m);
	buf_truncate(&options, options.len - 1);
	if (stat(m->merged, &before) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become_fuse(m, options.data, messages, parent);
	for (int i = 0; pid > 0 && i < PAUSES; i++) {
		if (is_mounted(m, before.st_dev))
			return 0;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		poll(NULL, 0, PAUSE_MS);
	}
	errno = EIO;
	return -1;
}

static int
mount_kernel(const struct overlay_mount *m)
{
	AUTO_BUF struct buf options = BUF_INIT;

	add_paths(&options, m);
	buf_adds(&options, "userxattr,volatile");
	return mount("overlay", m->merged, "overlay", 0, options.data);
}

static int
mount_all(const struct overlay_mount *v, size_t n, int messages)
{
	for (size_t i = 0; i < n; i++)
		if ((v[i].fuse ? mount_fuse(&v[i], messages) :
		    mount_kernel(&v[i])) < 0)
			return -1;
	return 0;
}

int
overlay_mount(const struct overlay_mount *v, size_t n, int messages)
{
	return enter_namespaces() < 0 ? -1 : mount_all(v, n, messages);
}

bool
overlay_mount_works(const struct overlay_mount *m)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (enter_namespaces() < 0)
			_exit(0);
		_exit(mount_all(m, 1, null) < 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
