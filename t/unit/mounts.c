/* Tests of lib/mounts: what is shown, in which order, and what is refused. */
#include "config.h"

#include "mounts.h"

#include <fcntl.h>
#include <stdlib.h>

#include "alloc.h"
#include "path.h"
#include "tap.h"
#include "tree.h"

static char root[] = "/tmp/agent-mounts.XXXXXX";
static char *ws, *home;

static void
make(const char *path, bool dir)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *full = path_join(root, path);

	if ((dir ? path_mkdirs(full, 0755, &e) :
	    path_replace(full, "x", 1, 0644, &e)) < 0)
		diag("%s", e.text);
}

/* Where `option source dest` is in the plan; -1 when it is not. */
static long
at(const struct mounts *m, const char *option, const char *dest)
{
	for (size_t i = 0; i + 2 < m->argv.n; i++)
		if (strcmp(m->argv.v[i], option) == 0 &&
		    strcmp(m->argv.v[i + 2], dest) == 0)
			return (long)i;
	return -1;
}

static int
plan(struct mounts *m, const struct rules *r, struct err *e)
{
	struct mounts_where w = {
		.workspace = ws, .backing = ws, .cwd = ws, .home = home,
		.init = "/usr/lib/agent/init",
	};

	return mounts_plan(m, r, &w, e);
}

static void
test_order(void)
{
	struct mounts m = MOUNTS_INIT;
	AUTO_RULES struct rules r = RULES_INIT;
	AUTO_FREE char *git = path_join(ws, ".git");
	AUTO_FREE char *hooks = path_join(ws, ".git/hooks");
	AUTO_FREE char *deep = path_join(ws, "sub/.git/config");
	struct err e = ERR_INIT;

	rules_defaults(&r);
	ok(plan(&m, &r, &e) == 0, "a plan is made");
	ok(at(&m, "--ro-bind", "/usr") > 0, "the system is read-only");
	ok(at(&m, "--bind", ws) > at(&m, "--ro-bind", "/usr"),
	    "the workspace comes after it");
	ok(at(&m, "--bind", git) > at(&m, "--bind", ws) &&
	    at(&m, "--ro-bind", hooks) > at(&m, "--bind", git),
	    "the repository is pinned, then its hooks are read-only");
	ok(at(&m, "--ro-bind", deep) > 0, "so is one below");
	is_str(m.init, "/usr/lib/agent/init", "the init is where it was");
	mounts_release(&m);
	r.read_only = true;
	ok(plan(&m, &r, &e) == 0 && at(&m, "--ro-bind", ws) > 0 &&
	    at(&m, "--bind", ws) < 0, "a read-only workspace");
	mounts_release(&m);
}

static void
expect_refused(const char *option, const char *value)
{
	struct mounts m = MOUNTS_INIT;
	AUTO_RULES struct rules r = RULES_INIT;
	struct err e = ERR_INIT;

	rules_defaults(&r);
	if (rules_set(&r, option, value, &e) < 0)
		diag("%s", e.text);
	ok(plan(&m, &r, &e) < 0 && e.status == ST_WRAPPER,
	    "--%s %s is refused", option, value);
	mounts_release(&m);
}

static void
test_paths(void)
{
	struct mounts m = MOUNTS_INIT;
	AUTO_RULES struct rules r = RULES_INIT;
	AUTO_FREE char *away = path_join(root, "away");
	AUTO_FREE char *env = path_join(ws, ".env");
	AUTO_FREE char *below = path_join(ws, "sub/.env");
	AUTO_FREE char *star = path_join(ws, "sub/a[b]/.env");
	struct err e = ERR_INIT;

	rules_defaults(&r);
	ok(rules_set(&r, "ro", "../away:/mnt/x", &e) == 0 &&
	    rules_set(&r, "rw", "~/data", &e) == 0 &&
	    rules_set(&r, "ro", "?/no/such", &e) == 0 &&
	    rules_set(&r, "hide", "**/.env", &e) == 0 &&
	    plan(&m, &r, &e) == 0, "paths of all kinds");
	ok(at(&m, "--ro-bind", "/mnt/x") > 0 &&
	    strcmp(m.argv.v[at(&m, "--ro-bind", "/mnt/x") + 1], away) == 0,
	    "a path elsewhere");
	ok(at(&m, "--ro-bind-data", env) > 0 &&
	    at(&m, "--ro-bind-data", below) > 0 &&
	    at(&m, "--ro-bind-data", star) > 0, "hidden in all directories");
	mounts_release(&m);
	expect_refused("ro", "/no/such");
	expect_refused("rw", "../away:/../etc");
	AUTO_FREE char *inside = xasprintf("../away:%s/missing", ws);
	expect_refused("ro", inside);
}

int
main(void)
{
	struct err e = ERR_INIT;

	if (!mkdtemp(root))
		return 1;
	make("ws/.git/objects", true);
	make("ws/.git/config", false);
	make("ws/sub/.git", true);
	make("ws/sub/.git/config", false);
	make("ws/sub/a[b]", true);
	make("ws/.env", false);
	make("ws/sub/.env", false);
	make("ws/sub/a[b]/.env", false);
	make("home/data", true);
	make("away", true);
	ws = path_join(root, "ws");
	home = path_join(root, "home");
	test_order();
	test_paths();
	free(ws);
	free(home);
	(void)tree_remove(AT_FDCWD, root, &e);
	return done();
}
