/*
 * lock: waiting for an flock(2), but not for ever.
 *
 * flock hands the lock on in order, takes it back from the dead and costs a
 * microsecond; but it knows no time limit, and looking again and again is
 * slow and unfair.  So a timer signal interrupts the wait now and then.
 */
#ifndef AGENT_LOCK_H
#define AGENT_LOCK_H

#include "clock.h"
#include "err.h"

/*
 * Takes the lock of `fd`: 1; 0 out of time; -1 on failure (ST_SYSTEM), or
 * when `*stop` was set meanwhile, as fd_wait() tells it; NULL to wait on.
 */
int	lock_take(int fd, struct deadline until, const volatile int *stop,
	    struct err *e);
void	lock_drop(int fd);

#endif
