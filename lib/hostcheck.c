/* hostcheck: what this host can do for a sandbox, and why it cannot. */
#include "config.h"

#include "hostcheck.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "alloc.h"
#include "cgroup.h"
#include "launch.h"
#include "num.h"
#include "overlay.h"
#include "path.h"
#include "scope.h"

static const char apparmor_mend[] =
    "as root: printf 'abi <abi/4.0>,\\nprofile bwrap /usr/bin/bwrap "
    "flags=(unconfined) { userns, }\\n' > /etc/apparmor.d/bwrap; "
    "apparmor_parser -r /etc/apparmor.d/bwrap";

/* The number that a file of /proc/sys holds, or -1. */
static int64_t
sysctl_number(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	int64_t v;

	if (path_read(path, 64, &text, &ignored) < 0)
		return -1;
	buf_truncate(&text, strcspn(text.data, "\n"));
	return num_parse_int(text.data, 0, INT64_MAX, &v) == 0 ? v : -1;
}

int
hostcheck_userns(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EAGAIN;
	return WEXITSTATUS(status);
}

static bool
in_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0;
}

/* The reason and the mend; both NULL when user namespaces work. */
static void
diagnose(int error, const char **ret_why, const char **ret_mend)
{
	const char *why = NULL, *mend = NULL;

	if (!path_exists("/proc/self/ns/user")) {
		why = path_exists("/proc/self") ?
		    "the kernel has no user namespaces" :
		    "/proc is not mounted";
		mend = path_exists("/proc/self") ? "use another kernel" :
		    "mount -t proc proc /proc";
	} else if (error == 0) {
		if (sysctl_number("/proc/sys/kernel/"
		    "apparmor_restrict_unprivileged_userns") == 1 &&
		    geteuid() != 0) {
			why = "AppArmor restricts user namespaces";
			mend = apparmor_mend;
		}
	} else if (launch_chrooted()) {
		why = "this is a chroot, where the kernel makes no user "
		    "namespaces";
		mend = "run it as root, or enter the tree with "
		    "'unshare -m' and pivot_root(8), systemd-nspawn or a "
		    "container instead of chroot(8)";
	} else if (error == ENOSPC || sysctl_number("/proc/sys/user/"
	    "max_user_namespaces") == 0) {
		why = "user.max_user_namespaces is 0, or used up";
		mend = "as root: sysctl user.max_user_namespaces=15000";
	} else if (sysctl_number("/proc/sys/kernel/"
	    "unprivileged_userns_clone") == 0) {
		why = "kernel.unprivileged_userns_clone is 0";
		mend = "as root: sysctl kernel.unprivileged_userns_clone=1";
	} else if (sysctl_number("/proc/sys/kernel/"
	    "apparmor_restrict_unprivileged_userns") == 1) {
		why = "AppArmor restricts user namespaces";
		mend = apparmor_mend;
	} else if (in_seccomp()) {
		why = "a system call filter around us (a container's, or "
		    "another sandbox's) forbids user namespaces";
		mend = "docker run --security-opt seccomp=unconfined, or "
		    "agent-sandbox --nested outside";
	} else {
		why = "this host refuses user namespaces (in a chroot the "
		    "kernel does)";
		mend = "ask whoever runs it to allow unshare(CLONE_NEWUSER)";
	}
	*ret_why = why;
	*ret_mend = mend;
}

int
hostcheck_explain(const char *bwrap_said, struct err *e)
{
	AUTO_FREE char *bwrap = launch_find_bwrap();
	const char *why, *mend;
	int error = hostcheck_userns();

	if (!bwrap)
		return err_set(e, ST_WRAPPER, "cannot make a sandbox: "
		    "bubblewrap is not installed: install the package "
		    "'bubblewrap'; nothing was run");
	diagnose(error, &why, &mend);
	if (!why)
		return err_set(e, ST_WRAPPER,
		    "cannot make a sandbox: %s; nothing was run",
		    bwrap_said);
	return err_set(e, ST_WRAPPER, "cannot make a sandbox: %s; mend: %s; "
	    "nothing was run", why, mend);
}

static void
add(jv *all, const char *name, bool good, const char *what, const char *mend)
{
	jv one = json_object();

	json_set_bool(&one, "ok", good);
	json_set_str(&one, "what", what);
	if (!good && mend)
		json_set_str(&one, "mend", mend);
	json_set(all, name, one);
}

static void
add_limits(jv *all)
{
	static const struct cgroup_limits want = { 1 << 30, 1000, 1.0 };
	AUTO_SCOPE_HOST struct scope_host host = SCOPE_HOST_INIT;
	struct cgroup g = CGROUP_INIT;
	const char *what = "limits by control groups, version 2";
	struct err e = ERR_INIT;

	cgroup_plan(&g, &want);
	scope_host_find(&host);
	if (!cgroup_is_likely(&g) && scope_possible(&host)) {
		what = "limits by control groups, version 2, in a scope that "
		    "systemd gives for --memory, --pids-limit and --cpus";
		if (scope_enter(&host, &e) < 0)
			what = e.text;
		cgroup_remove(&g);
		cgroup_plan(&g, &want);
	}
	cgroup_make(&g, &want);
	if (g.version == 1)
		what = "limits by control groups, version 1";
	else if (g.version == 0 && !e.text[0])
		what = "no control group of ours: memory is watched, "
		    "processes are limited by pid_max or RLIMIT_NPROC";
	add(all, "cgroup", g.version > 0, what,
	    "systemd-run --user --scope -p Delegate=yes agent-sandbox ...");
	cgroup_remove(&g);
}

/* Good is what starts at once, whatever the size of the workspace. */
static void
add_overlay(jv *all)
{
	static const char *const words[] = {
		[OVERLAY_KERNEL] = "overlays by the kernel",
		[OVERLAY_FUSE] = "overlays by fuse-overlayfs: the kernel "
		    "refuses them in the state directory",
		[OVERLAY_COPY] = "overlays are copies of the workspace: the "
		    "kernel refuses them in the state directory, and "
		    "fuse-overlayfs is not there, or /dev/fuse not ours"
	};
	AUTO_FREE char *home = overlay_home();
	enum overlay_by by = home ? overlay_best(home) : OVERLAY_COPY;

	add(all, "overlay", by != OVERLAY_COPY, words[by], "set "
	    "XDG_STATE_HOME to a directory on a disk or tmpfs, or install "
	    "fuse-overlayfs");
}

jv
hostcheck_all(void)
{
	jv all = json_object();
	AUTO_FREE char *bwrap = launch_find_bwrap();
	const char *why, *mend;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	AUTO_FREE char *landlock = xasprintf("Landlock ABI %ld", abi);
	bool mended;

	add(&all, "bwrap", bwrap != NULL, bwrap ? bwrap : "not installed",
	    "install the package 'bubblewrap'");
	diagnose(hostcheck_userns(), &why, &mend);
	mended = why && geteuid() == 0 && launch_chrooted();
	add(&all, "userns", !why || mended, mended ? "a chroot, which root "
	    "leaves before it starts" : why ? why :
	    "user namespaces can be made", mend);
	add(&all, "landlock", abi > 0, abi > 0 ? landlock : "no Landlock",
	    NULL);
	add(&all, "tiocsti", sysctl_number("/proc/sys/dev/tty/legacy_tiocsti")
	    != 1, "typing into a terminal (TIOCSTI); held by the sandbox in "
	    "any case", "as root: sysctl dev.tty.legacy_tiocsti=0");
	add_limits(&all);
	add_overlay(&all);
	return all;
}
