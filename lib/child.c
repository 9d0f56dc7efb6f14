/* child: starting, waiting for and ending other programs. */
#include "config.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "alloc.h"
#include "buf.h"
#include "fd.h"

/* What went wrong between fork and exec, for the parent to put in words. */
struct failure {
	int error;
	enum { FAILED_CHDIR, FAILED_EXEC, FAILED_SETUP } step;
};

/* Both ends of the three pipes; index 0 to 2, -1 where there is none. */
struct ends {
	int child[3];
	int ours[3];
};

static void
close_ends(int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] > 2)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int
make_pipe(struct ends *ends, int i, struct err *e)
{
	int p[2], reader = i == 0 ? 0 : 1;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a pipe");
	ends->child[i] = p[reader];
	ends->ours[i] = p[!reader];
	return 0;
}

static int
make_ends(const struct child_spec *spec, struct ends *ends, struct err *e)
{
	const int want[3] = { spec->in, spec->out, spec->err };

	for (int i = 0; i < 3; i++) {
		ends->child[i] = ends->ours[i] = -1;
		if (want[i] == CHILD_PIPE) {
			if (make_pipe(ends, i, e) < 0)
				return -1;
		} else if (want[i] == CHILD_NULL) {
			ends->child[i] = open("/dev/null",
			    (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
			if (ends->child[i] < 0)
				return err_sys(e, ST_SYSTEM,
				    "cannot open '/dev/null'");
		} else if (want[i] != CHILD_INHERIT) {
			/* a copy, so that any order of dup2 is right */
			ends->child[i] = fcntl(want[i], F_DUPFD_CLOEXEC, 3);
			if (ends->child[i] < 0)
				return err_sys(e, ST_SYSTEM,
				    "cannot duplicate descriptor %d", want[i]);
		}
	}
	return 0;
}

void
child_default_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			sigaction(sig, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs in the child; never comes back. */
static void __attribute__((noreturn))
become(const struct child_spec *spec, const struct ends *ends, int report,
    pid_t parent)
{
	struct failure f = { .step = FAILED_SETUP };
	struct err ignored;
	/* execvpe does not change them; the API is older than const */
	char *const *argv = (char *const *)(uintptr_t)spec->argv;
	char *const *envp = spec->envp ?
	    (char *const *)(uintptr_t)spec->envp : environ;

	child_default_signals();
	if (!spec->same_group)
		setpgid(0, 0);
	if (!spec->outlive) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(ST_SIGNAL + SIGKILL);
	}
	for (int i = 0; i < 3; i++)
		if (ends->child[i] >= 0 && dup2(ends->child[i], i) < 0)
			goto failed;
	fd_cloexec_from(3);
	for (size_t i = 0; i < spec->nkeep; i++)
		if (fd_set_cloexec(spec->keep[i], false, &ignored) < 0)
			goto failed;
	if (spec->cwd && chdir(spec->cwd) < 0) {
		f.step = FAILED_CHDIR;
		goto failed;
	}
	f.step = FAILED_EXEC;
	execvpe(spec->argv[0], argv, envp);
failed:
	f.error = errno;
	while (write(report, &f, sizeof(f)) < 0 && errno == EINTR)
		;
	_exit(f.error == ENOENT ? ST_NOTFOUND : ST_NOEXEC);
}

/* -1 with words when the child reported, 0 when exec went through. */
static int
check_exec(const struct child_spec *spec, int report, struct err *e)
{
	struct failure f;
	ssize_t n = fd_read(report, &f, sizeof(f), e);

	if (n != (ssize_t)sizeof(f))
		return n < 0 ? -1 : 0;
	errno = f.error;
	if (f.step == FAILED_CHDIR)
		return err_sys(e, ST_NOINPUT, "cannot enter '%s'", spec->cwd);
	if (f.step == FAILED_SETUP)
		return err_sys(e, ST_SYSTEM, "cannot start '%s'",
		    spec->argv[0]);
	return err_sys(e, f.error == ENOENT ? ST_NOTFOUND : ST_NOEXEC,
	    "cannot run '%s'", spec->argv[0]);
}

static int
fork_and_check(const struct child_spec *spec, struct ends *ends,
    struct child *c, struct err *e)
{
	int report[2], error;
	pid_t parent = getpid();
	sigset_t all, old;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a pipe");
	/* no handler of ours may swallow a signal that is for the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	/* the child makes system calls and nothing else: no copy is needed */
	c->pid = vfork();
	if (c->pid == 0)
		become(spec, ends, report[1], parent);
	error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(report[1]);
	AUTO_FD int read_end = report[0];
	if (c->pid < 0) {
		c->pid = 0;
		errno = error;
		return err_sys(e, ST_SYSTEM, "cannot fork");
	}
	c->outlive = spec->outlive;
	if (!spec->same_group) {
		setpgid(c->pid, c->pid);
		c->group = true;
	}
	close_ends(ends->child);
	if (check_exec(spec, read_end, e) < 0) {
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
		return -1;
	}
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return 0;
}

int
child_start(const struct child_spec *spec, struct child *ret, struct err *e)
{
	struct ends ends;
	struct child c = CHILD_INIT;

	for (int i = 0; i < 3; i++)
		ends.child[i] = ends.ours[i] = -1;
	if (make_ends(spec, &ends, e) < 0 ||
	    fork_and_check(spec, &ends, &c, e) < 0) {
		close_ends(ends.child);
		close_ends(ends.ours);
		return -1;
	}
	c.in = ends.ours[0];
	c.out = ends.ours[1];
	c.err = ends.ours[2];
	*ret = c;
	return 0;
}

static int
exit_status(int wstatus)
{
	return WIFSIGNALED(wstatus) ? ST_SIGNAL + WTERMSIG(wstatus) :
	    WEXITSTATUS(wstatus);
}

/* Whether it has ended, 1 or 0; it is not reaped. */
static int
has_ended(const struct child *c, struct err *e)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno == EINTR ? 0 :
		    err_sys(e, ST_SYSTEM, "cannot wait for a child");
	return info.si_pid != 0;
}

/* Without a pidfd (before Linux 5.3) we look now and then. */
static struct deadline
next_look(const struct child *c, struct deadline until)
{
	return c->pidfd >= 0 ? until :
	    deadline_min(until, deadline_in(20 * CLOCK_MS));
}

/*
 * Looks whether it has ended: 1 and its status, 0, or -1.  It is reaped last,
 * because until then its number, which is that of its group, is its own.
 */
static int
reap(struct child *c, int *ret_status, struct err *e)
{
	int wstatus, r = has_ended(c, e);

	if (r != 1)
		return r;
	if (c->group && !c->outlive)
		kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &wstatus, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, ST_SYSTEM, "cannot wait for a child");
	*ret_status = exit_status(wstatus);
	if (c->pidfd >= 0)
		close(c->pidfd);
	c->pidfd = -1;
	c->pid = 0;
	return 1;
}

