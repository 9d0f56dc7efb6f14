/* launch: starts bwrap, with nothing of ours but what it needs. */
#include "config.h"

#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "boxspec.h"
#include "child.h"
#include "env.h"
#include "fd.h"
#include "path.h"

char *
launch_find_bwrap(void)
{
	static const char *const places[] = {
		"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"
	};
	const char *p = env_get("PATH");

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (access(places[i], X_OK) == 0)
			return xstrdup(places[i]);
	while (p && *p) {
		size_t n = strcspn(p, ":");
		AUTO_FREE char *full = xasprintf("%.*s/bwrap", (int)n, p);
		if (p[0] == '/' && access(full, X_OK) == 0)
			return STEAL(full);
		p += n + (p[n] == ':');
	}
	return NULL;
}

bool
launch_chrooted(void)
{
	struct statx st;

	return statx(AT_FDCWD, "/", 0, 0, &st) == 0 &&
	    (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/*
 * The kernel makes no user namespace for who is in a chroot.  Root can mend
 * that in a mount namespace of its own: mount / on itself, leave the chroot
 * by the well-known hole, and move that mount over the real root.
 */
static int
uproot(void)
{
	int new_root, depth;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		/* a chroot that is no mount: its root cannot be made private
		 * by name, but the namespace is ours */
		if (errno != EINVAL)
			return -1;
	}
	if (mount("/", "/", NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	new_root = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (new_root < 0 || chdir("/") < 0 || chroot("proc") < 0)
		return -1;
	for (depth = 0; depth < 256; depth++)
		if (chdir("..") < 0)
			return -1;
	if (chroot(".") < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    fchdir(new_root) < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return -1;
	close(new_root);
	return chdir("/");
}

/* Copies above all that have a fixed place, so that no dup2 hits another. */
static int
place_descriptors(const struct launch *l)
{
	int want[5] = {
		l->std[0], l->std[1], l->messages, l->control, l->std[2]
	};
	struct err ignored;

	for (size_t i = 0; i < 5; i++) {
		want[i] = fcntl(want[i], F_DUPFD_CLOEXEC, 64);
		if (want[i] < 0)
			return -1;
	}
	for (int i = 0; i < 5; i++)
		if (dup2(want[i], i) < 0)
			return -1;
	_Static_assert(BOX_CONTROL_FD == 3 && BOX_STDERR_FD == 4, "order");
	fd_cloexec_from(5);
	for (size_t i = 0; i < l->nkeep; i++)
		if (fd_set_cloexec(l->keep[i], false, &ignored) < 0)
			return -1;
	return fd_set_cloexec(l->options, false, &ignored);
}

/* Runs in the child. */
static const char *
prepare(const struct launch *l, pid_t parent)
{
	setpgid(0, 0);
	if (l->uproot && uproot() < 0)
		return "cannot leave the chroot";
	if (l->noverlays > 0 && overlay_mount(l->overlays, l->noverlays,
	    l->messages) < 0)
		return "cannot mount the overlay: the state directory may "
		    "be on one itself, as in a container: set "
		    "XDG_STATE_HOME to one on a disk or tmpfs";
	/* after the changes of credentials, which clear it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return "the parent is gone";
	if (place_descriptors(l) < 0)
		return "cannot set up descriptors";
	/* last: until here a closed pipe is to be an error with a name */
	child_default_signals();
	return NULL;
}

static void __attribute__((noreturn))
become(const struct launch *l, pid_t parent)
{
	const char *failed = prepare(l, parent);
	char text[256];
	int n;

	if (!failed) {
		execve(l->bwrap, l->argv->v, l->env->v);
		failed = "cannot run bwrap";
	}
	n = snprintf(text, sizeof(text), "%s: %s\n", failed, strerror(errno));
	/* descriptor 2 is `messages` only if it came that far */
	if (write(fcntl(l->messages, F_GETFD) >= 0 ? l->messages : 2, text,
	    (size_t)n) < 0)
		_exit(ST_WRAPPER);
	_exit(ST_WRAPPER);
}

pid_t
launch_start(const struct launch *l, int *ret_pidfd, struct err *e)
{
	pid_t parent = getpid(), pid;

	/* the child makes system calls and nothing else: no copy is needed */
	pid = vfork();
	if (pid == 0)
		become(l, parent);
	if (pid < 0)
		return err_sys(e, ST_WRAPPER, "cannot fork");
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (*ret_pidfd < 0)
		return err_sys(e, ST_WRAPPER, "cannot watch a child");
	return pid;
}
