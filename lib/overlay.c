/* overlay: changes to a workspace kept aside: the state. */
#include "config.h"

#include "overlay-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"
#include "num.h"
#include "overlay-mount.h"
#include "path.h"
#include "taint.h"
#include "tree.h"

enum { NAME_MAX_LEN = 64 };

/* The kernel gives it no permission at all, which rm(1) does not like. */
static int
open_work(const struct overlay *o)
{
	AUTO_FREE char *inner = path_join(o->work, "work");

	return chmod(inner, 0700);
}

void
overlay_release(struct overlay *o)
{
	if (o->work)
		(void)open_work(o);
	free(o->workspace);
	free(o->fuse);
	free(o->dir);
	free(o->upper);
	free(o->work);
	free(o->merged);
	if (o->lock >= 0)
		close(o->lock);
	*o = (struct overlay)OVERLAY_INIT;
}

static bool
valid_name(const char *name)
{
	return *name && strlen(name) <= NAME_MAX_LEN && name[0] != '.' &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
	    "STUVWXYZ0123456789._-")] == '\0';
}

static const char *const ways[] = {
	[OVERLAY_AUTO] = "auto", [OVERLAY_KERNEL] = "kernel",
	[OVERLAY_FUSE] = "fuse", [OVERLAY_COPY] = "copy"
};

int
overlay_by(const char *word)
{
	for (int i = 0; i < (int)(sizeof(ways) / sizeof(*ways)); i++)
		if (strcmp(ways[i], word) == 0)
			return i;
	return -1;
}

const char *
overlay_by_name(enum overlay_by by)
{
	return ways[by];
}

jv
overlay_json(const char *name, enum overlay_by by)
{
	jv v = json_object();

	json_set_str(&v, "name", name);
	json_set_str(&v, "by", overlay_by_name(by));
	return v;
}

char *
overlay_home(void)
{
	AUTO_FREE char *state = env_xdg_state();

	return state ? path_join(state, "overlay") : NULL;
}

/* A directory for each workspace: FNV-1a of its path, and its last name. */
static char *
state_dir(const char *workspace, const char *name)
{
	AUTO_FREE char *home = overlay_home();
	uint64_t hash = UINT64_C(14695981039346656037);

	if (!home)
		return NULL;
	for (const char *p = workspace; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return xasprintf("%s/%s-%016llx/%s", home, path_basename(workspace),
	    (unsigned long long)hash, name);
}

/* The boot that the state is of, and when it was made. */
static int
read_stamp(struct overlay *o, char *boot, size_t size)
{
	AUTO_FREE char *path = path_join(o->dir, "since");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	char *space;

	if (path_read(path, 4096, &text, &ignored) < 0)
		return -1;
	space = strchr(text.data, ' ');
	if (!space)
		return -1;
	*space++ = '\0';
	space[strcspn(space, "\n")] = '\0';
	snprintf(boot, size, "%s", space);
	return num_parse_int(text.data, 0, INT64_MAX, &o->since);
}

static void
read_boot(char *boot, size_t size)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	if (path_read("/proc/sys/kernel/random/boot_id", 64, &text,
	    &ignored) < 0)
		buf_adds(&text, "unknown");
	text.data[strcspn(text.data, "\n")] = '\0';
	snprintf(boot, size, "%s", text.data);
}

static int
make_dirs(const struct overlay *o, struct err *e)
{
	return path_mkdirs(o->upper, 0755, e) < 0 ||
	    path_mkdirs(o->work, 0755, e) < 0 ||
	    path_mkdirs(o->merged, 0755, e) < 0 ? -1 : 0;
}

enum overlay_by
overlay_best(const char *dir)
{
	AUTO_FREE char *try = path_join(dir, "try");
	AUTO_FREE char *upper = path_join(try, "upper");
	AUTO_FREE char *work = path_join(try, "work");
	AUTO_FREE char *merged = path_join(try, "merged");
	AUTO_FREE char *fuse = overlay_mount_fuse();
	struct overlay o = { .upper = upper, .work = work, .merged = merged };
	struct overlay_mount m = { upper, upper, work, merged, NULL };
	AUTO_FREE char *lower = path_join(try, "lower");
	enum overlay_by by = OVERLAY_COPY;
	struct err ignored;

	m.lower = lower;
	if (path_mkdirs(lower, 0755, &ignored) == 0 &&
	    make_dirs(&o, &ignored) == 0) {
		if (overlay_mount_works(&m))
			by = OVERLAY_KERNEL;
		m.fuse = fuse;
		if (by == OVERLAY_COPY && fuse && overlay_mount_works(&m))
			by = OVERLAY_FUSE;
	}
	(void)tree_remove(AT_FDCWD, try, &ignored);
	return by;
}

/* "WORD" or "copy NANOSECONDS"; kernel where nobody wrote it. */
static void
read_way(struct overlay *o)
{
	AUTO_FREE char *path = path_join(o->dir, "by");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	char *rest;

	o->by = OVERLAY_KERNEL;
	if (path_read(path, 64, &text, &ignored) < 0)
		return;
	rest = text.data + strcspn(text.data, " \n");
	if (*rest)
		*rest++ = '\0';
	rest[strcspn(rest, "\n")] = '\0';
	if (overlay_by(text.data) > 0)
		o->by = (enum overlay_by)overlay_by(text.data);
	if (num_parse_int(rest, 0, INT64_MAX, &o->copied) < 0)
		o->copied = 0;
}

