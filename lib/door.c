/* door: the way of a sandbox to the hub. */
#include "config.h"

#include "door.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"
#include "env.h"
#include "path.h"

enum { BACKLOG = 64, GRACE_SECONDS = 3 };

/* Under a new name, so that it listens when it appears under its own. */
static int
bind_in(int dir, const char *name, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_FREE char *tmp = xasprintf(".%s.%ld", name, (long)getpid());
	/* the address has room for a short path only */
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d/%s", dir, tmp);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(path);

	if (len >= sizeof(a.sun_path))
		return err_set(e, ST_USAGE, "'%s' is too long a name for a "
		    "socket", name);
	memcpy(a.sun_path, path, len + 1);
	unlinkat(dir, tmp, 0);
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    fchmodat(dir, tmp, 0600, 0) < 0 || listen(fd, BACKLOG) < 0 ||
	    renameat(dir, tmp, dir, name) < 0) {
		err_sys(e, ST_CANTCREATE, "cannot create '%s'", name);
		unlinkat(dir, tmp, 0);
		return -1;
	}
	return steal_fd(&fd);
}

int
door_listen(const char *path, struct err *e)
{
	AUTO_FREE char *parent = path_dirname(path);
	AUTO_FD int dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	return bind_in(dir, path_basename(path), e);
}

/* What a process that serves strangers may know of our environment. */
static void
plain_env(const struct workspace *w, struct strs *env)
{
	static const char *const names[] = {
		"HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TRACEPARENT",
		"TZ", "USER", "XDG_CONFIG_HOME", "XDG_STATE_HOME"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (env_get(names[i]))
			strs_addf(env, "%s=%s", names[i], env_get(names[i]));
	strs_addf(env, "AGENT_DIR=%s", w->dir);
}

int
door_open(const struct workspace *w, const char *agent, const char *path,
    struct door *ret, struct err *e)
{
	int fd = door_listen(path, e);

	if (fd < 0)
		return -1;
	*ret = (struct door){
		.path = xstrdup(path), .fd = fd, .workspace = w,
		.agent = agent, .child = CHILD_INIT,
	};
	return 0;
}

int
door_serve(struct door *d, struct err *e)
{
	AUTO_FREE char *self = path_program("agent-send", e);
	const char *argv[] = { self, "--serve", "-", d->agent, NULL };
	AUTO_STRS struct strs env = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int fd = steal_fd(&d->fd);

	if (fd < 0)
		return 0;
	if (!self)
		return -1;
	plain_env(d->workspace, &env);
	spec.argv = argv;
	spec.cwd = d->workspace->root;
	spec.envp = (const char *const *)env.v;
	spec.in = fd;
	spec.out = CHILD_NULL;
	return child_start(&spec, &d->child, e);
}

void
door_close(struct door *d)
{
	if (d->path)
		unlink(d->path);
	if (d->fd >= 0)
		close(d->fd);
	child_stop(&d->child, GRACE_SECONDS * CLOCK_SEC);
	free(d->path);
	*d = (struct door)DOOR_INIT;
}

int
door_words(const char *path, struct strs *words, struct err *e)
{
	static const char *const programs[] = {
		"agent-send", "agent-recv", "agent-gate"
	};

	strs_add(words, "--unix-socket");
	strs_addf(words, "%s:" DOOR_INSIDE, path);
	STRS_ADD(words, "--env", "AGENT_SOCKET=" DOOR_INSIDE);
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		AUTO_FREE char *program = path_program(programs[i], e);

		if (!program)
			return -1;
		/* /usr is seen anyway */
		if (strncmp(program, "/usr/", 5) != 0)
			STRS_ADD(words, "--ro", program);
	}
	return 0;
}
