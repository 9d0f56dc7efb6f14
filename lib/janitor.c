/* janitor: a process that outlives us, to clear up when we were killed. */
#include "config.h"

#include "janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

/* By posix_spawn, which copies nothing of ours. */
static int
spawn(const char *program, const struct strs *groups, int pipe_end)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	posix_spawn_file_actions_t acts;
	pid_t pid;
	int r;

	strs_add(&argv, program);
	strs_add(&argv, "--");
	for (size_t i = 0; i < groups->n; i++)
		strs_add(&argv, groups->v[i]);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, pipe_end, STDIN_FILENO);
	/* whoever waits for the end of these must not wait for it */
	posix_spawn_file_actions_addclose(&acts, STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&acts, STDERR_FILENO);
	r = posix_spawn(&pid, program, &acts, NULL, argv.v,
	    (char *[]){ NULL });
	posix_spawn_file_actions_destroy(&acts);
	return r;
}

int
janitor_start(struct janitor *j, const struct strs *groups, struct err *e)
{
	AUTO_FREE char *program = path_program("agent-sandbox-janitor", e);
	int p[2];

	if (!program) {
		e->status = ST_WRAPPER;
		return -1;
	}
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, ST_WRAPPER, "cannot make a pipe");
	errno = spawn(program, groups, p[0]);
	close(p[0]);
	j->pipe = p[1];
	return errno == 0 ? 0 : err_sys(e, ST_WRAPPER, "cannot run '%s'",
	    program);
}

void
janitor_dismiss(struct janitor *j)
{
	struct err ignored;

	if (j->pipe < 0)
		return;
	(void)fd_write(j->pipe, "", 1, &ignored);
	close(steal_fd(&j->pipe));
}
