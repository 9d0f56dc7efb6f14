/* fd: whole writes, bounded reads, waits that end. */
#include "config.h"

#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "alloc.h"
#include "tap.h"

static volatile int stop;

static void
on_signal(int sig)
{
	stop = sig;
}

/* A pipe that holds what `text` says and has no writer any more. */
static int
filled(const char *text)
{
	struct err e = ERR_INIT;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0 || fd_write(p[1], text, strlen(text), &e))
		exit(99);
	close(p[1]);
	return p[0];
}

static void
test_read_all(void)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf b = BUF_INIT;
	AUTO_FD int three = filled("abc"), four = filled("abcd");
	AUTO_FD int any = filled("xyz"), zero = open("/dev/zero", O_RDONLY);
	int p[2];

	is_int(fd_read_all(three, 3, DEADLINE_NEVER, &b, &e), 0,
	    "reads as many bytes as the limit");
	is_str(b.data, "abc", "all of them");
	is_int(fd_read_all(four, 3, DEADLINE_NEVER, &b, &e), -1,
	    "refuses one more");
	is_int(e.status, ST_DATA, "as bad data");
	buf_reset(&b);
	is_int(fd_read_all(any, SIZE_MAX, DEADLINE_NEVER, &b, &e), 0,
	    "no limit is a limit too");
	is_str(b.data, "xyz", "and reads");
	is_int(fd_read_all(zero, SIZE_MAX, deadline_in(CLOCK_MS), &b, &e),
	    -1, "what never ends is out of time");
	is_int(e.status, ST_TIMEOUT, "says its status");

	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		exit(99);
	is_int(fd_read_all(p[0], 10, deadline_in(CLOCK_MS), &b, &e), -1,
	    "what never comes is out of time");
	is_int(e.status, ST_TIMEOUT, "says its status");
	is_int(fd_read(p[0], (char[1]){ 0 }, 1, &e), FD_AGAIN,
	    "nothing there yet");
	close(p[0]);
	close(p[1]);
	is_int(fd_read_all(p[0], 10, DEADLINE_NEVER, &b, &e), -1,
	    "a closed descriptor is an error");
	is_str(e.text, "cannot read: Bad file descriptor", "that says so");
}

/* Many times the capacity of a pipe through a non-blocking one. */
static void
test_write(void)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf all = BUF_INIT;
	enum { SIZE = 1 << 20 };
	static const char data[SIZE];
	int p[2], wstatus;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		exit(99);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		_exit(fd_set_nonblock(p[1], true, &e) < 0 ||
		    fd_write(p[1], data, SIZE, &e) < 0);
	}
	close(p[1]);
	is_int(fd_read_all(p[0], SIZE, DEADLINE_NEVER, &all, &e), 0,
	    "reads to the end");
	is_int((int64_t)all.len, SIZE, "a non-blocking write is whole");
	waitpid(pid, &wstatus, 0);
	is_int(wstatus, 0, "and succeeds");
	close(p[0]);

	AUTO_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	is_int(fd_write(full, "x", 1, &e), -1, "a full disk is an error");
	is_int(e.status, ST_IO, "of its class");
	is_str(e.text, "cannot write: No space left on device", "and says so");
	is_int(fd_write(full, "", 0, &e), 0, "unless nothing is written");
}

static void
test_wait(void)
{
	struct err e = ERR_INIT;
	struct sigaction sa = { .sa_handler = on_signal };
	AUTO_FD int gone = filled("");
	int p[2];
	pid_t parent = getpid(), pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		exit(99);
	is_int(fd_wait(gone, POLLIN, DEADLINE_NEVER, NULL, &e), 1,
	    "a hang-up is ready");
	is_int(fd_wait(p[0], POLLIN, deadline_in(0), NULL, &e), 0,
	    "a deadline that passed is no wait");
	is_int(fd_wait(p[0], POLLIN, deadline_in(CLOCK_MS), &stop, &e), 0,
	    "out of time");
	sigaction(SIGUSR1, &sa, NULL);
	stop = SIGUSR1;
	is_int(fd_wait(p[0], POLLIN, DEADLINE_NEVER, &stop, &e), -1,
	    "a signal before the wait ends it");
	is_int(e.status, ST_SIGNAL + SIGUSR1, "with its number");
	stop = 0;
	pid = fork();
	if (pid == 0) {
		/* until it is heard: the parent may not wait yet */
		while (getppid() == parent && kill(parent, SIGUSR1) == 0)
			poll(NULL, 0, 1);
		_exit(0);
	}
	is_int(fd_wait(p[0], POLLIN, DEADLINE_NEVER, &stop, &e), -1,
	    "a signal during the wait ends it");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is_int(fd_wait(p[0], POLLIN, deadline_in(0), NULL, &e), 0,
	    "nobody asked about signals");
	close(p[0]);
	close(p[1]);
}

static void
test_flags(void)
{
	struct err e = ERR_INIT;
	AUTO_FD int fd = open("/dev/null", O_RDONLY);

	is_int(fd_set_cloexec(fd, true, &e), 0, "sets close-on-exec");
	is_int(fcntl(fd, F_GETFD), FD_CLOEXEC, "indeed");
	fd_set_cloexec(fd, false, &e);
	is_int(fcntl(fd, F_GETFD), 0, "and clears it");
	fd_cloexec_from(3);
	is_int(fcntl(fd, F_GETFD), FD_CLOEXEC, "on all at once");
	is_int(fcntl(1, F_GETFD), 0, "but those below");
	is_int(fd_set_nonblock(4711, true, &e), -1, "not on a closed one");
}

/* Exit status of a child whose 0, 1 and 2 are closed. */
static int
without_std(int (*check)(struct err *))
{
	int wstatus;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		_exit(fd_open_std(&e) < 0 ? 90 : check(&e));
	}
	waitpid(pid, &wstatus, 0);
	return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -1;
}

static int
unused(struct err *e)
{
	char c;

	if (!fd_was_closed(0) || !fd_was_closed(1) || !fd_was_closed(2))
		return 91;
	if (fd_read(0, &c, 1, e) != 0)
		return 92;
	return fd_close_stdout(e) < 0 ? e->status : 0;
}

static int
used(struct err *e)
{
	putchar('x');
	return fd_close_stdout(e) < 0 ? e->status : 0;
}

static int
used_raw(struct err *e)
{
	return fd_write(STDOUT_FILENO, "x", 1, e) < 0 ? e->status : 0;
}

static void
test_std(void)
{
	ok(!fd_was_closed(0) && !fd_was_closed(-1) && !fd_was_closed(3),
	    "nothing was closed");
	is_int(without_std(unused), 0, "closed and not used is fine");
	is_int(without_std(used), ST_IO, "closed and used is not");
	is_int(without_std(used_raw), ST_IO, "nor without stdio");
}

static void
last_line(const char *text, const char *want)
{
	struct err e = ERR_INIT;
	AUTO_FD int fd = fd_from_text(text, strlen(text), &e);
	AUTO_BUF struct buf out = BUF_INIT;

	buf_adds(&out, "");
	fd_last_line(fd, &out);
	is_str(out.data, want, "the last line that says something");
}

static void
test_last_line(void)
{
	last_line("", "");
	last_line("\n\n", "");
	last_line("one", "one");
	last_line("one\ntwo\n\n", "two");
	last_line("Error: why\n    at x (y:1)\n {\n}\n\nNode.js v20.1\n",
	    "Error: why");
	last_line("  at\n  of\n", "");
}

int
main(void)
{
	test_read_all();
	test_write();
	test_wait();
	test_flags();
	test_std();
	test_last_line();
	return done();
}
