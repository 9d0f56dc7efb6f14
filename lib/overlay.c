/* overlay: changes to a workspace kept aside: the state. */
#include "config.h"

#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"
#include "num.h"
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

/* A directory for each workspace: FNV-1a of its path, and its last name. */
static char *
state_dir(const char *workspace, const char *name)
{
	AUTO_FREE char *state = env_xdg_state();
	uint64_t hash = UINT64_C(14695981039346656037);

	if (!state)
		return NULL;
	for (const char *p = workspace; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return xasprintf("%s/overlay/%s-%016llx/%s", state,
	    path_basename(workspace), (unsigned long long)hash, name);
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
make_state(struct overlay *o, struct err *e)
{
	AUTO_FREE char *stamp = path_join(o->dir, "since");
	AUTO_FREE char *text = NULL;
	char boot[64];

	if (path_mkdirs(o->dir, 0700, e) < 0 ||
	    path_mkdirs(o->upper, 0755, e) < 0 ||
	    path_mkdirs(o->work, 0755, e) < 0 ||
	    path_mkdirs(o->merged, 0755, e) < 0)
		return -1;
	if (path_exists(stamp))
		return 0;
	read_boot(boot, sizeof(boot));
	text = xasprintf("%lld %s\n", (long long)taint_now(), boot);
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

int
overlay_open(struct overlay *o, const char *workspace, const char *name,
    bool make, struct err *e)
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
	if (make && make_state(o, e) < 0)
		return -1;
	o->lock = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->lock < 0 || read_stamp(o, boot, sizeof(boot)) < 0)
		return err_set(e, ST_NOINPUT, "there is no overlay '%s' of "
		    "'%s'", name, workspace);
	if (flock(o->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ST_TEMPFAIL, "somebody is in the overlay "
		    "'%s'", name);
	return clear_volatile_mark(o, boot, e);
}

int
overlay_discard(struct overlay *o, struct err *e)
{
	return tree_remove(AT_FDCWD, o->dir, e);
}
