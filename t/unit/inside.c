/* inside: no link leads out of a workspace, and nothing is waited for. */
#include "config.h"

#include "inside.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "path.h"
#include "tap.h"

static char *root;

static void
make(const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_FREE char *dir = path_dirname(path);
	struct err e = ERR_INIT;

	path_mkdirs(dir, 0755, &e);
	path_replace(path, text, strlen(text), 0644, &e);
}

static void
make_link(const char *name, const char *target)
{
	AUTO_FREE char *path = path_join(root, name);

	if (symlink(target, path) < 0)
		diag("cannot link %s", name);
}

/* 0 and the text, or its status. */
static void
reads(const char *name, int status, const char *text)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_BUF struct buf out = BUF_INIT;
	struct err e = ERR_INIT;
	int r = inside_read(root, path, 100, &out, &e);

	is_int(r < 0 ? e.status : 0, status, name);
	if (text)
		is_str(out.data, text, "its text");
}

static void
checks(const char *name, int status)
{
	AUTO_FREE char *path = path_join(root, name);
	struct err e = ERR_INIT;

	is_int(inside_check(root, path, &e) < 0 ? e.status : 0, status, name);
}

static void
make_all(void)
{
	AUTO_FREE char *fifo = path_join(root, "fifo");

	make("f", "own");
	make("sub/f", "deep");
	make("../outside", "secret");
	make(".agent/state", "ours");
	make_link("good", "sub/f");
	make_link("bad", "../outside");
	make_link("absolute", "/etc/passwd");
	make_link("ours", ".agent/state");
	make_link("dir", "..");
	make_link("round", "round");
	if (mkfifo(fifo, 0600) < 0)
		diag("no fifo");
}

int
main(void)
{
	char dir[] = "/tmp/agent-inside.XXXXXX";
	const char *const rm[] = { "rm", "-rf", dir, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct err e = ERR_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	if (!mkdtemp(dir))
		return 99;
	root = path_join(dir, "work");
	make_all();
	reads("f", 0, "own");
	reads("sub/../f", 0, "own");
	reads("good", 0, "deep");
	reads("../outside", 0, "secret");	/* is what was written */
	reads("bad", ST_DENIED, NULL);
	reads("absolute", ST_DENIED, NULL);
	reads("ours", ST_DENIED, NULL);
	reads("dir/outside", ST_DENIED, NULL);
	reads("round", ST_NOINPUT, NULL);
	reads("none", ST_NOINPUT, NULL);
	reads("sub", ST_NOINPUT, NULL);
	reads("fifo", ST_NOINPUT, NULL);
	checks("f", 0);
	checks("sub", 0);
	checks("none/at/all", 0);
	checks("../outside", 0);
	checks("bad", ST_DENIED);
	checks("dir", ST_DENIED);
	checks("dir/none", ST_DENIED);
	checks("ours", ST_DENIED);
	free(root);
	spec.argv = rm;
	is_int(child_run(&spec, NULL, 0, DEADLINE_NEVER, &out, &e), 0,
	    "removes what it made");
	return done();
}
