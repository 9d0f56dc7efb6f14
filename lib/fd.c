/* fd: descriptors; EINTR, EAGAIN and short writes are dealt with here. */
#include "config.h"

#include "fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "alloc.h"

static bool was_closed[3];

int
fd_open_std(struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		was_closed[fd] = true;
		/* stdout for reading, so that a write fails, as it would */
		if (open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
			return err_sys(e, ST_SYSTEM, "cannot open '/dev/null'");
	}
	return 0;
}

bool
fd_was_closed(int fd)
{
	return fd >= 0 && fd < 3 && was_closed[fd];
}

int
fd_write(int fd, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (fd_wait(fd, POLLOUT, DEADLINE_NEVER, NULL, e) < 0)
				return -1;
		} else if (errno != EINTR) {
			if (fd == STDOUT_FILENO)
				return err_sys(e, ST_IO,
				    "cannot write to standard output");
			return err_sys(e, ST_IO, "cannot write");
		}
	}
	return 0;
}

ssize_t
fd_write_some(int fd, const void *data, size_t len, struct err *e)
{
	for (;;) {
		ssize_t n = write(fd, data, len);
		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			return FD_AGAIN;
		if (errno != EINTR)
			return err_sys(e, ST_IO, "cannot write");
	}
}

ssize_t
fd_read(int fd, void *data, size_t size, struct err *e)
{
	for (;;) {
		ssize_t n = read(fd, data, size);
		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			return FD_AGAIN;
		if (errno != EINTR)
			return err_sys(e, ST_IO, "cannot read");
	}
}

int
fd_read_all(int fd, size_t limit, struct deadline until, struct buf *out,
    struct err *e)
{
	size_t start = out->len;

	buf_add(out, "", 0);
	for (;;) {
		size_t got = out->len - start;
		size_t want = got < 65536 ? 65536 : got;
		ssize_t n;

		if (until.at != INT64_MAX) {
			int r = fd_wait(fd, POLLIN, until, NULL, e);
			if (r < 0)
				return -1;
			if (r == 0 || deadline_passed(until))
				return err_set(e, ST_TIMEOUT,
				    "no end of input in time");
		}
		/* one more than allowed, to see that there is more */
		if (want - 1 > limit - got)
			want = limit - got + 1;
		buf_reserve(out, want);
		n = fd_read(fd, out->data + out->len, want, e);
		if (n == FD_AGAIN) {
			if (fd_wait(fd, POLLIN, until, NULL, e) < 0)
				return -1;
			continue;
		}
		if (n < 0)
			return -1;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (n == 0)
			return 0;
		if (out->len - start > limit)
			return err_set(e, ST_DATA,
			    "input is larger than %zu bytes", limit);
	}
}

int
fd_poll(struct pollfd *p, size_t n, struct deadline until,
    const volatile int *stop, struct err *e)
{
	int64_t left = deadline_left(until);
	struct timespec ts = { left / CLOCK_SEC, left % CLOCK_SEC };
	sigset_t all, old;
	int r, error;

	/* a signal between the look at *stop and the wait would be lost */
	sigfillset(&all);
	if (stop && sigprocmask(SIG_SETMASK, &all, &old) < 0)
		return err_sys(e, ST_SYSTEM, "cannot block signals");
	if (stop && *stop) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	}
	r = ppoll(p, n, left == INT64_MAX ? NULL : &ts, stop ? &old : NULL);
	error = errno;
	if (stop)
		sigprocmask(SIG_SETMASK, &old, NULL);
	if (r >= 0)
		return r;
	for (size_t i = 0; i < n; i++)
		p[i].revents = 0;
	if (error != EINTR) {
		errno = error;
		return err_sys(e, ST_SYSTEM, "cannot poll");
	}
	if (stop && *stop)
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	return 0;
}

int
fd_wait(int fd, short events, struct deadline until, const volatile int *stop,
    struct err *e)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int n = fd_poll(&p, 1, until, stop, e);
		if (n != 0)
			return n;
		if (deadline_passed(until))
			return 0;
	}
}

/* Where a stack was, what node adds to each error: no words for people. */
static bool
says_nothing(const char *line, size_t len)
{
	static const char node[] = "Node.js v";

	return len == 0 || strchr(" \t\r}", *line) ||
	    (len >= sizeof(node) && memcmp(line, node, sizeof(node) - 1) == 0);
}

void
fd_last_line(int fd, struct buf *out)
{
	char tail[4096];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(tail) ?
	    size - (off_t)sizeof(tail) : 0;
	ssize_t n = size < 0 ? -1 : pread(fd, tail, sizeof(tail), from);
	size_t end = n > 0 ? (size_t)n : 0, start = end;

	while (end > 0) {
		start = end;
		while (start > 0 && tail[start - 1] != '\n')
			start--;
		if (!says_nothing(tail + start, end - start))
			break;
		end = start > 0 ? start - 1 : 0;
	}
	buf_add(out, tail + start, end > start ? end - start : 0);
}

bool
fd_is_piped(int fd)
{
	struct stat st;

	return !fd_was_closed(fd) && fstat(fd, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode));
}

bool
fd_reader_left(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP));
}

static int
change_flag(int fd, int get, int set, int flag, bool on, struct err *e)
{
	int old = fcntl(fd, get);

	if (old < 0 || fcntl(fd, set, on ? old | flag : old & ~flag) < 0)
		return err_sys(e, ST_SYSTEM, "cannot set up descriptor %d", fd);
	return 0;
}

int
fd_set_cloexec(int fd, bool on, struct err *e)
{
	return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on, e);
}

int
fd_set_nonblock(int fd, bool on, struct err *e)
{
	return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on, e);
}

int
fd_from_text(const char *text, size_t len, struct err *e)
{
	AUTO_FD int fd = memfd_create("text", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a memory file");
	if (fd_write(fd, text, len, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, ST_SYSTEM, "cannot rewind a memory file");
	return steal_fd(&fd);
}

void
fd_cloexec_from(int first)
{
	struct err ignored;
	long max;

	if (close_range((unsigned)first, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* before Linux 5.11 */
	max = sysconf(_SC_OPEN_MAX);
	for (int fd = first; fd < (max > 0 && max < 65536 ? max : 65536); fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			(void)fd_set_cloexec(fd, true, &ignored);
}

int
fd_close_stdout(struct err *e)
{
	bool failed = ferror(stdout);

	if (fflush(stdout) != 0)
		return err_sys(e, ST_IO, "cannot write to standard output");
	if (failed)
		return err_set(e, ST_IO, "cannot write to standard output");
	/* NFS and quotas report here; EBADF cannot be. */
	if (close(STDOUT_FILENO) < 0 && errno != EINTR)
		return err_sys(e, ST_IO, "cannot write to standard output");
	return 0;
}
