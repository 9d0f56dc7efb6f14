/*
 * Tests of lib/scope: when a service manager is asked, for what, and what
 * comes of its answers; by a busctl of our own.
 */
#include "config.h"

#include "scope.h"

#include <fcntl.h>
#include <stdlib.h>

#include "alloc.h"
#include "path.h"
#include "tap.h"
#include "tree.h"

static char root[] = "/tmp/agent-scope.XXXXXX";

static char *
put(const char *name, const char *text, mode_t mode)
{
	struct err e = ERR_INIT;
	char *path = path_join(root, name);

	if (path_replace(path, text, strlen(text), mode, &e) < 0)
		diag("%s", e.text);
	return path;
}

/* A busctl that does this with its arguments. */
static void
answer(const char *script)
{
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n"
	    "printf '%%s\\n' \"$XDG_RUNTIME_DIR\" \"$*\" >'%s/asked'\n%s\n",
	    root, script);
	AUTO_FREE char *path = put("busctl", text, 0755);
}

static char *
asked(void)
{
	AUTO_FREE char *path = path_join(root, "asked");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	(void)path_read(path, 65536, &text, &ignored);
	return buf_steal(&text);
}

static void
test_possible(struct scope_host *h)
{
	AUTO_FREE char *manager = path_join(root, "systemd");
	struct err e = ERR_INIT;

	ok(!scope_possible(h), "nobody to ask: no manager");
	(void)path_mkdirs(manager, 0700, &e);
	ok(!scope_possible(h), "nobody to ask: no bus");
	AUTO_FREE char *bus = put("bus", "", 0600);
	ok(!scope_possible(h), "of no use: not version 2");
	AUTO_FREE char *version2 = put("cgroup.controllers", "", 0600);
	ok(scope_possible(h), "there is somebody to ask");
}

static void
test_argv(void)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	AUTO_BUF struct buf line = BUF_INIT;

	scope_argv(&argv, 42);
	for (size_t i = 0; i < argv.n; i++)
		buf_addf(&line, "%s%s", i ? " " : "", argv.v[i]);
	is_str(line.data, "busctl --user --timeout=5 call "
	    "org.freedesktop.systemd1 /org/freedesktop/systemd1 "
	    "org.freedesktop.systemd1.Manager StartTransientUnit "
	    "ssa(sv)a(sa(sv)) agent-sandbox-42.scope fail 3 PIDs au 1 42 "
	    "Delegate b true CollectMode s inactive-or-failed 0",
	    "asks for a scope of this process, delegated");
}

static void
test_enter(const struct scope_host *h)
{
	AUTO_FREE char *want = xasprintf("0::/user.slice/agent-sandbox-%d."
	    "scope\n", (int)getpid());
	/* out of the group that ends with the answer before that is given */
	AUTO_FREE char *moves = xasprintf("mkfifo '%s/left'\n"
	    "setsid sh -c 'echo >\"$1/left\"; printf %%s \"$2\" "
	    ">\"$1/own\"' sh '%s' '%s' >/dev/null 2>&1 &\n"
	    "read -r _ <'%s/left'\n", root, root, want, root);
	struct err e = ERR_INIT;

	answer(moves);
	ok(scope_enter(h, &e) == 0, "enters: %s", e.text);
	AUTO_FREE char *what = asked();
	AUTO_FREE char *pid = xasprintf("PIDs au 1 %d ", (int)getpid());
	ok(what && strncmp(what, root, strlen(root)) == 0 &&
	    strstr(what, pid), "tells where the bus is, and who we are");

	answer("echo 'Call failed: Access denied' >&2; exit 1");
	ok(scope_enter(h, &e) < 0, "is refused");
	is_int(e.status, ST_UNAVAILABLE, "which is no end of the world");
	is_str(e.text, "systemd gave no scope: Call failed: Access denied",
	    "and says why");

	answer("exit 1");
	e = (struct err)ERR_INIT;
	ok(scope_enter(h, &e) < 0 && strstr(e.text, "busctl failed"),
	    "is refused without a word");

	AUTO_FREE char *own = put("own", "0::/user.slice\n", 0600);
	answer("exit 0");
	e = (struct err)ERR_INIT;
	ok(scope_enter(h, &e) < 0 && strstr(e.text, "did not move"),
	    "is not moved");
}

int
main(void)
{
	struct scope_host h = SCOPE_HOST_INIT;
	struct err ignored;

	if (!mkdtemp(root))
		return 1;
	AUTO_FREE char *path = xasprintf("%s:%s", root, getenv("PATH"));
	AUTO_FREE char *own = put("own", "0::/user.slice\n", 0600);
	setenv("PATH", path, 1);
	setenv("XDG_RUNTIME_DIR", root, 1);
	scope_host_find(&h);
	h.tree = root;
	h.own = own;
	test_possible(&h);
	test_argv();
	test_enter(&h);
	unsetenv("XDG_RUNTIME_DIR");
	scope_host_find(&h);
	ok(strncmp(h.runtime, "/run/user/", 10) == 0, "has a default");
	scope_host_release(&h);
	(void)tree_remove(AT_FDCWD, root, &ignored);
	return done();
}
