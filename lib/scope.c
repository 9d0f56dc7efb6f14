/* scope: asks the user's service manager for a control group of our own. */
#include "config.h"

#include "scope.h"

#include <poll.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "path.h"

enum { ASK_SECONDS = 5, WAIT_SECONDS = 3, PAUSE_MS = 5 };

void
scope_host_find(struct scope_host *h)
{
	const char *dir = env_get("XDG_RUNTIME_DIR");

	free(h->runtime);
	h->runtime = dir && dir[0] == '/' ? xstrdup(dir) :
	    xasprintf("/run/user/%u", getuid());
}

void
scope_host_release(struct scope_host *h)
{
	free(h->runtime);
	h->runtime = NULL;
}

bool
scope_possible(const struct scope_host *h)
{
	AUTO_FREE char *manager = path_join(h->runtime, "systemd");
	AUTO_FREE char *bus = path_join(h->runtime, "bus");
	AUTO_FREE char *version2 = path_join(h->tree, "cgroup.controllers");

	return path_is_dir(manager) && path_exists(bus) &&
	    path_exists(version2);
}

void
scope_argv(struct strs *argv, pid_t pid)
{
	STRS_ADD(argv, "busctl", "--user", "--timeout=5", "call",
	    "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
	    "org.freedesktop.systemd1.Manager", "StartTransientUnit",
	    "ssa(sv)a(sa(sv))");
	strs_addf(argv, "agent-sandbox-%d.scope", (int)pid);
	/* three properties: a name, a type, a value; no other units */
	STRS_ADD(argv, "fail", "3", "PIDs", "au", "1");
	strs_addf(argv, "%d", (int)pid);
	STRS_ADD(argv, "Delegate", "b", "true", "CollectMode", "s",
	    "inactive-or-failed", "0");
}

static bool
is_inside(const struct scope_host *h)
{
	AUTO_FREE char *unit = xasprintf("/agent-sandbox-%d.scope\n",
	    (int)getpid());
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	return path_read(h->own, 65536, &text, &ignored) == 0 &&
	    strstr(text.data, unit);
}

/* The answer comes before the move. */
static int
await_move(const struct scope_host *h, struct err *e)
{
	struct deadline until = deadline_in(WAIT_SECONDS * CLOCK_SEC);

	while (!is_inside(h)) {
		if (deadline_passed(until))
			return err_set(e, ST_UNAVAILABLE, "systemd gave a "
			    "scope, and did not move us there");
		poll(NULL, 0, PAUSE_MS);
	}
	return 0;
}

/* What busctl complains of comes back on the same pipe as its answer. */
static int
ask(const struct scope_host *h, struct buf *said, struct err *e)
{
	AUTO_STRS struct strs argv = STRS_INIT, env = STRS_INIT;
	const char *path = env_get("PATH");
	const char *bus = env_get("DBUS_SESSION_BUS_ADDRESS");
	struct child_spec spec = CHILD_SPEC_INIT;

	STRS_ADD(&argv, "/bin/sh", "-c", "exec \"$@\" 2>&1", "sh");
	scope_argv(&argv, getpid());
	strs_addf(&env, "PATH=%s", path ? path : "/usr/bin:/bin");
	strs_addf(&env, "XDG_RUNTIME_DIR=%s", h->runtime);
	if (bus)
		strs_addf(&env, "DBUS_SESSION_BUS_ADDRESS=%s", bus);
	spec.argv = (const char *const *)argv.v;
	spec.envp = (const char *const *)env.v;
	return child_run(&spec, NULL, 4096,
	    deadline_in((ASK_SECONDS + 1) * CLOCK_SEC), said, e);
}

int
scope_enter(const struct scope_host *h, struct err *e)
{
	AUTO_BUF struct buf said = BUF_INIT;
	int status = ask(h, &said, e);

	if (status == 0)
		return await_move(h, e);
	while (said.len > 0 && said.data[said.len - 1] == '\n')
		buf_truncate(&said, said.len - 1);
	if (status > 0)
		err_set(e, ST_UNAVAILABLE, "systemd gave no scope: %s",
		    said.len > 0 ? said.data : "busctl failed");
	e->status = ST_UNAVAILABLE;
	return -1;
}