int
child_wait(struct child *c, struct deadline until, const volatile int *stop,
    int *ret_status, struct err *e)
{
	if (c->pid <= 0)
		return err_set(e, ST_BUG, "no child to wait for");
	for (;;) {
		int r = reap(c, ret_status, e);

		if (r != 0)
			return r;
		r = fd_wait(c->pidfd, POLLIN, next_look(c, until), stop, e);
		if (r < 0)
			return -1;
		if (r == 0 && deadline_passed(until))
			return 0;
	}
}

void
child_signal(const struct child *c, int sig)
{
	if (c->pid > 0)
		kill(c->group ? -c->pid : c->pid, sig);
}

void
child_close(struct child *c)
{
	int fds[3] = { c->in, c->out, c->err };

	close_ends(fds);
	c->in = c->out = c->err = -1;
}

int
child_stop(struct child *c, int64_t grace_ns)
{
	struct err ignored;
	int status = 0;

	if (c->pid > 0) {
		child_signal(c, SIGTERM);
		child_signal(c, SIGCONT);
		if (child_wait(c, deadline_in(grace_ns), NULL, &status,
		    &ignored) != 1) {
			child_signal(c, SIGKILL);
			(void)child_wait(c, DEADLINE_NEVER, NULL, &status,
			    &ignored);
		}
	}
	child_close(c);
	return status;
}

