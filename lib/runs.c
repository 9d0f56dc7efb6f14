/* runs: the runs of a workspace, by name. */
#include "config.h"

#include "runs.h"

#include <ctype.h>
#include <dirent.h>

#include "alloc.h"
#include "path.h"
#include "ulid.h"

enum { NAME_MIN = 4, CONVERSATION_MAX = 1 << 30 };

static bool
ends_with(const char *id, const char *name)
{
	size_t n = strlen(name);

	return n >= NAME_MIN && n <= ULID_LEN &&
	    strcasecmp(id + ULID_LEN - n, name) == 0;
}

char *
runs_find(const struct workspace *w, const char *name, struct err *e)
{
	AUTO_FREE char *dir = path_join(w->dir, "runs");
	AUTO_FREE char *found = NULL;
	bool last = strcmp(name, "last") == 0;
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *entry; d && (entry = readdir(d)); ) {
		const char *id = entry->d_name;

		if (!ulid_valid(id) || (!last && !ends_with(id, name)))
			continue;
		n++;
		if (found && strcmp(id, found) < 0)
			continue;
		free(found);
		found = xstrdup(id);
	}
	if (d)
		closedir(d);
	if (found && (last || n == 1))
		return STEAL(found);
	err_set(e, ST_NOINPUT, n > 1 ? "more than one run ends in '%s'" :
	    last ? "there is no run yet" : "there is no run '%s'", name);
	return NULL;
}

char *
runs_fork(const struct workspace *w, const char *from, const char *id,
    struct err *e)
{
	AUTO_FREE char *old_dir = workspace_run(w, from);
	AUTO_FREE char *old = path_join(old_dir, "conversation.ndjson");
	AUTO_FREE char *dir = workspace_make_run(w, id, e);
	AUTO_BUF struct buf text = BUF_INIT;

	if (!dir || path_read(old, CONVERSATION_MAX, &text, e) < 0)
		return NULL;
	AUTO_FREE char *copy = path_join(dir, "conversation.ndjson");
	if (path_write_atomic(copy, text.data, text.len, 0600, e) < 0)
		return NULL;
	return STEAL(dir);
}
