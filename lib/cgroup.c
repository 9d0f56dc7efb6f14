/* cgroup: a control group of our own for one sandbox. */
#include "config.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "num.h"
#include "path.h"

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
		if (strncmp(p, key, n) != 0 || (n > 0 && p[n] != ' '))
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
 * Makes a group below `parent` and opens the file that is written "0" to to
 * enter it.  In version 1 that is `tasks`: for a thread that moves itself the
 * kernel then waits for no grace period, which takes 20 ms.
 */
static int
make_group(struct cgroup *g, const char *parent, const char *enter)
{
	AUTO_FREE char *dir = xasprintf("%s/agent-sandbox-%d", parent,
	    (int)getpid());
	AUTO_FREE char *procs = path_join(dir, enter);
	int fd;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -1;
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		rmdir(dir);
		return -1;
	}
	strs_add(&g->dirs, dir);
	g->procs[g->nprocs++] = fd;
	return 0;
}

static void
undo_last(struct cgroup *g)
{
	close(g->procs[--g->nprocs]);
	rmdir(g->dirs.v[g->dirs.n - 1]);
	strs_cut(&g->dirs, g->dirs.n - 1);
}

/*
 * "No internal processes": a group with members cannot give its controllers
 * to its children, so our own must be empty but for us; we do not move
 * others.  Where it is not, the parent's delegated sibling would do, but
 * that we cannot know to be ours.
 */
static bool
make_v2(struct cgroup *g, const struct cgroup_limits *want, const char *all)
{
	AUTO_FREE char *own = own_group(all, "");
	AUTO_FREE char *parent = own ? xasprintf("/sys/fs/cgroup%s", own) :
	    NULL;
	const char *dir;

	if (!parent || access("/sys/fs/cgroup/cgroup.controllers", R_OK) < 0)
		return false;
	if (write_value(parent, "cgroup.subtree_control",
	    "+memory +pids +cpu") < 0 || make_group(g, parent,
	    "cgroup.procs") < 0)
		return false;
	dir = g->dirs.v[0];
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
	g->version = 2;
	return true;
}

static bool
v1_group(struct cgroup *g, const char *all, const char *controller,
    const char *file, int64_t value)
{
	AUTO_FREE char *own = own_group(all, controller);
	AUTO_FREE char *parent = own ? xasprintf("/sys/fs/cgroup/%s%s",
	    controller, strcmp(own, "/") == 0 ? "" : own) : NULL;

	/* in a container the path is one of the host's */
	if (parent && !path_is_dir(parent)) {
		free(parent);
		parent = xasprintf("/sys/fs/cgroup/%s", controller);
	}
	if (!parent || access(parent, W_OK) < 0 ||
	    make_group(g, parent, "tasks") < 0)
		return false;
	if (write_number(g->dirs.v[g->dirs.n - 1], file, value) == 0)
		return true;
	undo_last(g);
	return false;
}

static void
make_v1(struct cgroup *g, const struct cgroup_limits *want, const char *all)
{
	if (want->memory > 0)
		g->memory = v1_group(g, all, "memory",
		    "memory.limit_in_bytes", want->memory);
	if (g->memory)
		/* where swap is counted, it counts */
		write_number(g->dirs.v[0], "memory.memsw.limit_in_bytes",
		    want->memory);
	if (want->pids > 0)
		g->pids = v1_group(g, all, "pids", "pids.max", want->pids);
	if (want->cpus > 0)
		g->cpu = v1_group(g, all, "cpu", "cpu.cfs_quota_us",
		    (int64_t)(want->cpus * 100000));
	if (g->nprocs > 0)
		g->version = 1;
}

void
cgroup_make(struct cgroup *g, const struct cgroup_limits *limits)
{
	AUTO_BUF struct buf all = BUF_INIT;
	struct err ignored;

	if ((limits->memory <= 0 && limits->pids <= 0 && limits->cpus <= 0) ||
	    path_read("/proc/self/cgroup", 65536, &all, &ignored) < 0)
		return;
	if (!make_v2(g, limits, all.data) && geteuid() == 0)
		make_v1(g, limits, all.data);
}

static const char *
dir_of(const struct cgroup *g, const char *controller)
{
	for (size_t i = 0; i < g->dirs.n; i++)
		if (g->version == 2 || strstr(g->dirs.v[i], controller))
			return g->dirs.v[i];
	return "/nonexistent";
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
	*g = (struct cgroup)CGROUP_INIT;
}
