/* boxinit-talk: what the init tells its parent, and the first it hears. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct box_spec init_spec;

void
init_tell(const struct box_msg *m, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)m, sizeof(*m) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} space = { { 0 } };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;
		h.msg_control = space.bytes;
		h.msg_controllen = sizeof(space.bytes);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	while (sendmsg(BOX_CONTROL_FD, &h, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

void
init_say(enum box_msg_type type, int value, const char *text)
{
	struct box_msg m = { .type = type, .value = value };
	size_t n = strlen(text);

	memcpy(m.text, text, n < sizeof(m.text) ? n : sizeof(m.text) - 1);
	init_tell(&m, -1);
}

void
init_fail(const char *what)
{
	init_say(BOX_NO_SETUP, errno, what);
	_exit(125);
}

void
init_give(enum box_msg_type type, int value, uint32_t port, int fd)
{
	struct box_msg m = { .type = type, .value = value, .port = port };

	init_tell(&m, fd);
	close(fd);
}

/*
 * Here, and not before bwrap starts: what it needs for its mounts is none of
 * the command's, and the groups can be made meanwhile.
 */
static void
enter_groups(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (write(fds[i], "0", 1) != 1)
			init_fail("cannot enter a control group");
		close(fds[i]);
	}
	/* as bwrap does, and like there a kernel without is no error */
	if (n > 0 && init_spec.flags & BOX_OWN_GROUPS)
		(void)unshare(CLONE_NEWCGROUP);
}

void
init_read_spec(void)
{
	int fds[BOX_GROUPS_MAX];
	struct iovec iov = { &init_spec, sizeof(init_spec) };
	union {
		char bytes[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr align;
	} space;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space) };
	const struct cmsghdr *c;
	size_t size = 0;
	ssize_t n;

	do
		n = recvmsg(BOX_CONTROL_FD, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(init_spec) || init_spec.magic != BOX_MAGIC) {
		static const char text[] =
		    "agent-sandbox-init: started by agent-sandbox alone\n";
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(71);
		_exit(125);
	}
	if (fcntl(BOX_CONTROL_FD, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(BOX_STDERR_FD, F_SETFD, FD_CLOEXEC) < 0)
		init_fail("cannot set up descriptors");
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		size = c->cmsg_len - CMSG_LEN(0);
		memcpy(fds, CMSG_DATA(c), size);
	}
	enter_groups(fds, size / sizeof(*fds));
}
