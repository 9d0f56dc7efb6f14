/*
 * lookup: the addresses of a host name, without waiting for them.
 *
 * getaddrinfo(3) can block for minutes and cannot be interrupted; a child
 * asks it, and its answer comes through a pipe.
 */
#ifndef AGENT_LOOKUP_H
#define AGENT_LOOKUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "err.h"

enum { LOOKUP_MAX = 8 };

struct lookup {
	pid_t pid;
	int fd;			/* readable when the answer is there */
	struct sockaddr_storage addrs[LOOKUP_MAX];
};

#define LOOKUP_INIT { .fd = -1 }

int	lookup_start(struct lookup *l, const char *host, uint16_t port,
	    struct err *e);

/* The number of addresses, once `fd` is readable; ends the look-up. */
size_t	lookup_take(struct lookup *l);
void	lookup_stop(struct lookup *l);

#endif
