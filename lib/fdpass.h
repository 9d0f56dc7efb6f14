/*
 * fdpass: descriptors through a local socket that keeps messages apart
 * (SOCK_SEQPACKET).
 */
#ifndef AGENT_FDPASS_H
#define AGENT_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* One message, with a descriptor unless it is -1; -1 with errno. */
int	fdpass_send(int sock, const void *data, size_t len, int fd);

/*
 * The next message: its length, 0 at the end, -1 with errno.  `*ret_fd` is the
 * descriptor that came with it (close-on-exec), or -1.
 */
ssize_t	fdpass_recv(int sock, void *data, size_t size, int *ret_fd);

#endif
