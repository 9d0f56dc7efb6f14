/* fdpass: descriptors through a local socket. */
#include "config.h"

#include "fdpass.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "alloc.h"

union space {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int
fdpass_send(int sock, const void *data, size_t len, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };
	union space space = { .bytes = { 0 } };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;
		h.msg_control = space.bytes;
		h.msg_controllen = sizeof(space);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &h, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

ssize_t
fdpass_recv(int sock, void *data, size_t size, int *ret_fd)
{
	struct iovec iov = { data, size };
	union space space;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space) };
	ssize_t n = recvmsg(sock, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&h) : NULL;

	*ret_fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n;
}
