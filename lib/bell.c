/* bell: inotify and flock in place of a daemon. */
#include "config.h"

#include "bell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

enum { ALSO_MAX = 64 };

#define BELL_EVENTS (IN_CLOSE_WRITE | IN_ONLYDIR)

static const char bell_file[] = "bell";

void
bell_ring(const char *dir)
{
	AUTO_FREE char *file = path_join(dir, bell_file);
	int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
}

/* Makes the directory and the file that is rung. */
static int
furnish(const char *dir, struct err *e)
{
	AUTO_FREE char *file = path_join(dir, bell_file);
	AUTO_FD int fd = -1;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", file);
	return 0;
}

int
bell_open(const char *dir, struct bell *ret, struct err *e)
{
	struct bell b = BELL_INIT;

	if (furnish(dir, e) < 0)
		return -1;
	b.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (b.fd >= 0 && inotify_add_watch(b.fd, dir, BELL_EVENTS) < 0) {
		close(b.fd);
		b.fd = -1;
	}
	b.dir = xstrdup(dir);
	*ret = b;
	return 0;
}

void
bell_close(struct bell *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	free(b->dir);
	b->dir = NULL;
}

/*
 * The kernel reports the last close just before it gives up the lock: waits
 * for that moment, which is near.
 */
static void
await_release(const char *dir, const char *id)
{
	struct deadline until = deadline_in(CLOCK_SEC);

	while (bell_held(dir, id) && !deadline_passed(until))
		sched_yield();
}

/* Takes what inotify has to say: whether a holder is among it; or -1. */
static int
drain(struct bell *b, struct err *e)
{
	char space[16384] __attribute__((aligned(8)));
	int gone = 0;
	ssize_t n;

	while ((n = read(b->fd, space, sizeof(space))) > 0) {
		const struct inotify_event *ev;

		for (char *p = space; p < space + n;
		    p += sizeof(*ev) + ev->len) {
			ev = (const struct inotify_event *)(void *)p;
			if (ev->mask & IN_IGNORED)
				return err_set(e, ST_NOINPUT,
				    "'%s' was removed", b->dir);
			if (ev->mask & IN_Q_OVERFLOW) {
				gone = 1;
			} else if (ev->len > 0 && ulid_valid(ev->name)) {
				await_release(b->dir, ev->name);
				gone = 1;
			}
		}
	}
	return gone;
}

int
bell_wait(struct bell *b, struct deadline until, const int *also, int n,
    const volatile int *stop, bool *ret_gone, struct err *e)
{
	struct pollfd p[ALSO_MAX + 1] = {
		{ .fd = b->fd, .events = POLLIN }
	};
	bool blind = b->fd < 0;

	*ret_gone = blind;
	if (n > ALSO_MAX)
		n = ALSO_MAX;
	for (int i = 0; i < n; i++)
		p[i + 1] = (struct pollfd){ also[i], POLLIN, 0 };
	if (blind)
		until = deadline_min(until, deadline_in(BELL_LOOK));
	for (;;) {
		int r = poll(p, (nfds_t)n + 1, deadline_poll_ms(until));

		if (r > 0 && p[0].revents) {
			r = drain(b, e);
			*ret_gone = r > 0;
			return r < 0 ? -1 : 1;
		}
		if (r > 0)
			return 2;
		if (r == 0 && deadline_passed(until))
			return blind ? 1 : 0;
		if (r < 0 && errno != EINTR)
			return err_sys(e, ST_SYSTEM, "cannot poll");
		if (r < 0 && stop && *stop)
			return err_set(e, ST_SIGNAL + *stop, "interrupted");
	}
}

/* A new file, locked; -2 when a sweeper took it for an abandoned one. */
static int
hold_once(const char *file, struct err *e)
{
	AUTO_FD int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", file);
	if (flock(fd, LOCK_EX) < 0)
		return err_sys(e, ST_SYSTEM, "cannot lock '%s'", file);
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -2;
	return steal_fd(&fd);
}

int
bell_hold(const char *dir, char ret_id[ULID_LEN + 1], int *ret_fd,
    struct err *e)
{
	int fd;

	if (furnish(dir, e) < 0)
		return -1;
	do {
		ulid_make(ret_id);
		AUTO_FREE char *file = path_join(dir, ret_id);
		fd = hold_once(file, e);
	} while (fd == -2);
	if (fd < 0)
		return -1;
	*ret_fd = fd;
	return 0;
}

void
bell_drop(const char *dir, const char *id, int fd)
{
	AUTO_FREE char *file = path_join(dir, id);

	if (fd < 0)
		return;
	unlink(file);
	close(fd);
}

bool
bell_held(const char *dir, const char *id)
{
	AUTO_FREE char *file = path_join(dir, id);
	AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno != ENOENT;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return true;
	unlink(file);
	return false;
}
