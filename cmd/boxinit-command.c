/* boxinit-command: starts the command. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
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

static void __attribute__((noreturn))
run_command(char **argv, int tty, int report, const sigset_t *mask)
{
	int error;

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
	execvp(argv[0], argv);
failed:
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(71);
	_exit(127);
}

pid_t
init_start(char **argv, int tty, const sigset_t *mask)
{
	int report[2], error;
	pid_t pid;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		init_fail("cannot make a pipe");
	pid = vfork();
	if (pid < 0)
		init_fail("cannot fork");
	if (pid == 0)
		run_command(argv, tty, report[1], mask);
	close(report[1]);
	if (tty >= 0)
		close(tty);
	close(BOX_STDERR_FD);
	do
		n = read(report[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(error)) {
		init_say(BOX_NO_EXEC, error, "");
		_exit(error == ENOENT ? 127 : 126);
	}
	/* whoever waits for the end of these must not wait for us */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	init_say(BOX_STARTED, pid, "");
	return pid;
}
