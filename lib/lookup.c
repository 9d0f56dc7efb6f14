/* lookup: the addresses of a host name, without waiting for them. */
#include "config.h"

#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "alloc.h"
#include "fd.h"
#include "netrules.h"

static void __attribute__((noreturn))
ask(const char *host, uint16_t port, int to)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_ADDRCONFIG }, *list = NULL;
	struct sockaddr_storage out[LOOKUP_MAX];
	struct err ignored;
	size_t n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memset(out, 0, sizeof(out));
	if (getaddrinfo(host, NULL, &hints, &list) == 0) {
		for (struct addrinfo *p = list; p && n < LOOKUP_MAX;
		    p = p->ai_next) {
			if (p->ai_family != AF_INET &&
			    p->ai_family != AF_INET6)
				continue;
			memcpy(&out[n], p->ai_addr, p->ai_addrlen);
			netaddr_set_port((struct sockaddr *)&out[n], port);
			n++;
		}
	}
	if (n > 0)
		(void)fd_write(to, out, n * sizeof(*out), &ignored);
	_exit(0);
}

int
lookup_start(struct lookup *l, const char *host, uint16_t port, struct err *e)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a pipe");
	l->pid = fork();
	if (l->pid == 0)
		ask(host, port, p[1]);
	close(p[1]);
	if (l->pid < 0) {
		l->pid = 0;
		close(p[0]);
		return err_sys(e, ST_SYSTEM, "cannot fork");
	}
	l->fd = p[0];
	return 0;
}

size_t
lookup_take(struct lookup *l)
{
	struct err ignored;
	size_t have = 0;
	ssize_t n;

	while ((n = fd_read(l->fd, (char *)l->addrs + have,
	    sizeof(l->addrs) - have, &ignored)) > 0)
		have += (size_t)n;
	lookup_stop(l);
	return have / sizeof(*l->addrs);
}

void
lookup_stop(struct lookup *l)
{
	if (l->pid > 0) {
		kill(l->pid, SIGKILL);
		while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (l->fd >= 0)
		close(l->fd);
	l->pid = 0;
	l->fd = -1;
}
