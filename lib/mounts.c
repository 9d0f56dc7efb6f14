/* mounts: what the sandbox sees, as an argument list for bwrap. */
#include "config.h"

#include "mounts-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "alloc.h"
#include "path.h"

void
mounts_close(struct mounts *m)
{
	while (m->nfds > 0)
		close(m->fds[--m->nfds]);
}

void
mounts_release(struct mounts *m)
{
	mounts_close(m);
	strs_release(&m->argv);
	gitdirs_release(&m->git);
	strs_release(&m->hidden);
	free(m->init);
	buf_release(&m->pinned);
	*m = (struct mounts)MOUNTS_INIT;
}

/* /bin and the like are links into /usr, or directories of their own. */
static void
add_top(struct mounts *m, const char *name)
{
	AUTO_FREE char *path = path_join("/", name);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		STRS_ADD(&m->argv, "--symlink", target, path);
	} else if (path_is_dir(path)) {
		STRS_ADD(&m->argv, "--ro-bind", path, path);
	}
}

static void
add_system(struct mounts *m, const struct rules *rules,
    const struct mounts_where *w)
{
	static const char *const tops[] = {
		"bin", "sbin", "lib", "lib32", "lib64", "libx32"
	};
	static const char *const trees[] = {
		"/opt", "/nix/store", "/gnu/store"
	};

	STRS_ADD(&m->argv, "--ro-bind", "/usr", "/usr");
	for (size_t i = 0; i < sizeof(tops) / sizeof(*tops); i++)
		add_top(m, tops[i]);
	for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++)
		STRS_ADD(&m->argv, "--ro-bind-try", trees[i], trees[i]);
	if (w->as_root)
		mounts_add_etc(m);
	else
		STRS_ADD(&m->argv, "--ro-bind", "/etc", "/etc");
	strs_add(&m->argv, "--size");
	strs_addf(&m->argv, "%lld", (long long)(rules->tmp ? rules->tmp :
	    INT64_C(1) << 40));
	STRS_ADD(&m->argv, "--perms", "1777", "--tmpfs", "/tmp",
	    "--size", "16777216", "--tmpfs", "/run",
	    "--size", "67108864", "--tmpfs", "/var",
	    "--perms", "1777", "--dir", "/var/tmp",
	    "--symlink", "../run", "/var/run",
	    "--dev", "/dev", "--size", "67108864", "--perms", "1777",
	    "--tmpfs", "/dev/shm");
	if (w->bind_proc)
		STRS_ADD(&m->argv, "--ro-bind", "/proc", "/proc");
	else
		STRS_ADD(&m->argv, "--proc", "/proc");
	/* the init cannot make all of it read-only: nobody could mount then */
	if (w->as_root && rules->nested && !w->bind_proc)
		STRS_ADD(&m->argv, "--ro-bind", "/proc/sys", "/proc/sys",
		    "--ro-bind-try", "/proc/sysrq-trigger",
		    "/proc/sysrq-trigger");
}

char *
mounts_split(const char *rule, const struct mounts_where *w, char **ret_dest)
{
	const char *colon = strrchr(rule, ':');
	AUTO_FREE char *part = colon && colon[1] == '/' ?
	    xstrndup(rule, (size_t)(colon - rule)) : xstrdup(rule);
	AUTO_FREE char *full = part[0] == '~' &&
	    (part[1] == '/' || part[1] == '\0') ?
	    xasprintf("%s%s", w->home, part + 1) :
	    path_join(w->workspace, part);
	char *real = realpath(full, NULL);
	size_t n = strlen(w->workspace);

	if (!real)
		return NULL;
	if (colon && colon[1] == '/')
		*ret_dest = xstrdup(colon + 1);
	else if (strstr(full, "/../") ||
	    (strncmp(full, w->workspace, n) == 0 && full[n] == '/'))
		/* a link in the workspace shows what it means */
		*ret_dest = xstrdup(real);
	else
		*ret_dest = xstrdup(full);
	return real;
}

struct bind {
	const char *option;
	char *source, *dest;
	size_t order;
};

struct binds {
	struct bind *v;
	size_t n, cap;
};

static void
binds_add(struct binds *b, const char *option, char *source, char *dest)
{
	GROW(b->v, b->n, b->cap);
	b->v[b->n] = (struct bind){ option, source, dest, b->n };
	b->n++;
}

static void
binds_release(struct binds *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].source);
		free(b->v[i].dest);
	}
	free(b->v);
}

