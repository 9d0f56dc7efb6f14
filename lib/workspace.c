/* workspace: the directory `.agent/` and what lies where in it. */
#include "config.h"

#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "env.h"
#include "fd.h"
#include "num.h"
#include "path.h"

enum { ID_MAX = 64 };

void
workspace_release(struct workspace *w)
{
	free(w->root);
	free(w->dir);
	*w = (struct workspace)WORKSPACE_INIT;
}

/* Under sudo, files of the user who called are as good as root's own. */
static bool
is_ours(uid_t owner)
{
	const char *sudo = env_get("SUDO_UID");
	int64_t uid;

	if (owner == geteuid())
		return true;
	return geteuid() == 0 && sudo &&
	    num_parse_int(sudo, 0, UINT32_MAX, &uid) == 0 &&
	    owner == (uid_t)uid;
}

/* The directory and, where it is reached by a link, the link. */
static int
check_owner(const char *dir, struct err *e)
{
	struct stat link, st;

	if (lstat(dir, &link) < 0 || stat(dir, &st) < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ST_CONFIG, "'%s' is not a directory", dir);
	if (!is_ours(link.st_uid) || !is_ours(st.st_uid))
		return err_set(e, ST_DENIED, "'%s' belongs to another user "
		    "(%lu): it could make you run anything; set AGENT_DIR to "
		    "it if you trust it", dir, (unsigned long)
		    (is_ours(st.st_uid) ? link.st_uid : st.st_uid));
	if (st.st_mode & S_IWOTH)
		return err_set(e, ST_DENIED, "'%s' can be written by "
		    "everybody: chmod o-w it, or set AGENT_DIR to it if you "
		    "trust it", dir);
	return 0;
}

/* $AGENT_DIR: its parent is the root, or the current directory is. */
static int
from_env(const char *dir, struct workspace *ret, struct err *e)
{
	struct workspace w = WORKSPACE_INIT;

	w.dir = path_real(dir, e);
	if (!w.dir)
		return err_prefix(e, "AGENT_DIR");
	if (!path_is_dir(w.dir)) {
		err_set(e, ST_CONFIG, "AGENT_DIR: '%s' is not a directory",
		    dir);
		workspace_release(&w);
		return -1;
	}
	w.root = strcmp(path_basename(w.dir), WORKSPACE_DIR) == 0 ?
	    path_dirname(w.dir) : path_cwd(e);
	if (!w.root) {
		workspace_release(&w);
		return -1;
	}
	*ret = w;
	return 1;
}

int
workspace_find(const char *start, struct workspace *ret, struct err *e)
{
	const char *dir = start ? NULL : env_get("AGENT_DIR");
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *found = NULL;

	if (dir)
		return from_env(dir, ret, e);
	from = start ? path_real(start, e) : path_cwd(e);
	if (!from)
		return -1;
	if (start && !path_is_dir(from))
		return err_set(e, ST_NOINPUT, "'%s' is not a directory",
		    start);
	root = path_find_up(from, WORKSPACE_DIR);
	if (!root)
		return 0;
	found = path_join(root, WORKSPACE_DIR);
	if (check_owner(found, e) < 0)
		return -1;
	ret->root = STEAL(root);
	ret->dir = STEAL(found);
	return 1;
}

/* Only a new one: whoever wants it tracked may remove the file. */
static int
ignore_all(const char *dir, struct err *e)
{
	AUTO_FREE char *name = path_join(dir, ".gitignore");

	return path_write_atomic(name, "*\n", 2, 0644, e);
}

int
workspace_make(const char *root, struct workspace *ret, struct err *e)
{
	AUTO_FREE char *real = path_real(root, e);
	AUTO_FREE char *dir = real ? path_join(real, WORKSPACE_DIR) : NULL;

	if (!dir)
		return -1;
	if (mkdir(dir, 0700) == 0) {
		if (ignore_all(dir, e) < 0)
			return -1;
	} else if (errno != EEXIST) {
		return err_sys(e, ST_CANTCREATE, "cannot make directory '%s'",
		    dir);
	} else if (check_owner(dir, e) < 0) {
		return -1;
	}
	ret->root = STEAL(real);
	ret->dir = STEAL(dir);
	return 0;
}

int
workspace_need(const char *start, struct workspace *ret, struct err *e)
{
	int found = workspace_find(start, ret, e);

	if (found != 0)
		return found < 0 ? -1 : 0;
	return workspace_make(start ? start : ".", ret, e);
}

char *
workspace_config(const struct workspace *w)
{
	return path_join(w->dir, "config.yaml");
}

char *
workspace_journal(const struct workspace *w)
{
	return path_join(w->dir, "journal.ndjson");
}

char *
workspace_audit(const struct workspace *w)
{
	return path_join(w->dir, "audit.ndjson");
}

char *
workspace_hub(const struct workspace *w)
{
	return path_join(w->dir, "hub.db");
}

char *
workspace_run(const struct workspace *w, const char *run)
{
	return xasprintf("%s/runs/%s", w->dir, run);
}

char *
workspace_memory(const struct workspace *w, const char *agent)
{
	return xasprintf("%s/memory/%s.db", w->dir, agent);
}

char *
workspace_shared(const struct workspace *w, const char *name)
{
	return xasprintf("%s/memory/shared/%s.db", w->dir, name);
}

bool
workspace_id_valid(const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strspn(id, letters);

	return len > 0 && len <= ID_MAX && id[len] == '\0' &&
	    id[0] != '.' && id[0] != '-';
}

char *
workspace_make_run(const struct workspace *w, const char *run, struct err *e)
{
	AUTO_FREE char *path = workspace_run(w, run);

	if (!workspace_id_valid(run)) {
		err_set(e, ST_DATA, "'%.80s' cannot be the id of a run", run);
		return NULL;
	}
	return path_mkdirs(path, 0700, e) < 0 ? NULL : STEAL(path);
}

/* The directory of a file of ours whose name has an id in it. */
static char *
make_dir_of(char *path, const char *id, const char *what, struct err *e)
{
	AUTO_FREE char *dir = path_dirname(path);

	if (workspace_id_valid(id) && path_mkdirs(dir, 0700, e) == 0)
		return path;
	if (!workspace_id_valid(id))
		err_set(e, ST_DATA, "'%.80s' cannot be the %s", id, what);
	free(path);
	return NULL;
}

char *
workspace_make_memory(const struct workspace *w, const char *agent,
    struct err *e)
{
	return make_dir_of(workspace_memory(w, agent), agent,
	    "id of an agent", e);
}

char *
workspace_make_shared(const struct workspace *w, const char *name,
    struct err *e)
{
	return make_dir_of(workspace_shared(w, name), name,
	    "name of a memory", e);
}
