/* cgroup: a control group of our own for one sandbox. */
#include "config.h"

#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "num.h"
#include "path.h"

#define PREFIX "agent-sandbox-"

enum { STALE_SECONDS = 10 };

static int
write_value(const char *dir, const char *file, const char *text)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text) ? 0 : -1;
}

static int
write_number(const char *dir, const char *file, int64_t v)
{
	AUTO_FREE char *text = xasprintf("%lld", (long long)v);

	return write_value(dir, file, text);
}

/* The number in a file, or after `key` in a file of "key number" lines. */
static int64_t
read_number(const char *dir, const char *file, const char *key)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	int64_t v;
	const char *p;

	if (path_read(path, 65536, &text, &ignored) < 0)
		return 0;
	for (p = text.data; p && *p; p = strchr(p, '\n')) {
		size_t n = strlen(key);
		p += *p == '\n';
		if (strncmp(p, key, n) != 0 || (n > 0 &&
		    p[n] != ' ' && p[n] != '\t'))
			continue;
		p += n + (n > 0);
		AUTO_FREE char *one = xstrndup(p, strcspn(p, "\n"));
		return num_parse_int(one, 0, INT64_MAX, &v) == 0 ? v : 0;
	}
	return 0;
}

/*
 * Our own group in the hierarchy whose line of /proc/self/cgroup, which is
 * `all`, has this list of controllers ("" for version 2), as a path below
 * its mount.
 */
static char *
own_group(const char *all, const char *controller)
{
	AUTO_FREE char *text = xstrdup(all);
	size_t n = strlen(controller);
	char *line, *rest;

	for (rest = text; (line = strsep(&rest, "\n")); ) {
		char *list = strchr(line, ':'), *path, *one;
		if (!list || !(path = strchr(++list, ':')))
			continue;
		*path++ = '\0';
		if (n == 0 && !*list)
			return xstrdup(path);
		while (n > 0 && (one = strsep(&list, ",")))
			if (strcmp(one, controller) == 0)
				return xstrdup(path);
	}
	return NULL;
}

/*
 * Removes what is left of sandboxes that were killed together with their
 * janitors: empty groups named after a process that is gone.  A young one may
 * belong to a process namespace that is not ours, and be about to be used.
 */
