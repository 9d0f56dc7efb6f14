/* limits: how a sandbox's limits are kept on this host, and watching them. */
#include "config.h"

#include "boxlimits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include "alloc.h"
#include "fd.h"
#include "num.h"
#include "path.h"
#include "scope.h"

enum {
	ULIMITS_MAX = BOX_RLIMITS - 8,	/* room for our own */
	PID_MAX_LEAST = 301,	/* the kernel takes no less */
	TREE_MAX = 100000,
	FIRST_LOOK_MS = 40,
	LOOK_MS = 100
};

static void
add_rlimit(struct box_spec *spec, int resource, int64_t value)
{
	struct box_rlimit *r = &spec->rlimits[spec->nrlimits];

	if (spec->nrlimits == BOX_RLIMITS)
		return;
	r->resource = resource;
	r->value = value;
	spec->nrlimits++;
}

/* "NAME=N", the names of setrlimit(2) in small letters. */
static int
add_ulimit(struct box_spec *spec, const char *rule, struct err *e)
{
	static const struct { const char *name; int resource; } all[] = {
		{ "as", RLIMIT_AS }, { "core", RLIMIT_CORE },
		{ "cpu", RLIMIT_CPU }, { "data", RLIMIT_DATA },
		{ "fsize", RLIMIT_FSIZE }, { "locks", RLIMIT_LOCKS },
		{ "memlock", RLIMIT_MEMLOCK },
		{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
		{ "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC },
		{ "rss", RLIMIT_RSS }, { "rtprio", RLIMIT_RTPRIO },
		{ "rttime", RLIMIT_RTTIME },
		{ "sigpending", RLIMIT_SIGPENDING },
		{ "stack", RLIMIT_STACK }
	};
	size_t n = strcspn(rule, "=");
	int64_t v;

	if (rule[n] != '=' ||
	    num_parse_int(rule + n + 1, 0, INT64_MAX, &v) < 0)
		return err_set(e, ST_WRAPPER,
		    "--ulimit takes NAME=N, not '%s'", rule);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strlen(all[i].name) == n &&
		    strncmp(all[i].name, rule, n) == 0) {
			add_rlimit(spec, all[i].resource, v);
			return 0;
		}
	return err_set(e, ST_WRAPPER, "--ulimit knows no '%.*s'", (int)n,
	    rule);
}

/* Since Linux 6.14 the greatest pid belongs to the process namespace. */
static bool
pid_max_is_ours(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	return uname(&u) == 0 &&
	    sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	    (major > 6 || (major == 6 && minor >= 14));
}

static int
choose_pids(struct boxlimits *l, struct box_spec *spec, struct err *e)
{
	const struct rules *r = l->rules;

	if (r->pids == 0)
		return 0;
	if (l->group.pids) {
		l->pids = l->group.version == 2 ? "cgroup2" : "cgroup1";
	} else if (pid_max_is_ours()) {
		l->pids = "pid_max";
		spec->pid_max = (int32_t)(r->pids < PID_MAX_LEAST ?
		    PID_MAX_LEAST : r->pids);
	} else if (geteuid() != 0) {
		l->pids = "nproc";
	} else if (!rules_may_lack(r, "pids")) {
		return err_set(e, ST_WRAPPER, "cannot limit processes: this "
		    "kernel has neither a control group for us nor pid_max "
		    "per namespace, and RLIMIT_NPROC does not bind root; "
		    "--best-effort pids does without");
	}
	/* a second wall for an ordinary user; last, since it counts us */
	if (geteuid() != 0)
		add_rlimit(spec, RLIMIT_NPROC, r->pids);
	return 0;
}

static int
choose_cpu(struct boxlimits *l, struct box_spec *spec, struct err *e)
{
	const struct rules *r = l->rules;
	int64_t whole = (int64_t)(r->cpus + 0.999);

	if (r->cpus <= 0)
		return 0;
	if (l->group.cpu) {
		l->cpu = l->group.version == 2 ? "cgroup2" : "cgroup1";
		return 0;
	}
	if (r->cpus < (double)whole - 0.001 && !rules_may_lack(r, "cpus"))
		return err_set(e, ST_WRAPPER, "cannot limit to %g processors: "
		    "without a control group only whole ones can be kept; "
		    "--best-effort cpus rounds up", r->cpus);
	l->cpu = "affinity";
	spec->cpus = (int32_t)whole;
	return 0;
}

static int64_t
free_bytes(const char *path)
{
	struct statfs s;

	return statfs(path, &s) == 0 ?
	    (int64_t)s.f_bfree * (int64_t)s.f_bsize : 0;
}

static struct cgroup_limits
wanted(const struct rules *rules)
{
	return (struct cgroup_limits){ rules->memory, rules->pids,
	    rules->cpus };
}

/* Whether somebody named one that a group keeps; asking takes 10 ms. */
static bool
is_asked_for(const struct rules *r)
{
	AUTO_RULES struct rules builtin = RULES_INIT;

	rules_defaults(&builtin);
	return r->memory != builtin.memory || r->pids != builtin.pids ||
	    r->cpus > 0;
}

/* Asks for a group that is ours alone, where somebody gives one. */
static bool
enter_scope(void)
{
	AUTO_SCOPE_HOST struct scope_host host = SCOPE_HOST_INIT;
	struct err e = ERR_INIT;

	scope_host_find(&host);
	if (!scope_possible(&host))
		return false;
	if (scope_enter(&host, &e) == 0)
		return true;
	err_warn("%s: limits are kept without a control group", e.text);
	return false;
}

void
boxlimits_plan(struct boxlimits *l, const struct rules *rules)
{
	const struct cgroup_limits want = wanted(rules);

	l->rules = rules;
	cgroup_plan(&l->group, &want);
	if (cgroup_is_likely(&l->group) || !is_asked_for(rules) ||
	    !enter_scope())
		return;
	cgroup_remove(&l->group);
	cgroup_plan(&l->group, &want);
}

int
boxlimits_prepare(struct boxlimits *l, const char *workspace,
    struct box_spec *spec, struct err *e)
{
	const struct rules *rules = l->rules;
	const struct cgroup_limits want = wanted(rules);

	l->workspace = xstrdup(workspace);
	l->free_at_start = free_bytes(workspace);
	cgroup_make(&l->group, &want);
	if (rules->memory > 0) {
		l->memory = !l->group.memory ? "watch" :
		    l->group.version == 2 ? "cgroup2" : "cgroup1";
		/* what one process takes at once, a watch cannot see in time */
		add_rlimit(spec, RLIMIT_DATA, rules->memory);
	}
	if (rules->file_size > 0)
		add_rlimit(spec, RLIMIT_FSIZE, rules->file_size);
	if (rules->files > 0)
		add_rlimit(spec, RLIMIT_NOFILE, rules->files);
	if (rules->cpu_time > 0)
		add_rlimit(spec, RLIMIT_CPU,
		    (rules->cpu_time + CLOCK_SEC - 1) / CLOCK_SEC);
	/* 1, not 0: a core_pattern that is a pipe ignores 0 */
	add_rlimit(spec, RLIMIT_CORE, 1);
	if (rules->ulimit.n > ULIMITS_MAX)
		return err_set(e, ST_WRAPPER, "more than %d of --ulimit",
		    ULIMITS_MAX);
	for (size_t i = 0; i < rules->ulimit.n; i++)
		if (add_ulimit(spec, rules->ulimit.v[i], e) < 0)
			return -1;
	l->interval = LOOK_MS * CLOCK_MS;
	l->next = deadline_in(FIRST_LOOK_MS * CLOCK_MS);
	if (choose_cpu(l, spec, e) < 0)
		return -1;
	return choose_pids(l, spec, e);
}

/* Reads a small file of /proc; empty when it is gone. */
static void
read_proc(pid_t pid, const char *name, struct buf *out)
{
	char path[64];
	struct err ignored;

	buf_reset(out);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	(void)path_read(path, 65536, out, &ignored);
}

/* "Key:   123 kB" as bytes, or "key: 123". */
static int64_t
proc_value(const struct buf *text, const char *key, int64_t unit)
{
	const char *p = text->data ? strstr(text->data, key) : NULL;
	int64_t v;

	if (!p)
		return 0;
	p += strlen(key);
	p += strspn(p, " \t");
	AUTO_FREE char *digits = xstrndup(p, strspn(p, "0123456789"));
	return num_parse_int(digits, 0, INT64_MAX / 1024, &v) == 0 ?
	    v * unit : 0;
}

struct use {
	int64_t memory, written;
};

struct tree {
	pid_t *pids;
	size_t n, cap;
};

/* The children of every thread: each has a list of its own. */
static void
add_children(struct tree *t, pid_t pid, struct buf *text)
{
	char path[64];
	DIR *d;
	const struct dirent *entry;
	int64_t tid;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		char *rest, *one;
		if (num_parse_int(entry->d_name, 1, INT32_MAX, &tid) < 0)
			continue;
		snprintf(path, sizeof(path), "task/%d/children", (int)tid);
		read_proc(pid, path, text);
		for (rest = text->data; rest && (one = strsep(&rest, " ")); ) {
			int64_t child;
			if (num_parse_int(one, 1, INT32_MAX, &child) < 0 ||
			    t->n > TREE_MAX)
				continue;
			GROW(t->pids, t->n, t->cap);
			t->pids[t->n++] = (pid_t)child;
		}
	}
	if (d)
		closedir(d);
}

