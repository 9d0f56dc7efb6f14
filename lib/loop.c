/* loop: waiting for many descriptors at once. */
#include "config.h"

#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include "alloc.h"

int
loop_open(struct loop *l, struct err *e)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return err_sys(e, ST_SYSTEM, "cannot wait for descriptors");
	return 0;
}

void
loop_close(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
	free(l->slots);
	*l = (struct loop)LOOP_INIT;
}

int
loop_set(struct loop *l, int fd, uint32_t events, loop_fn *fn, void *arg)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	size_t i = (size_t)fd;
	int op;

	if (i >= l->cap) {
		size_t cap = i + 64;
		l->slots = xreallocarray(l->slots, cap, sizeof(*l->slots));
		memset(l->slots + l->cap, 0,
		    (cap - l->cap) * sizeof(*l->slots));
		l->cap = cap;
	}
	op = l->slots[i].fn ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if ((op == EPOLL_CTL_ADD || l->slots[i].events != events) &&
	    epoll_ctl(l->epoll, op, fd, &ev) < 0)
		return -1;
	l->slots[i] = (struct loop_slot){ fn, arg, events };
	return 0;
}

void
loop_remove(struct loop *l, int fd)
{
	if (fd < 0 || (size_t)fd >= l->cap || !l->slots[fd].fn)
		return;
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
	l->slots[fd].fn = NULL;
}

int
loop_round(struct loop *l, struct deadline until, struct err *e)
{
	struct epoll_event ev[64];
	int n = epoll_wait(l->epoll, ev, 64, deadline_poll_ms(until));

	if (n < 0 && errno != EINTR)
		return err_sys(e, ST_SYSTEM, "cannot wait for descriptors");
	for (int i = 0; i < n; i++) {
		struct loop_slot s = l->slots[ev[i].data.fd];
		if (s.fn)
			s.fn(s.arg, ev[i].data.fd, ev[i].events);
	}
	return 0;
}
