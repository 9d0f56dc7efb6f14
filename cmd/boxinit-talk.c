/* boxinit-talk: what the init tells its parent, and the first it hears. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
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

void
init_read_spec(void)
{
	ssize_t n;

	do
		n = recv(BOX_CONTROL_FD, &init_spec, sizeof(init_spec), 0);
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
}