static void
sweep(const char *parent)
{
	const struct dirent *entry;
	time_t now = (time_t)(clock_wall() / CLOCK_SEC);
	struct stat links;
	DIR *d;

	/* of a group these are the groups in it, and two: only ours */
	if (stat(parent, &links) == 0 && links.st_nlink == 3)
		return;
	d = opendir(parent);
	while (d && (entry = readdir(d))) {
		const char *digits = entry->d_name + strlen(PREFIX);
		struct stat st;
		int64_t pid;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		AUTO_FREE char *number = xstrndup(digits, strspn(digits,
		    "0123456789"));
		if (num_parse_int(number, 1, INT32_MAX, &pid) == 0 &&
		    kill((pid_t)pid, 0) < 0 && errno == ESRCH &&
		    fstatat(dirfd(d), entry->d_name, &st, 0) == 0 &&
		    st.st_mtime + STALE_SECONDS < now)
			(void)unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

static char *
parent_of(const char *dir)
{
	return xstrndup(dir, (size_t)(strrchr(dir, '/') - dir));
}

/* One that is to be made below `parent`. */
static void
plan(struct cgroup *g, const char *parent)
{
	AUTO_FREE char *dir = xasprintf("%s/" PREFIX "%d", parent,
	    (int)getpid());

	strs_add(&g->dirs, dir);
}

/*
 * Makes the group `dir`, a planned one, and opens the file that is written
 * "0" to to enter it.  In version 1 that is `tasks`: for a thread that moves
 * itself the kernel then waits for no grace period, which takes 20 ms.
 */
static int
make_group(struct cgroup *g, const char *dir, const char *enter)
{
	AUTO_FREE char *procs = path_join(dir, enter);
	int fd;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -1;
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		rmdir(dir);
		return -1;
	}
	g->procs[g->nprocs++] = fd;
	return 0;
}

static bool
is_child(pid_t pid)
{
	AUTO_FREE char *dir = xasprintf("/proc/%d", (int)pid);

	return read_number(dir, "status", "PPid:") == getpid();
}

/*
 * Calls `each` with every member of a group; false when one is neither us nor
 * a child of ours, or when `each` is.
 */
static bool
each_member(const char *group, bool (*each)(const char *to, const char *pid),
    const char *to)
{
	AUTO_FREE char *path = path_join(group, "cgroup.procs");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	char *rest, *one;
	int64_t pid;

	if (path_read(path, 65536, &text, &ignored) < 0)
		return false;
	for (rest = text.data; rest && (one = strsep(&rest, "\n")); )
		if (*one && (num_parse_int(one, 1, INT32_MAX, &pid) < 0 ||
		    (pid != getpid() && !is_child((pid_t)pid)) ||
		    (each && !each(to, one))))
			return false;
	return true;
}

static bool
move_to(const char *group, const char *pid)
{
	return write_value(group, "cgroup.procs", pid) == 0;
}

bool
cgroup_is_likely(const struct cgroup *g)
{
	if (g->dirs.n == 0)
		return false;
	if (g->version != 2)
		return true;
	AUTO_FREE char *parent = parent_of(g->dirs.v[0]);
	AUTO_FREE char *control = path_join(parent, "cgroup.subtree_control");
	return access(control, W_OK) == 0 && each_member(parent, NULL, NULL);
}

/*
 * "No internal processes": a group with members cannot give its controllers
 * to its children.  Where there is nobody but us, as in a scope of our own,
 * we step aside, into a group below it; others we do not move.
 */
static int
share_controllers(struct cgroup *g, const char *parent)
{
	static const char control[] = "cgroup.subtree_control";
	static const char all[] = "+memory +pids +cpu";
	AUTO_FREE char *aside = NULL;

	if (write_value(parent, control, all) == 0)
		return 0;
	if (errno != EBUSY)
		return -1;
	aside = xasprintf("%s/" PREFIX "%d-self", parent, (int)getpid());
	if (mkdir(aside, 0755) < 0)
		return -1;
	if (each_member(parent, NULL, NULL) &&
	    each_member(parent, move_to, aside) &&
	    write_value(parent, control, all) == 0) {
		g->left = xstrdup(parent);
		return 0;
	}
	(void)each_member(aside, move_to, parent);
	rmdir(aside);
	return -1;
}

/* Back to where we were; what had to be given to nobody else is given back. */
static void
step_back(struct cgroup *g)
{
	AUTO_FREE char *aside = NULL;

	if (!g->left)
		return;
	aside = xasprintf("%s/" PREFIX "%d-self", g->left, (int)getpid());
	if (write_value(g->left, "cgroup.subtree_control",
	    "-memory -pids -cpu") == 0 &&
	    write_value(g->left, "cgroup.procs", "0") == 0)
		rmdir(aside);
	free(g->left);
}

static const char *
dir_of(const struct cgroup *g, const char *controller)
{
	for (size_t i = 0; i < g->dirs.n; i++)
		if (g->version == 2 || strstr(g->dirs.v[i], controller))
			return g->dirs.v[i];
	return "/nonexistent";
}

static bool
make_v2(struct cgroup *g, const struct cgroup_limits *want)
{
	const char *dir = dir_of(g, "");
	AUTO_FREE char *parent = parent_of(dir);

	if (share_controllers(g, parent) < 0 ||
	    make_group(g, dir, "cgroup.procs") < 0)
		return false;
	if (want->memory > 0) {
		g->memory = write_number(dir, "memory.max", want->memory) == 0;
		write_value(dir, "memory.oom.group", "1");
		write_value(dir, "memory.swap.max", "0");
	}
	if (want->pids > 0)
		g->pids = write_number(dir, "pids.max", want->pids) == 0;
	if (want->cpus > 0) {
		AUTO_FREE char *quota = xasprintf("%lld 100000",
		    (long long)(want->cpus * 100000));
		g->cpu = write_value(dir, "cpu.max", quota) == 0;
	}
	return true;
}

static bool
v1_group(struct cgroup *g, const char *controller, const char *file,
    int64_t value)
{
	const char *dir = dir_of(g, controller);

	if (make_group(g, dir, "tasks") < 0)
		return false;
	if (write_number(dir, file, value) == 0)
		return true;
	close(g->procs[--g->nprocs]);
	rmdir(dir);
	return false;
}

static bool
make_v1(struct cgroup *g, const struct cgroup_limits *want)
{
	if (want->memory > 0)
		g->memory = v1_group(g, "/memory/", "memory.limit_in_bytes",
		    want->memory);
	if (g->memory)
		/* where swap is counted, it counts */
		write_number(dir_of(g, "/memory/"),
		    "memory.memsw.limit_in_bytes", want->memory);
	if (want->pids > 0)
		g->pids = v1_group(g, "/pids/", "pids.max", want->pids);
	if (want->cpus > 0)
		g->cpu = v1_group(g, "/cpu/", "cpu.cfs_quota_us",
		    (int64_t)(want->cpus * 100000));
	return g->nprocs > 0;
}

static void
plan_v1(struct cgroup *g, const char *all, const char *controller)
{
	AUTO_FREE char *own = own_group(all, controller);
	AUTO_FREE char *parent = own ? xasprintf("/sys/fs/cgroup/%s%s",
	    controller, strcmp(own, "/") == 0 ? "" : own) : NULL;

	/* in a container the path is one of the host's */
	if (parent && !path_is_dir(parent)) {
		free(parent);
		parent = xasprintf("/sys/fs/cgroup/%s", controller);
	}
	if (parent && access(parent, W_OK) == 0)
		plan(g, parent);
}

void
cgroup_plan(struct cgroup *g, const struct cgroup_limits *want)
{
	AUTO_BUF struct buf all = BUF_INIT;
	struct err ignored;

	if ((want->memory <= 0 && want->pids <= 0 && want->cpus <= 0) ||
	    path_read("/proc/self/cgroup", 65536, &all, &ignored) < 0)
		return;
	if (access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0) {
		AUTO_FREE char *own = own_group(all.data, "");
		AUTO_FREE char *parent = own ?
		    xasprintf("/sys/fs/cgroup%s", own) : NULL;
		if (parent)
			plan(g, parent);
		g->version = 2;
	} else if (geteuid() == 0) {
		if (want->memory > 0)
			plan_v1(g, all.data, "memory");
		if (want->pids > 0)
			plan_v1(g, all.data, "pids");
		if (want->cpus > 0)
			plan_v1(g, all.data, "cpu");
		g->version = 1;
	}
}

void
cgroup_make(struct cgroup *g, const struct cgroup_limits *want)
{
	if (g->dirs.n == 0 || !(g->version == 2 ? make_v2(g, want) :
	    make_v1(g, want)))
		g->version = 0;
}

void
cgroup_sweep(const struct cgroup *g)
{
	for (size_t i = 0; i < g->dirs.n; i++) {
		AUTO_FREE char *parent = parent_of(g->dirs.v[i]);
		sweep(parent);
	}
}

int64_t
cgroup_memory_peak(const struct cgroup *g)
{
	return g->version == 2 ?
	    read_number(dir_of(g, ""), "memory.peak", "") :
	    read_number(dir_of(g, "/memory/"), "memory.max_usage_in_bytes",
	    "");
}

int64_t
cgroup_oom_kills(const struct cgroup *g)
{
	return g->version == 2 ?
	    read_number(dir_of(g, ""), "memory.events", "oom_kill") :
	    read_number(dir_of(g, "/memory/"), "memory.oom_control",
	    "oom_kill");
}

int64_t
cgroup_pids_refused(const struct cgroup *g)
{
	return read_number(dir_of(g, "/pids/"), "pids.events", "max");
}

void
cgroup_remove(struct cgroup *g)
{
	for (size_t i = 0; i < g->nprocs; i++)
		close(g->procs[i]);
	g->nprocs = 0;
	for (size_t i = 0; i < g->dirs.n; i++)
		cgroup_remove_dir(g->dirs.v[i]);
	strs_release(&g->dirs);
	step_back(g);
	*g = (struct cgroup)CGROUP_INIT;
}
