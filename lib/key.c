/* key: keys that a command or a descriptor knows. */
#include "config.h"

#include "key.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include "alloc.h"
#include "buf.h"
#include "child.h"
#include "fd.h"

enum {
	KEY_MAX = 16 << 10,
	LONGEST_S = 60,
	LOOK_MS = 20		/* without a descriptor for its end */
};

struct key_helper {
	struct child child;
	int ep;
	struct buf out;
	struct deadline until;
};

/* Takes the key and overwrites what it came in. */
static int
first_line(struct buf *out, const char *from, char **ret, struct err *e)
{
	size_t n = strcspn(out->data ? out->data : "", "\r\n");

	if (n > 0)
		*ret = xstrndup(out->data, n);
	if (out->data)
		explicit_bzero(out->data, out->len);
	return n > 0 ? 0 : err_set(e, ST_DENIED, "%s gave no key", from);
}

/* A string is a line for sh(1); the strings of an array live in `cmd`. */
static const char **
argv_of(const jv *cmd)
{
	size_t n = json_string(cmd) ? 3 : json_count(cmd);
	const char **argv = xcalloc(n + 1, sizeof(*argv));

	if (json_string(cmd)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = json_string(cmd);
	} else {
		for (size_t i = 0; i < n; i++) {
			AUTO_JV jv v = json_at(cmd, i);
			argv[i] = json_string(&v);
		}
	}
	return argv;
}

/* One descriptor that tells of what it says and of its end. */
static int
listen_to(struct key_helper *h, struct err *e)
{
	struct epoll_event in = { .events = EPOLLIN };

	h->ep = epoll_create1(EPOLL_CLOEXEC);
	if (h->ep < 0 ||
	    epoll_ctl(h->ep, EPOLL_CTL_ADD, h->child.out, &in) < 0 ||
	    (h->child.pidfd >= 0 &&
	    epoll_ctl(h->ep, EPOLL_CTL_ADD, h->child.pidfd, &in) < 0))
		return err_sys(e, ST_SYSTEM, "cannot wait for it");
	return fd_set_nonblock(h->child.out, true, e);
}

struct key_helper *
key_start(const jv *cmd, struct err *e)
{
	AUTO_FREE const char **argv = argv_of(cmd);
	struct child_spec spec = CHILD_SPEC_INIT;
	struct key_helper *h;

	if (!argv[0]) {
		err_set(e, ST_CONFIG, "key_cmd is empty");
		return NULL;
	}
	h = xcalloc(1, sizeof(*h));
	*h = (struct key_helper){ .child = CHILD_INIT, .ep = -1,
	    .until = deadline_in(LONGEST_S * CLOCK_SEC) };
	spec.argv = argv;
	spec.in = CHILD_NULL;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &h->child, e) == 0 && listen_to(h, e) == 0)
		return h;
	err_prefix(e, "key_cmd");
	key_stop(h);
	return NULL;
}

void
key_stop(struct key_helper *h)
{
	if (!h)
		return;
	child_stop(&h->child, 0);
	if (h->ep >= 0)
		close(h->ep);
	if (h->out.data)
		explicit_bzero(h->out.data, h->out.len);
	buf_release(&h->out);
	free(h);
}

int
key_fd(const struct key_helper *h)
{
	return h->ep;
}

struct deadline
key_due(const struct key_helper *h)
{
	return h->child.pidfd >= 0 ? h->until :
	    deadline_min(h->until, deadline_in(LOOK_MS * CLOCK_MS));
}

/* Takes what it has said, which is little and never moves, so that no copy
 * of it stays behind. */
static int
hear(struct key_helper *h, struct err *e)
{
	ssize_t n = 1;

	buf_reserve(&h->out, KEY_MAX + 1);
	h->out.data[h->out.len] = '\0';
	while (h->child.out >= 0 && (n = fd_read(h->child.out,
	    h->out.data + h->out.len, KEY_MAX + 1 - h->out.len, e)) > 0) {
		h->out.len += (size_t)n;
		h->out.data[h->out.len] = '\0';
		if (h->out.len > KEY_MAX)
			return err_set(e, ST_DATA, "more than %d bytes of "
			    "output", KEY_MAX);
	}
	if (n == 0) {
		close(h->child.out);
		h->child.out = -1;
	}
	return n == -1 ? -1 : 0;
}

int
key_step(struct key_helper *h, char **ret, struct err *e)
{
	int status, ended;

	if (hear(h, e) < 0 || (ended = child_wait(&h->child, deadline_in(0),
	    NULL, &status, e)) < 0)
		return err_prefix(e, "key_cmd");
	if (!ended && deadline_passed(h->until))
		return err_set(e, ST_TIMEOUT, "key_cmd: out of time");
	if (!ended)
		return 0;
	/* what it wrote before it ended is all there now */
	if (hear(h, e) < 0)
		return err_prefix(e, "key_cmd");
	if (status != 0)
		return err_set(e, ST_DENIED, "key_cmd failed with status %d",
		    status);
	return first_line(&h->out, "key_cmd", ret, e) < 0 ? -1 : 1;
}

int
key_run(const jv *cmd, char **ret, struct err *e)
{
	struct key_helper *h = key_start(cmd, e);
	int r = h ? 0 : -1;

	while (r == 0 && (r = key_step(h, ret, e)) == 0)
		if (fd_wait(key_fd(h), POLLIN, key_due(h), NULL, e) < 0)
			r = -1;
	key_stop(h);
	return r < 0 ? -1 : 0;
}

int
key_read(int fd, struct deadline until, char **ret, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int r;

	if (fcntl(fd, F_GETFD) < 0)
		return err_sys(e, ST_DENIED, "--key-fd %d", fd);
	r = fd_read_all(fd, KEY_MAX, until, &out, e);
	close(fd);
	/* no file may get the number of a standard descriptor */
	if (fd <= STDERR_FILENO && fd_open_std(e) < 0)
		r = -1;
	if (r == 0)
		return first_line(&out, "--key-fd", ret, e);
	if (out.data)
		explicit_bzero(out.data, out.len);
	return err_prefix(e, "--key-fd %d", fd);
}

/*
 * By the filter for core files and not by PR_SET_DUMPABLE, which would give
 * our files in /proc to root and keep debuggers and leak checkers away.  The
 * filter is inherited: what a key helper leaves has no memory in it either.
 */
void
key_hide(void)
{
	AUTO_FD int fd = open("/proc/self/coredump_filter",
	    O_WRONLY | O_CLOEXEC);
	struct err ignored = ERR_INIT;

	if (fd >= 0)
		(void)fd_write(fd, "0", 1, &ignored);
}

void
key_free(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}
