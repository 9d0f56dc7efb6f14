/* hub-wait: waiting until there may be something to take. */
#include "config.h"

#include "hub-sqlite.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "alloc.h"

enum { PIDS_MAX = 32 };

/* Milliseconds since boot at which a lease or a pause ends; 0: none. */
static int
next_end(struct sqlite_taker *t, int64_t *ret, struct err *e)
{
	*ret = 0;
	if (t->row == 0)
		return 0;
	return store_get_int(t->h->s, "select min(until) from message where"
	    " box = ? and state = 1", STORE_ARGS(ARG_INT(t->row)), ret, e);
}

/*
 * A timer for the next scheduled message, on the clock that people set: it
 * goes off as well when that clock was set.
 */
static int
arm_calendar(struct sqlite_taker *t, struct err *e)
{
	struct itimerspec when = { .it_value.tv_sec = 0 };
	int64_t at = 0;

	if (t->row == 0 || store_get_int(t->h->s, "select min(at) from message"
	    " where box = ? and state = 2", STORE_ARGS(ARG_INT(t->row)), &at,
	    e) < 0)
		return t->row == 0 ? 0 : -1;
	if (at == 0 && t->timer < 0)
		return 0;
	if (t->timer < 0)
		t->timer = timerfd_create(CLOCK_REALTIME,
		    TFD_CLOEXEC | TFD_NONBLOCK);
	when.it_value.tv_sec = at / 1000;
	when.it_value.tv_nsec = (long)(at % 1000 * CLOCK_MS);
	if (timerfd_settime(t->timer, TFD_TIMER_ABSTIME |
	    TFD_TIMER_CANCEL_ON_SET, &when, NULL) < 0)
		return err_sys(e, ST_SYSTEM, "cannot set a timer");
	return 0;
}

/* Descriptors that tell the end of those owners that are processes. */
static int
owner_pidfds(struct sqlite_taker *t, int fds[PIDS_MAX], struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int n = 0, r = 0;

	if (t->row == 0)
		return 0;
	if (store_query(t->h->s, "select distinct owner from message where"
	    " box = ? and state = 1 and owner like 'p:%'",
	    STORE_ARGS(ARG_INT(t->row)), &q, e) < 0)
		return -1;
	while (n < PIDS_MAX && (r = store_step(q, e)) > 0) {
		const char *owner = store_col_str(q, 0);
		int64_t pid = hub_owner_pid(owner);
		int fd = pid ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0)
		    : -1;

		if (fd < 0 || hub_owner_lives(t->dir, owner)) {
			if (fd >= 0)
				fds[n++] = fd;
		} else {
			/* its number was given to another one */
			close(fd);
			t->suspicious = true;
		}
	}
	return r < 0 ? -1 : n;
}

static int
wait_with(struct sqlite_taker *t, struct deadline until, const int *pids,
    int npids, int also, const volatile int *stop, struct err *e)
{
	int fds[PIDS_MAX + 2], n = 0, r;
	bool gone;

	if (t->suspicious)
		return 1;
	if (also >= 0)
		fds[n++] = also;
	if (t->timer >= 0)
		fds[n++] = t->timer;
	for (int i = 0; i < npids; i++)
		fds[n++] = pids[i];
	r = bell_wait(&t->bell, until, fds, n, stop, &gone, e);
	t->suspicious = gone;
	if (r != 2)
		return r;
	/* which of them: ours to tell is only `also` */
	if (t->timer >= 0) {
		uint64_t ticks;
		(void)!read(t->timer, &ticks, sizeof(ticks));
	}
	if (npids > 0)
		t->suspicious = true;
	if (also < 0)
		return 1;
	r = bell_wait(&t->bell, deadline_in(0), &also, 1, NULL, &gone, e);
	t->suspicious |= gone;
	return r == 2 ? 2 : r < 0 ? -1 : 1;
}

int
hub_sqlite_wait(struct hub_taker *taker, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	struct sqlite_taker *t = sqlite_taker(taker);
	int pids[PIDS_MAX], n, r;
	int64_t end;

	if (!t->watching) {
		/* what came before this was not heard: look once more */
		if (bell_open(t->dir, &t->bell, e) < 0)
			return -1;
		t->watching = true;
		return 1;
	}
	store_tidy(t->h->s);
	if (next_end(t, &end, e) < 0 || arm_calendar(t, e) < 0 ||
	    (n = owner_pidfds(t, pids, e)) < 0)
		return -1;
	struct deadline sooner = DEADLINE_NEVER;
	if (end > 0)
		sooner = deadline_in((end - hub_boot_ms()) * CLOCK_MS + 1);
	bool mine = sooner.at < until.at;
	r = wait_with(t, mine ? sooner : until, pids, n, also, stop, e);
	for (int i = 0; i < n; i++)
		close(pids[i]);
	return r == 0 && mine ? 1 : r;
}
