/*
 * bell: waking other processes, and leases that the kernel keeps.
 *
 * A directory stands for something that changes (a mailbox, all gates).  In
 * it are a file `bell` and a file for each process that holds something,
 * locked by flock(2).  Who changed something rings: opens `bell` for writing
 * and closes it.  Who waits watches the directory with inotify: the kernel
 * reports both the ring and the last close of a holder's file, which is the
 * moment when the holder, and all that it passed the descriptor on to, are
 * gone, however they went.  So waiting costs nothing, news arrive at once,
 * and nobody needs a heartbeat.
 *
 * Nothing is told in the files: the truth is elsewhere, a ring only says
 * "look again".  Watch first, then look, then wait: nothing is missed.
 *
 * Where inotify is not to be had (its limit per user is reached), waiting
 * looks every BELL_LOOK instead.
 */
#ifndef AGENT_BELL_H
#define AGENT_BELL_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"
#include "ulid.h"

#define BELL_LOOK (50 * CLOCK_MS)

/* Wakes those who wait at `dir`; nothing happens when nobody ever did. */
void	bell_ring(const char *dir);

struct bell {
	int fd;			/* inotify; -1: none, look every BELL_LOOK */
	char *dir;
};

#define BELL_INIT { .fd = -1 }

/* Makes the directory where needed.  ST_CANTCREATE. */
int	bell_open(const char *dir, struct bell *ret, struct err *e);
void	bell_close(struct bell *b);

/*
 * Waits: 1 look again, 0 out of time, 2 one of `also` (n descriptors) is
 * readable or hung up, -1 failure, ST_SIGNAL + *stop, or ST_NOINPUT when the
 * directory was removed.  `*ret_gone` is set when a holder went away.
 */
int	bell_wait(struct bell *b, struct deadline until, const int *also,
	    int n, const volatile int *stop, bool *ret_gone, struct err *e);

/*
 * Holding: makes a file with a new id as its name and locks it.  The
 * descriptor is close-on-exec; whoever inherits it holds as well.
 */
int	bell_hold(const char *dir, char ret_id[ULID_LEN + 1], int *ret_fd,
	    struct err *e);
void	bell_drop(const char *dir, const char *id, int fd);

/* Whether somebody holds it.  The file of one who is gone is removed. */
bool	bell_held(const char *dir, const char *id);

#endif
