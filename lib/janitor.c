/* janitor: a process that outlives us, to clear up when we were killed. */
#include "config.h"

#include "janitor.h"

#include <errno.h>
#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

/*
 * By vfork, which copies nothing of ours, and not by posix_spawn, which takes
 * twice as long for the same: we wait for it.  0, or errno.
 */
static int
spawn(const char *program, const struct strs *groups, int pipe_end)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	volatile int error = 0;
	pid_t pid;

	strs_add(&argv, program);
	strs_add(&argv, "--");
	for (size_t i = 0; i < groups->n; i++)
		strs_add(&argv, groups->v[i]);
	pid = vfork();
	if (pid == 0) {
		if (dup2(pipe_end, STDIN_FILENO) == STDIN_FILENO) {
			/* who waits for their ends must not wait for it */
			close(STDOUT_FILENO);
			close(STDERR_FILENO);
			execve(program, argv.v, (char *[]){ NULL });
		}
		error = errno;
		_exit(ST_WRAPPER);
	}
	return pid < 0 ? errno : error;
}

int
janitor_start(struct janitor *j, const struct strs *groups, pid_t bwrap,
    struct err *e)
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
	if (errno != 0)
		return err_sys(e, ST_WRAPPER, "cannot run '%s'", program);
	if (write(j->pipe, &bwrap, sizeof(bwrap)) != sizeof(bwrap))
		return err_set(e, ST_WRAPPER, "the janitor is gone: %s; "
		    "nothing was run", strerror(errno));
	return 0;
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
