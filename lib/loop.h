/*
 * loop: waiting for many descriptors at once.
 *
 * One handler a descriptor.  A handler may add and remove any descriptor,
 * its own too; it must bear being called for nothing (an event of the same
 * round may be out of date), so descriptors are non-blocking or polled.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

typedef void loop_fn(void *arg, int fd, uint32_t events);

struct loop_slot {
	loop_fn *fn;
	void *arg;
	uint32_t events;
};

struct loop {
	int epoll;
	struct loop_slot *slots;	/* by descriptor */
	size_t cap;
};

#define LOOP_INIT { .epoll = -1 }

int	loop_open(struct loop *l, struct err *e);
void	loop_close(struct loop *l);

/*
 * Calls `fn` when `events` (EPOLLIN, EPOLLOUT) occur; errors and hang-ups
 * always count.  Changes them when the descriptor is there.  -1 for one that
 * cannot be waited for (a regular file).
 */
int	loop_set(struct loop *l, int fd, uint32_t events, loop_fn *fn,
	    void *arg);
void	loop_remove(struct loop *l, int fd);	/* before it is closed */

/* One round: waits until something happens or the deadline. */
int	loop_round(struct loop *l, struct deadline until, struct err *e);

#endif