static struct use
tree_use(pid_t root)
{
	struct tree t = { 0 };
	struct use use = { 0, 0 };
	AUTO_BUF struct buf text = BUF_INIT;

	GROW(t.pids, t.n, t.cap);
	t.pids[t.n++] = root;
	for (size_t i = 0; i < t.n; i++) {
		pid_t pid = t.pids[i];
		add_children(&t, pid, &text);
		read_proc(pid, "status", &text);
		use.memory += proc_value(&text, "RssAnon:", 1024) +
		    proc_value(&text, "RssShmem:", 1024);
		read_proc(pid, "io", &text);
		use.written += proc_value(&text, "\nwrite_bytes:", 1) -
		    proc_value(&text, "cancelled_write_bytes:", 1);
	}
	free(t.pids);
	return use;
}

const char *
boxlimits_watch(struct boxlimits *l, pid_t root)
{
	const struct rules *r = l->rules;
	bool memory = r->memory > 0 && !l->group.memory;
	struct use use;

	l->next = DEADLINE_NEVER;
	if (!memory && r->disk == 0)
		return NULL;
	l->next = deadline_in(l->interval);
	if (memory) {
		use = tree_use(root);
		if (use.memory > l->memory_peak)
			l->memory_peak = use.memory;
		if (use.memory > r->memory)
			return "memory";
	}
	/* the file system lost that much and we wrote that much */
	if (r->disk > 0 &&
	    l->free_at_start - free_bytes(l->workspace) > r->disk) {
		use = tree_use(root);
		if (use.written > r->disk)
			return "disk";
	}
	return NULL;
}

const char *
boxlimits_struck(struct boxlimits *l)
{
	int64_t peak;

	if (l->group.nprocs == 0)
		return NULL;
	peak = cgroup_memory_peak(&l->group);
	if (peak > l->memory_peak)
		l->memory_peak = peak;
	if (cgroup_oom_kills(&l->group) > 0)
		return "memory";
	return cgroup_pids_refused(&l->group) > 0 ? "pids" : NULL;
}

void
boxlimits_release(struct boxlimits *l)
{
	cgroup_remove(&l->group);
	free(l->workspace);
	l->workspace = NULL;
}
