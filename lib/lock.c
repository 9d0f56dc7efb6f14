/* lock: waiting for an flock(2), but not for ever. */
#include "config.h"

#include "lock.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>

#include "alloc.h"

enum { TICK_MS = 50 };

static void
on_tick(int sig)
{
	(void)sig;
}

/* flock(2) under a timer; errno as it leaves it, EINTR when given up. */
static int
wait_with_ticks(int fd, struct deadline until, const volatile int *stop)
{
	int sig = SIGRTMAX - 2, r = -1, saved;
	/* without SA_RESTART, so that it ends the call */
	struct sigaction sa = { .sa_handler = on_tick }, old;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL };
	struct itimerspec tick = {
		{ 0, TICK_MS * CLOCK_MS }, { 0, TICK_MS * CLOCK_MS }
	};
	timer_t timer;

	ev.sigev_signo = sig;
	sigemptyset(&sa.sa_mask);
	if (sigaction(sig, &sa, &old) < 0)
		return -1;
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0) {
		timer_settime(timer, 0, &tick, NULL);
		do {
			r = flock(fd, LOCK_EX);
		} while (r < 0 && errno == EINTR && !(stop && *stop) &&
		    !deadline_passed(until));
		saved = errno;
		timer_delete(timer);
		errno = saved;
	}
	saved = errno;
	sigaction(sig, &old, NULL);
	errno = saved;
	return r;
}

int
lock_take(int fd, struct deadline until, const volatile int *stop,
    struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	if (errno == EWOULDBLOCK || errno == EINTR) {
		if (wait_with_ticks(fd, until, stop) == 0)
			return 1;
	}
	if (errno != EINTR)
		return err_sys(e, ST_SYSTEM, "cannot lock");
	if (stop && *stop)
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	return 0;
}

void
lock_drop(int fd)
{
	flock(fd, LOCK_UN);
}