/* A directory is shorter than what is in it. */
static int
by_depth(const void *pa, const void *pb)
{
	const struct bind *a = pa, *b = pb;
	size_t la = strlen(a->dest), lb = strlen(b->dest);

	if (la != lb)
		return la < lb ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* What lies in the workspace on the host must be there already. */
static int
check_dest(const struct mounts_where *w, const char *dest, struct err *e)
{
	size_t n = strlen(w->workspace);

	if (strstr(dest, "/../") || strcmp(path_basename(dest), "..") == 0)
		return err_set(e, ST_WRAPPER, "'%s' has '..' in it: nothing "
		    "can be shown there", dest);
	if (strncmp(dest, w->workspace, n) != 0 || dest[n] != '/')
		return 0;
	AUTO_FREE char *real = realpath(dest, NULL);
	if (real && strcmp(real, dest) == 0)
		return 0;
	return err_set(e, ST_WRAPPER, "'%s' does not exist: no mount point "
	    "is made in the workspace", dest);
}

static int
add_list(struct binds *b, const struct strs *rules, const char *option,
    const struct mounts_where *w, struct err *e)
{
	for (size_t i = 0; i < rules->n; i++) {
		const char *rule = rules->v[i];
		bool optional = rule[0] == '?';
		char *dest = NULL;
		char *source = mounts_split(rule + optional, w, &dest);

		if (!source && optional)
			continue;
		if (!source)
			return err_sys(e, ST_WRAPPER, "cannot show '%s'", rule);
		binds_add(b, option, source, dest);
		if (check_dest(w, dest, e) < 0)
			return -1;
	}
	return 0;
}

/* Whether it is, or is below, what comes there from elsewhere. */
static bool
is_shown_otherwise(const struct binds *b, const char *path)
{
	/* the first is the workspace */
	for (size_t i = 1; i < b->n; i++) {
		size_t n = strlen(b->v[i].dest);
		if (strncmp(b->v[i].dest, path, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0') &&
		    strcmp(b->v[i].source, b->v[i].dest) != 0)
			return true;
	}
	return false;
}

static void
note_pinned(struct mounts *m, const struct binds *b, const char *path,
    const struct mounts_where *w)
{
	size_t n = strlen(w->workspace);

	if (strncmp(path, w->workspace, n) != 0 || path[n] != '/' ||
	    is_shown_otherwise(b, path))
		return;
	for (; *path; path++) {
		if (strchr(" \t\n\\", *path))
			buf_addf(&m->pinned, "\\%03o", *path);
		else
			buf_addc(&m->pinned, *path);
	}
	buf_addc(&m->pinned, '\0');
}

static int
add_binds(struct mounts *m, struct binds *b, const struct rules *rules,
    const struct mounts_where *w, struct err *e)
{
	const char *how = rules->read_only ? "--ro-bind" : "--bind";

	binds_add(b, how, xstrdup(w->backing), xstrdup(w->workspace));
	if (add_list(b, &rules->ro, "--ro-bind", w, e) < 0 ||
	    add_list(b, &rules->rw, "--bind", w, e) < 0 ||
	    add_list(b, &rules->sockets, "--ro-bind", w, e) < 0 ||
	    add_list(b, &rules->devices, "--dev-bind", w, e) < 0)
		return -1;
	for (size_t i = 0; i < w->ncaches; i++)
		binds_add(b, "--bind", xstrdup(w->caches[i].merged),
		    xstrdup(w->caches[i].dest));
	for (size_t i = 0; i < m->git.pin.n; i++)
		binds_add(b, how, xstrdup(m->git.pin.v[i]),
		    xstrdup(m->git.pin.v[i]));
	for (size_t i = 0; i < m->git.ro.n; i++)
		binds_add(b, "--ro-bind", xstrdup(m->git.ro.v[i]),
		    xstrdup(m->git.ro.v[i]));
	if (strcmp(w->backing, w->workspace) == 0)
		for (size_t i = 1; i < b->n; i++)
			note_pinned(m, b, b->v[i].dest, w);
	qsort(b->v, b->n, sizeof(*b->v), by_depth);
	for (size_t i = 0; i < b->n; i++)
		STRS_ADD(&m->argv, b->v[i].option, b->v[i].source,
		    b->v[i].dest);
	return 0;
}

static void
add_namespaces(struct mounts *m, const struct rules *rules,
    const struct mounts_where *w)
{
	STRS_ADD(&m->argv, "bwrap", "--unshare-user", "--unshare-all",
	    "--die-with-parent", "--as-pid-1", "--hostname", "agent",
	    "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN",
	    "--cap-add", "CAP_SETPCAP");
	if (rules->net == NET_HOST)
		strs_add(&m->argv, "--share-net");
	strs_add(&m->argv, "--new-session");
	/* SETFCAP: the kernel wants it of who maps uid 0 once more */
	if (w->map_root)
		STRS_ADD(&m->argv, "--uid", "0", "--gid", "0", "--cap-add",
		    "CAP_NET_BIND_SERVICE", "--cap-add", "CAP_SETFCAP");
	else if (w->other_uid)
		STRS_ADD(&m->argv, "--uid", "1000", "--gid", "1000");
}

static void
add_home(struct mounts *m, const struct rules *rules,
    const struct mounts_where *w)
{
	size_t n = strlen(w->home);

	/* nothing private in a workspace that is, or is above, the home */
	if (strncmp(w->workspace, w->home, n) == 0 && !w->workspace[n])
		return;
	strs_add(&m->argv, "--size");
	strs_addf(&m->argv, "%lld", (long long)(rules->tmp ? rules->tmp :
	    INT64_C(1) << 40));
	STRS_ADD(&m->argv, "--perms", "0700", "--tmpfs", w->home);
}

/*
 * The init where the command can see it, under /usr, or a copy: cheaper than
 * a mount, and in the root, which is read-only in the end.
 */
static int
add_init(struct mounts *m, const struct mounts_where *w, struct err *e)
{
	if (strncmp(w->init, "/usr/", 5) == 0) {
		m->init = xstrdup(w->init);
		return 0;
	}
	m->init = xstrdup("/.agent-sandbox-init");
	if (!mounts_add_copy(m, open(w->init, O_RDONLY | O_CLOEXEC), "0555",
	    m->init))
		return err_sys(e, ST_WRAPPER, "cannot open '%s'", w->init);
	return 0;
}

/*
 * In an overlay nothing of the workspace can be harmed; only what a linked
 * worktree brings from elsewhere is shown, read-only.
 */
static int
add_git(struct mounts *m, const struct rules *rules,
    const struct mounts_where *w, struct err *e)
{
	bool overlay = strcmp(w->backing, w->workspace) != 0;
	size_t n = strlen(w->workspace), kept = 0;

	if (gitdirs_find(&m->git, w->workspace,
	    overlay || rules->git == GIT_NONE, rules->git == GIT_WRITE,
	    e) < 0)
		return -1;
	if (!overlay)
		return 0;
	for (size_t i = 0; i < m->git.ro.n; i++) {
		char *p = m->git.ro.v[i];
		if (strncmp(p, w->workspace, n) == 0 && p[n] == '/')
			free(p);
		else
			m->git.ro.v[kept++] = p;
	}
	m->git.ro.n = kept;
	strs_cut(&m->git.pin, 0);
	return 0;
}

/* The host as it is, but for a process namespace that ends as a whole. */
static void
plan_privileged(struct mounts *m, const struct mounts_where *w)
{
	m->init = xstrdup(w->init);
	STRS_ADD(&m->argv, "bwrap", "--unshare-user", "--unshare-pid",
	    "--die-with-parent", "--as-pid-1", "--new-session",
	    "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN",
	    "--cap-add", "CAP_SETPCAP", "--dev-bind", "/", "/",
	    "--proc", "/proc", "--chdir", w->cwd);
}

int
mounts_plan(struct mounts *m, const struct rules *rules,
    const struct mounts_where *w, struct err *e)
{
	struct binds b = { 0 };
	int r;

	if (rules->privileged) {
		plan_privileged(m, w);
		return 0;
	}
	add_namespaces(m, rules, w);
	add_system(m, rules, w);
	add_home(m, rules, w);
	if (add_init(m, w, e) < 0)
		return -1;
	if (!rules->read_only && add_git(m, rules, w, e) < 0)
		return -1;
	r = add_binds(m, &b, rules, w, e);
	binds_release(&b);
	if (r < 0 || mounts_add_etc_file(m, w, "/etc/hosts", w->hosts, e) < 0 ||
	    mounts_add_etc_file(m, w, "/etc/resolv.conf", w->resolv, e) < 0)
		return -1;
	for (size_t i = 0; i < rules->hide.n; i++)
		if (mounts_hide(m, rules->hide.v[i], w, e) < 0)
			return -1;
	/* both are writable file systems of half the memory otherwise */
	STRS_ADD(&m->argv, "--remount-ro", "/dev", "--remount-ro", "/",
	    "--chdir", w->cwd);
	return 0;
}
