/* ask-depend: the files that an answer depends on, for make(1). */
#include "config.h"

#include "ask-work.h"

#include <limits.h>
#include <sys/stat.h>

#include "alloc.h"
#include "depfile.h"
#include "env.h"
#include "path.h"
#include "schema.h"

static void
add(struct strs *files, const char *name)
{
	if (!strs_has(files, name))
		strs_add(files, name);
}

/* Standard input, where it is a file: its name, from here if it is below. */
static void
add_stdin(struct strs *files)
{
	static const char gone[] = " (deleted)";
	char name[PATH_MAX];
	struct err ignored = ERR_INIT;
	AUTO_FREE char *here = path_cwd(&ignored);
	size_t at = here ? strlen(here) : 0;
	struct stat st;
	ssize_t n;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	n = readlink("/proc/self/fd/0", name, sizeof(name) - 1);
	if (n <= 0)
		return;
	name[n] = '\0';
	if ((size_t)n > strlen(gone) &&
	    strcmp(name + (size_t)n - strlen(gone), gone) == 0)
		return;
	if (at > 1 && strncmp(name, here, at) == 0 && name[at] == '/')
		add(files, name + at + 1);
	else
		add(files, name);
}

static void
add_config(const struct workspace *ws, struct strs *files)
{
	AUTO_FREE char *dir = env_xdg_config(), *own = NULL, *near = NULL;

	own = dir ? path_join(dir, "config.yaml") : NULL;
	near = ws->dir ? workspace_config(ws) : NULL;
	if (own && path_exists(own))
		add(files, own);
	if (near && path_exists(near))
		add(files, near);
}

static void
add_all(const struct ask_work *w, struct strs *files)
{
	const struct ask_options *o = w->o;

	for (size_t i = 0; i < o->nfiles; i++)
		if (strcmp(o->files[i], "-") != 0)
			add(files, o->files[i]);
	for (size_t i = 0; i < o->nattachments; i++)
		if (strcmp(o->attachments[i].where, "-") != 0 &&
		    !strstr(o->attachments[i].where, "://"))
			add(files, o->attachments[i].where);
	if (!o->no_stdin)
		add_stdin(files);
	if (o->rules_file)
		add(files, o->rules_file);
	if (o->schema && schema_option_is_file(o->schema))
		add(files, o->schema);
	if (w->template)
		add(files, w->template->path);
	add_config(w->ws, files);
}

/* Without a name of its own the rule's file is called after the target, as
 * gcc does it, or the other way round: "x.md" and "x.md.d". */
int
ask_depend(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	AUTO_STRS struct strs files = STRS_INIT;
	AUTO_FREE char *file = o->depfile ? xstrdup(o->depfile) :
	    xasprintf("%s.d", o->deptarget);
	size_t n = strlen(file);
	AUTO_FREE char *target = o->deptarget ? xstrdup(o->deptarget) :
	    xstrndup(file, n > 2 && strcmp(file + n - 2, ".d") == 0 ? n - 2 :
	    n);

	add_all(w, &files);
	return depfile_write(file, target, &files, o->phony, e);
}
