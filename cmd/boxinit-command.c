/* boxinit-command: starts the command. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* A terminal of our own; the parent gets the other side. */
int
init_terminal(void)
{
	struct winsize size = { .ws_row = init_spec.rows,
	    .ws_col = init_spec.cols };
	int unlock = 0, slave;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		init_fail("cannot make a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		init_fail("cannot open a terminal");
	if (init_spec.rows)
		ioctl(slave, TIOCSWINSZ, &size);
	init_give(BOX_PTY, 0, 0, master);
	return slave;
}

/* What is executable but no program is a script for sh. */
static void
execute(const char *path, char **argv)
{
	execve(path, argv, environ);
	if (errno != ENOEXEC)
		return;
	/* the word before the command is our own name, and free */
	argv[-1] = (char *)(uintptr_t)"/bin/sh";
	argv[0] = (char *)(uintptr_t)path;
	execve(argv[-1], argv - 1, environ);
}

static const char *
search_path(void)
{
	for (char **p = environ; *p; p++)
		if (strncmp(*p, "PATH=", 5) == 0)
			return *p + 5;
	return "/bin:/usr/bin";
}

/* As execvp(3); an empty part of PATH is nothing, not the directory. */
static void
find_and_execute(char **argv)
{
	const char *name = argv[0], *dir = search_path();
	size_t len = strlen(name), n;
	char path[PATH_MAX];
	int error = ENOENT;

	if (len == 0 || strchr(name, '/')) {
		execute(name, argv);
		return;
	}
	for (; *dir; dir += n + (dir[n] == ':')) {
		for (n = 0; dir[n] && dir[n] != ':'; n++)
			;
		if (n == 0 || n + 1 + len >= sizeof(path))
			continue;
		memcpy(path, dir, n);
		path[n] = '/';
		memcpy(path + n + 1, name, len + 1);
		execute(path, argv);
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		if (error != ENOENT && error != EACCES)
			break;
	}
	errno = error;
}

/*
 * What the child tells: it shares this, because a filter of the user's may
 * not let it write.
 */
struct outcome {
	int error;		/* why it cannot be executed; -1: is told */
	int listener;		/* of the filters it has; -1: none */
};

static void __attribute__((noreturn))
run_command(char **argv, int tty, volatile struct outcome *o,
    const sigset_t *mask)
{
	int listener;

	if (tty >= 0) {
		int err = init_spec.flags & BOX_TTY_ERR ? tty : BOX_STDERR_FD;
		if (setsid() < 0 || ioctl(tty, TIOCSCTTY, 0) < 0 ||
		    dup2(tty, 0) < 0 || dup2(tty, 1) < 0 || dup2(err, 2) < 0)
			goto failed;
	} else {
		setpgid(0, 0);
		if (dup2(BOX_STDERR_FD, STDERR_FILENO) < 0)
			goto failed;
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	listener = init_narrow();
	if (listener < -1) {
		o->error = -1;
		init_fail("cannot load the filters of --seccomp");
	}
	o->listener = listener;
	find_and_execute(argv);
failed:
	o->error = errno;
	/* which a filter of the user's may refuse */
	syscall(SYS_exit_group, 127);
	syscall(SYS_exit, 127);
	__builtin_trap();
}

/*
 * The child shares our descriptors until it executes the command, so that a
 * listener it gets is ours to pass on; and we wait until then.
 */
pid_t
init_start(char **argv, int tty, const sigset_t *mask)
{
	volatile struct outcome *o = mmap(NULL, sizeof(*o),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (o == MAP_FAILED)
		init_fail("cannot share memory");
	o->listener = -1;
	pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | CLONE_FILES | SIGCHLD,
	    0, 0, 0, 0);
	if (pid < 0)
		init_fail("cannot fork");
	if (pid == 0)
		run_command(argv, tty, o, mask);
	if (tty >= 0)
		close(tty);
	close(BOX_STDERR_FD);
	if (o->error < 0)
		_exit(125);
	if (o->error) {
		init_say(BOX_NO_EXEC, o->error, "");
		_exit(o->error == ENOENT ? 127 : 126);
	}
	if (o->listener >= 0)
		init_give(BOX_NOTIFIER, 0, 0, o->listener);
	init_filter_self();
	/* whoever waits for the end of these must not wait for us */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	init_say(BOX_STARTED, pid, "");
	return pid;
}
