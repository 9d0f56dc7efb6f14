/*
 * child: starting, waiting for and ending other programs.
 *
 * A child gets its own process group, dies with its parent (Linux,
 * PR_SET_PDEATHSIG), starts with default signals and an empty mask, and
 * inherits no descriptor but 0, 1, 2 and those that are named.  When it ends,
 * what is left of its group is killed, so that nothing keeps running behind
 * our back (`outlive` apart).  A program that could not be started is told
 * apart from one that failed: errno comes back through a close-on-exec pipe.
 *
 * Ours must not ignore SIGCHLD, or there is no status: cli_begin() sees to it.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "clock.h"
#include "err.h"

/* What a descriptor of the child is: one of ours, or: */
enum {
	CHILD_INHERIT = -1,	/* the same as ours */
	CHILD_NULL = -2,	/* /dev/null */
	CHILD_PIPE = -3		/* a new pipe; our end is in struct child */
};

struct child_spec {
	const char *const *argv;	/* argv[0] is looked up in our PATH,
					 * or relative to cwd */
	const char *const *envp;	/* NULL: ours */
	const char *cwd;		/* NULL: ours */
	int in, out, err;		/* CHILD_..., or a descriptor to use */
	const int *keep;		/* descriptors passed on as they are, */
	size_t nkeep;			/* under the same numbers */
	bool same_group;		/* stay in our group: for a wrapper
					 * whose terminal is the child's */
	bool outlive;			/* not killed when we die */
	const volatile int *stop;	/* for child_run(), as fd_wait() */
};

/* in = out = err = CHILD_INHERIT */
#define CHILD_SPEC_INIT { .in = CHILD_INHERIT, .out = CHILD_INHERIT, \
	.err = CHILD_INHERIT }

struct child {
	pid_t pid;		/* 0: none */
	int pidfd;		/* readable when it has ended; -1: none */
	int in, out, err;	/* our ends of pipes, blocking; or -1 */
	bool group, outlive;
};

#define CHILD_INIT { .pidfd = -1, .in = -1, .out = -1, .err = -1 }

/*
 * Starts.  Failure: ST_NOTFOUND (127) or ST_NOEXEC (126) when exec failed,
 * ST_SYSTEM, ST_NOINPUT for the directory.
 */
int	child_start(const struct child_spec *spec, struct child *ret,
	    struct err *e);

/*
 * Waits until it ends or the deadline passes: 1 ended and `*ret_status` is
 * its exit status, 128+n by signal; 0 out of time; -1 failure, or a signal
 * of ours as fd_wait() tells it.
 */
int	child_wait(struct child *c, struct deadline until,
	    const volatile int *stop, int *ret_status, struct err *e);

/* A signal to its group (to it alone, with same_group). */
void	child_signal(const struct child *c, int sig);

/*
 * Ends it: SIGTERM, `grace_ns` to comply, SIGKILL; reaps; closes our ends.
 * Its exit status.  Fine on a child that is none or has ended.
 */
int	child_stop(struct child *c, int64_t grace_ns);

/*
 * Default actions and an empty mask, as child_start() gives them: for who
 * forks by hand.  Safe between fork and exec.
 */
void	child_default_signals(void);

/* Closes our ends of its pipes. */
void	child_close(struct child *c);

/*
 * Runs to the end with `input` on stdin (NULL: /dev/null), at most `limit`
 * bytes of stdout appended to `out`; stderr is as in `spec`.  The exit
 * status; or -1 after it was killed: ST_TIMEOUT, ST_DATA for too much
 * output, ST_SIGNAL + n.  The end is that of the program: what it left
 * running and still holds its stdout is not waited for.
 */
struct buf;
int	child_run(const struct child_spec *spec, const char *input,
	    size_t limit, struct deadline until, struct buf *out,
	    struct err *e);

#endif
