/*
 * checkpoint-make: the repository that checkpoints are in, while it is new.
 *
 * It is written by hand: `git init` takes as long as the rest of the first
 * checkpoint, and would want half of what it made replaced.
 */
#include "config.h"

#include "checkpoint-impl.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"

/*
 * Nothing of the user's: no settings, no hooks, no filters (info/attributes
 * wins over any .gitattributes), no helper that watches the file system.
 */
static const char config[] =
    "[core]\n"
    "\trepositoryformatversion = 0\n"
    "\tfilemode = true\n"
    "\tbare = false\n"
    "\tautocrlf = false\n"
    "\thooksPath = /dev/null\n"
    "\tlogAllRefUpdates = false\n"
    "\tuntrackedCache = true\n"
    "\tsplitIndex = true\n"
    "\tfsmonitor = false\n"
    "\tquotePath = false\n"
    "[index]\n"
    "\tversion = 4\n"
    "[gc]\n"
    "\tauto = 0\n"
    "[advice]\n"
    "\taddEmbeddedRepo = false\n"
    "[user]\n"
    "\tname = agentutils\n"
    "\temail = agentutils@localhost\n";

static const char attributes[] =
    "* -text -eol -filter -ident -working-tree-encoding\n";

static const char excluded[] = "/.agent/\n.agent/\n";

static const char head[] = "ref: " CHECKPOINT_BRANCH "\n";

static const struct {
	const char *name, *text;
} files[] = {
	{ "config", config },
	{ "info/attributes", attributes },
	{ "info/exclude", excluded },
	{ "HEAD", head },
};

static int
make_in(const char *dir, struct err *e)
{
	static const char *const dirs[] = { "info", "objects", "refs/heads" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		AUTO_FREE char *path = path_join(dir, dirs[i]);

		if (path_mkdirs(path, 0700, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		AUTO_FREE char *path = path_join(dir, files[i].name);

		if (path_write_atomic(path, files[i].text,
		    strlen(files[i].text), 0600, e) < 0)
			return -1;
	}
	return 0;
}

/* Under another name first, so that it is there whole or not at all. */
int
checkpoint_make(const struct checkpoints *c, struct err *e)
{
	AUTO_FREE char *tmp = xasprintf("%s.%ld.tmp", c->git_dir,
	    (long)getpid());

	if (make_in(tmp, e) < 0)
		return -1;
	if (rename(tmp, c->git_dir) < 0 && !path_is_dir(c->git_dir))
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'",
		    c->git_dir);
	return 0;
}
