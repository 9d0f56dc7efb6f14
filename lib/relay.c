/* relay: passes bytes from one descriptor to another inside a loop. */
#include "config.h"

#include "relay.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"

enum {
	CHUNK = 65536,
	SHARED_CHUNK = 4096	/* a pipe that is ready takes PIPE_BUF */
};

static void	on_from(void *arg, int fd, uint32_t events);
static void	on_to(void *arg, int fd, uint32_t events);

void
relay_stop(struct relay *r)
{
	if (r->from >= 0) {
		loop_remove(r->loop, r->from);
		close(r->from);
	}
	if (r->to >= 0) {
		loop_remove(r->loop, r->to);
		if (r->close_to)
			close(r->to);
	}
	r->from = r->to = -1;
	buf_release(&r->buf);
}

bool
relay_ended(const struct relay *r)
{
	return r->from < 0 && r->to < 0;
}

/* Writes what can be written; true when nothing is left. */
static bool
flush(struct relay *r)
{
	size_t max = r->shared && !r->unpolled ? SHARED_CHUNK : CHUNK;

	while (r->done < r->buf.len) {
		size_t left = r->buf.len - r->done;
		ssize_t n = write(r->to, r->buf.data + r->done,
		    left < max ? left : max);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			r->error = errno;
			relay_stop(r);
			return true;
		}
		r->done += (size_t)n;
		/* one write a round where the next could block */
		if (r->shared && !r->unpolled && r->done < r->buf.len)
			return false;
	}
	buf_reset(&r->buf);
	r->done = 0;
	return true;
}

static void
pass_on(struct relay *r)
{
	/* /dev/null and its like cannot be waited for either */
	if (!r->unpolled &&
	    loop_set(r->loop, r->to, EPOLLOUT, on_to, r) < 0)
		r->unpolled = true;
	if (r->unpolled) {
		flush(r);
		return;
	}
	/* reading waits until this is written; a hang-up would not */
	loop_remove(r->loop, r->from);
}

static void
on_from(void *arg, int fd, uint32_t events)
{
	struct relay *r = arg;
	char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		/* EIO: the other side of a terminal has gone */
		loop_remove(r->loop, r->from);
		close(r->from);
		r->from = -1;
		if (r->buf.len == 0)
			relay_stop(r);
		return;
	}
	r->total += (uint64_t)n;
	if (r->filter)
		r->filter(r->filter_arg, chunk, (size_t)n, &r->buf);
	else
		buf_add(&r->buf, chunk, (size_t)n);
	if (r->buf.len > 0)
		pass_on(r);
}

static void
on_to(void *arg, int fd, uint32_t events)
{
	struct relay *r = arg;

	(void)fd;
	if (r->buf.len == 0 && (events & (EPOLLERR | EPOLLHUP))) {
		r->error = EPIPE;
		relay_stop(r);
		return;
	}
	if (!flush(r) || r->to < 0)
		return;
	loop_remove(r->loop, r->to);
	if (r->from >= 0)
		loop_set(r->loop, r->from, EPOLLIN, on_from, r);
	else
		relay_stop(r);
}

int
relay_start(struct relay *r, struct loop *l, int from, int to, struct err *e)
{
	struct stat st;

	r->loop = l;
	r->from = from;
	r->to = to;
	r->unpolled = fstat(to, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
	if (!r->keep_blocking && fd_set_nonblock(from, true, e) < 0)
		return -1;
	if (loop_set(l, from, EPOLLIN, on_from, r) < 0)
		return err_sys(e, ST_SYSTEM, "cannot wait for output");
	return 0;
}
