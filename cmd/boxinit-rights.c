/* boxinit-rights: what the init takes from itself, and so from the command. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n, len = (ssize_t)strlen(text);

	if (fd < 0)
		return -1;
	n = write(fd, text, (size_t)len);
	close(fd);
	return n == len ? 0 : -1;
}

enum { NUMBER_SIZE = 12 };

/* In decimal; returns the end, where a NUL is. */
static char *
put_number(char *to, uint32_t v)
{
	char digits[NUMBER_SIZE];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (n > 0)
		*to++ = digits[--n];
	*to = '\0';
	return to;
}

void
init_limit(void)
{
	char text[NUMBER_SIZE];

	if (init_spec.pid_max > 0) {
		put_number(text, (uint32_t)init_spec.pid_max);
		if (write_file("/proc/sys/kernel/pid_max", text) < 0)
			init_fail("cannot limit processes by pid_max");
	}
	if (init_spec.cpus > 0) {
		cpu_set_t have, want;
		int32_t n = 0;

		CPU_ZERO(&want);
		if (sched_getaffinity(0, sizeof(have), &have) < 0)
			init_fail("cannot limit processors");
		for (size_t i = 0; i < CPU_SETSIZE && n < init_spec.cpus; i++)
			if (CPU_ISSET(i, &have)) {
				CPU_SET(i, &want);
				n++;
			}
		if (sched_setaffinity(0, sizeof(want), &want) < 0)
			init_fail("cannot limit processors");
	}
	for (uint32_t i = 0; i < init_spec.nrlimits && i < BOX_RLIMITS; i++) {
		rlim_t v = (rlim_t)init_spec.rlimits[i].value;
		struct rlimit old, new = { v, v };
		__rlimit_resource_t what =
		    (__rlimit_resource_t)init_spec.rlimits[i].resource;

		/* never more than the caller had */
		if (getrlimit(what, &old) == 0 && old.rlim_max < v)
			new.rlim_cur = new.rlim_max = old.rlim_max;
		if (setrlimit(what, &new) < 0)
			init_fail("cannot set a resource limit");
	}
}

/* "ID 0 1": who is 0 outside of it is `id` in it. */
static int
write_map(const char *path, uint32_t id)
{
	static const char rest[] = " 0 1";
	char text[NUMBER_SIZE + sizeof(rest)];

	memcpy(put_number(text, id), rest, sizeof(rest));
	return write_file(path, text);
}

/*
 * bwrap ran us as uid 0 so that ports below 1024 and mounts could be had:
 * in a second user namespace we are who we were, and nobody else.
 */
void
init_map_back(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		init_fail("cannot make the second user namespace");
	if (write_file("/proc/self/setgroups", "deny") < 0)
		init_fail("cannot write 'setgroups'");
	if (write_map("/proc/self/uid_map", init_spec.uid) < 0)
		init_fail("cannot map the user");
	if (write_map("/proc/self/gid_map", init_spec.gid) < 0)
		init_fail("cannot map the group");
}

/* Not with MS_REC: bwrap's own covers below stay as they are. */
void
init_protect_proc(void)
{
	if (mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY |
	    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		init_fail("cannot make /proc read-only");
}

void
init_drop_rights(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 } };

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		/* to ask costs less, and most are dropped already */
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			init_fail("cannot drop the bounding set");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0)
		init_fail("cannot drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		init_fail("cannot set no_new_privs");
	/* whoever changed credentials lost the first two */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		init_fail("cannot protect the init");
}

/* <linux/landlock.h>, which older headers have without some of this. */
enum {
	LAND_WRITE = 1 << 1, LAND_REFER = 1 << 13, LAND_TRUNCATE = 1 << 14,
	LAND_SOCKETS = 1 << 0, LAND_SIGNALS = 1 << 1,
	LAND_BENEATH = 1
};

/* All that can be seen by a path may be written as if there were no rules. */
static int
allow_root(int rules, uint64_t access)
{
	const struct {
		uint64_t access;
		int32_t dir;
	} __attribute__((packed)) root = {
		access, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
	};
	long r = root.dir < 0 ? -1 : syscall(SYS_landlock_add_rule, rules,
	    LAND_BENEATH, &root, 0);

	close(root.dir);
	return (int)r;
}

/*
 * By Landlock.  With the network of the host come its abstract sockets: those
 * that were made inside are left, from Linux 6.12 on, and signals likewise.
 * And a file that is our standard input, opened to be read, could be opened
 * once more through /proc/self/fd, to be written: what is not below our root
 * cannot, from Linux 6.2 on.  Who may mount, for --nested, has not this: the
 * kernel allows no mount then.  Nothing of the kind on an older kernel; the
 * manual says so.
 */
void
init_scope(void)
{
	const bool nested = init_spec.filter == BOX_FILTER_NESTED ||
	    init_spec.filter == BOX_FILTER_NESTED_DEVEL;
	struct {
		uint64_t fs, net, scoped;
	} attr = { LAND_WRITE | LAND_REFER | LAND_TRUNCATE, 0,
	    LAND_SOCKETS | LAND_SIGNALS };
	int rules;

	if (nested)
		attr.fs = 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr), 0);
	if (rules < 0) {
		attr.scoped = 0;
		rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
		    sizeof(attr), 0);
	}
	if (rules < 0)
		return;
	if ((attr.fs && allow_root(rules, attr.fs) < 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		init_fail("cannot close files and sockets of others");
	close(rules);
}
