/*
 * ledger-owner: who is alive.
 *
 * Every process that leases draws a number and locks the byte of that number
 * in a file beside the ledger.  The lock belongs to an open file description
 * (fcntl(2), F_OFD_SETLK), so it ends with the process, in whatever way, and
 * is seen from every PID name space; a number is never mistaken for that of a
 * newer process, as a PID would be.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

#include "ledger-impl.h"

#include "alloc.h"

static int
open_owners(struct ledger *l, struct err *e)
{
	if (l->owners_fd >= 0)
		return 0;
	AUTO_FREE char *path = xasprintf("%s-owners", l->path);
	l->owners_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (l->owners_fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	return 0;
}

static struct flock
byte(int64_t owner)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = owner, .l_len = 1 };
}

int
ledger_owner(struct ledger *l, struct err *e)
{
	if (l->owner)
		return 0;
	if (open_owners(l, e) < 0)
		return -1;
	for (;;) {
		uint64_t r;
		struct flock lock;
		if (getrandom(&r, sizeof(r), 0) != sizeof(r))
			return err_sys(e, ST_SYSTEM, "getrandom");
		lock = byte((int64_t)(r >> 2) + 1);
		if (fcntl(l->owners_fd, F_OFD_SETLK, &lock) == 0) {
			l->owner = lock.l_start;
			return 0;
		}
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return err_sys(e, ST_SYSTEM, "cannot lock '%s-owners'",
			    l->path);
	}
}

int
ledger_owner_lives(struct ledger *l, int64_t owner, struct err *e)
{
	struct flock lock = byte(owner);

	if (owner == l->owner)
		return 1;
	if (open_owners(l, e) < 0)
		return -1;
	if (fcntl(l->owners_fd, F_OFD_GETLK, &lock) < 0)
		return err_sys(e, ST_SYSTEM, "cannot look at '%s-owners'",
		    l->path);
	return lock.l_type != F_UNLCK;
}