/* Gives it some of `*input`; closes its stdin when there is no more. */
static void
feed(struct child *c, const char **input, size_t *left)
{
	ssize_t n = *left > 0 ? write(c->in, *input, *left) : 0;

	if (n > 0) {
		*input += n;
		*left -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		*left = 0;	/* it does not want more */
	}
	if (*left == 0) {
		close(c->in);
		c->in = -1;
	}
}

/* Takes what there is of its output: 1, 0 at the end, FD_AGAIN, or -1. */
static int
collect(struct child *c, size_t limit, size_t *got, struct buf *out,
    struct err *e)
{
	char chunk[65536];
	ssize_t n = fd_read(c->out, chunk, sizeof(chunk), e);

	if (n <= 0)
		return (int)n;
	if ((size_t)n > limit - *got)
		return err_set(e, ST_DATA, "more than %zu bytes of output",
		    limit);
	*got += (size_t)n;
	buf_add(out, chunk, (size_t)n);
	return 1;
}

/*
 * Feeds `input` and collects the output at once, so that neither side can
 * block the other for ever; until both are through or the child has ended.
 */
static int
exchange(struct child *c, const struct child_spec *spec, const char *input,
    size_t limit, struct deadline until, struct buf *out, struct err *e)
{
	size_t left = input ? strlen(input) : 0, got = 0;

	buf_add(out, "", 0);
	for (;;) {
		struct pollfd p[3] = {
			{ .fd = c->out, .events = POLLIN },
			{ .fd = c->in, .events = POLLOUT },
			{ .fd = c->pidfd, .events = POLLIN },
		};
		int r;

		if (fd_poll(p, 3, next_look(c, until), spec->stop, e) < 0)
			return -1;
		if (c->pidfd < 0 && (r = has_ended(c, e)) != 0) {
			if (r < 0)
				return -1;
			p[2].revents = POLLIN;
		}
		if (deadline_passed(until))
			return err_set(e, ST_TIMEOUT, "out of time");
		if (p[1].revents)
			feed(c, &input, &left);
		/* what it wrote before it ended is all there now */
		r = FD_AGAIN;
		if (c->out >= 0 && (p[0].revents || p[2].revents))
			r = collect(c, limit, &got, out, e);
		while (r == 1 && p[2].revents)
			r = collect(c, limit, &got, out, e);
		if (r == -1)
			return -1;
		if (r == 0) {
			close(c->out);
			c->out = -1;
		}
		if (p[2].revents || (c->out < 0 && c->in < 0))
			return 0;
	}
}

int
child_run(const struct child_spec *spec, const char *input, size_t limit,
    struct deadline until, struct buf *out, struct err *e)
{
	struct child_spec own = *spec;
	struct child c = CHILD_INIT;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int status = -1, r;

	own.in = input ? CHILD_PIPE : CHILD_NULL;
	own.out = CHILD_PIPE;
	if (child_start(&own, &c, e) < 0)
		return -1;
	r = fd_set_nonblock(c.out, true, e);
	if (r == 0 && c.in >= 0)
		r = fd_set_nonblock(c.in, true, e);
	sigaction(SIGPIPE, &ignore, &old);
	if (r == 0)
		r = exchange(&c, spec, input, limit, until, out, e);
	sigaction(SIGPIPE, &old, NULL);
	if (r == 0 && (r = child_wait(&c, until, spec->stop, &status, e)) == 0)
		r = err_set(e, ST_TIMEOUT, "out of time");
	if (r < 0) {
		child_stop(&c, CLOCK_SEC);
		return err_prefix(e, "'%s'", spec->argv[0]);
	}
	child_close(&c);
	return status;
}
