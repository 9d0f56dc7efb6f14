/*
 * agent-sandbox-init: process 1 of a sandbox; started by bwrap alone.
 *
 * It does from inside what cannot be done from outside, gives up every right
 * it has, starts the command, forwards signals to it, reaps what it leaves
 * behind and ends with its status, which ends everything else in the process
 * namespace.
 *
 * It runs beside a command that may be hostile, under the same user: hence it
 * is not dumpable (nobody inside can trace it or open its memory), has the
 * same system call filter as the command, and keeps no descriptor but the
 * socket to the parent, on which it takes only fixed-size messages.
 */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void __attribute__((noreturn))
end(int status)
{
	struct box_msg m = { .type = BOX_EXITED, .value = status };
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u) == 0) {
		m.user_us = u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec;
		m.sys_us = u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec;
		m.max_rss = u.ru_maxrss;
		m.read_blocks = u.ru_inblock;
		m.write_blocks = u.ru_oublock;
	}
	init_tell(&m, -1);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

static void
reap(pid_t command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			end(status);
}

static void
obey(pid_t command)
{
	struct box_msg m;
	ssize_t n = recv(BOX_CONTROL_FD, &m, sizeof(m), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		_exit(125);	/* the parent is gone */
	if (n != (ssize_t)sizeof(m))
		return;
	if (m.type == BOX_SIGNAL) {
		/* a group that is gone, or a shell that moved on */
		if (kill(-command, m.value) < 0)
			kill(command, m.value);
	} else if (m.type == BOX_CONNECT) {
		init_connect(&m);
	}
}

static void __attribute__((noreturn))
supervise(pid_t command, int signals)
{
	struct pollfd p[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = BOX_CONTROL_FD, .events = POLLIN }
	};

	for (;;) {
		struct signalfd_siginfo ignored;

		reap(command);
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents && read(signals, &ignored,
		    sizeof(ignored)) < 0)
			continue;
		if (p[1].revents)
			obey(command);
	}
}

/*
 * bwrap may have been killed before it asked the kernel to end us with it:
 * then the parent has closed its side, and nothing may start any more.
 */
static void
look_at_parent(void)
{
	char ignored;

	if (recv(BOX_CONTROL_FD, &ignored, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(125);
}

int
main(int argc, char **argv)
{
	sigset_t chld, old;
	int signals, tty = -1;

	init_read_spec();
	init_read_filters();
	init_check_mounts();
	if (argc < 2)
		init_fail("no command");
	init_listen();
	init_limit();
	if (init_spec.flags & BOX_MAP_BACK)
		init_map_back();
	if (init_spec.flags & BOX_TTY)
		tty = init_terminal();
	if (init_spec.flags & BOX_PROC_RO)
		init_protect_proc();
	init_drop_rights();
	if (init_spec.flags & BOX_SCOPE)
		init_scope();
	init_filter();
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	signals = signalfd(-1, &chld, SFD_CLOEXEC);
	if (signals < 0)
		init_fail("cannot watch the command");
	look_at_parent();
	supervise(init_start(argv + 1, tty, &old), signals);
}