static int
choose_way(struct overlay *o, const struct overlay_how *how, struct err *e)
{
	AUTO_FREE char *fuse = overlay_mount_fuse();

	o->by = how->by ? how->by : overlay_best(o->dir);
	if (o->by != OVERLAY_FUSE || fuse)
		return 0;
	return err_set(e, ST_CONFIG, "fuse-overlayfs is not installed, or "
	    "/dev/fuse is not ours to open");
}

/* What is there without a stamp was begun, or discarded, and not finished. */
static int
make_state(struct overlay *o, const struct overlay_how *how, struct err *e)
{
	AUTO_FREE char *stamp = path_join(o->dir, "since");
	AUTO_FREE char *way = path_join(o->dir, "by");
	AUTO_FREE char *text = NULL, *by = NULL;
	char boot[64];

	if (path_exists(stamp))
		return 0;
	if (tree_remove(AT_FDCWD, o->merged, e) < 0 ||
	    tree_remove(AT_FDCWD, o->upper, e) < 0 ||
	    make_dirs(o, e) < 0 || choose_way(o, how, e) < 0)
		return -1;
	read_boot(boot, sizeof(boot));
	text = xasprintf("%lld %s\n", (long long)taint_now(), boot);
	if (o->by == OVERLAY_COPY && overlay_copy(o, how->copy_max, e) < 0)
		return -1;
	by = xasprintf("%s %lld\n", overlay_by_name(o->by),
	    (long long)taint_now());
	if (path_write_atomic(way, by, strlen(by), 0600, e) < 0)
		return -1;
	return path_write_atomic(stamp, text, strlen(text), 0600, e);
}

/*
 * The kernel leaves a mark so that what was not synced before a crash is not
 * taken for whole; without a crash since, it is.
 */
static int
clear_volatile_mark(struct overlay *o, const char *boot, struct err *e)
{
	AUTO_FREE char *mark = xasprintf("%s/work/incompat", o->work);
	char now[64];

	if (open_work(o) < 0 || !path_exists(mark))
		return 0;
	read_boot(now, sizeof(now));
	if (strcmp(now, boot) != 0)
		return err_set(e, ST_DATA, "the overlay '%s' was open when "
		    "the machine went down, and may have lost something: "
		    "look at its upper directory, then discard it", o->dir);
	return tree_remove(AT_FDCWD, mark, e);
}

/* Nobody's yet, or half made: nothing is left of it. */
static int
make(struct overlay *o, const struct overlay_how *how, struct err *e)
{
	struct err ignored;

	if (make_state(o, how, e) == 0)
		return 0;
	(void)tree_remove(AT_FDCWD, o->dir, &ignored);
	return -1;
}

static int
open_as_it_is(struct overlay *o, const struct overlay_how *how,
    struct err *e)
{
	read_way(o);
	if (how && how->by && how->by != o->by)
		return err_set(e, ST_CONFIG, "the overlay '%s' is kept by "
		    "%s, not by %s: discard it first", o->dir,
		    overlay_by_name(o->by), overlay_by_name(how->by));
	if (o->by == OVERLAY_FUSE)
		o->fuse = overlay_mount_fuse();
	if (o->by == OVERLAY_FUSE && how && !o->fuse)
		return err_set(e, ST_CONFIG, "the overlay '%s' is kept by "
		    "fuse-overlayfs, which is gone", o->dir);
	if (o->by == OVERLAY_COPY) {
		free(o->upper);
		o->upper = xstrdup(o->merged);
	}
	return 0;
}

int
overlay_open(struct overlay *o, const char *workspace, const char *name,
    const struct overlay_how *how, struct err *e)
{
	char boot[64] = "";

	if (!valid_name(name))
		return err_set(e, ST_USAGE, "'%s' is no name for an overlay",
		    name);
	o->workspace = xstrdup(workspace);
	o->dir = state_dir(workspace, name);
	if (!o->dir)
		return err_set(e, ST_CONFIG, "no HOME to keep an overlay in");
	o->upper = path_join(o->dir, "upper");
	o->work = path_join(o->dir, "work");
	o->merged = path_join(o->dir, "merged");
	if (how && path_mkdirs(o->dir, 0700, e) < 0)
		return -1;
	o->lock = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->lock >= 0 && flock(o->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ST_TEMPFAIL, "somebody is in the overlay "
		    "'%s'", name);
	if (how && make(o, how, e) < 0)
		return -1;
	if (o->lock < 0 || read_stamp(o, boot, sizeof(boot)) < 0)
		return err_set(e, ST_NOINPUT, "there is no overlay '%s' of "
		    "'%s'", name, workspace);
	return open_as_it_is(o, how, e) < 0 ? -1 :
	    clear_volatile_mark(o, boot, e);
}

int
overlay_discard(struct overlay *o, struct err *e)
{
	return tree_remove(AT_FDCWD, o->dir, e);
}
