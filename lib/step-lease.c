/*
 * step-lease: who may run a step, kept by the kernel.
 *
 * Two locks, because two things must be told apart: that somebody looks after
 * the step (the owner), and that something of it still runs (the lease).  Only
 * the second is inherited.  Who has the first but not the second comes after a
 * process that was killed, and ends what that has left before it begins.
 *
 * The owner's lock is on the directory of the step, which saves a file for
 * each; a program must not inherit that, or it could climb out of its sandbox.
 * So the lease is on a file, which also has the owner's number.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "alloc.h"
#include "lock.h"
#include "num.h"
#include "path.h"
#include "step-impl.h"

enum { GRACE_MS = 2000, KILL_MS = 10000 };

static int
open_dir(const char *dir, const char *id)
{
	AUTO_FREE char *path = step_path(dir, id, "");

	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
open_lease(const char *dir, const char *id, struct err *e)
{
	AUTO_FREE char *path = step_path(dir, id, "lease");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	return fd;
}

/* Whether the process has that file open; false too when we may not know. */
static bool
holds(long pid, const struct stat *want)
{
	char dir[64], name[512];
	struct dirent *entry;
	struct stat st;
	bool found = false;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%ld/fd", pid);
	d = opendir(dir);
	while (d && !found && (entry = readdir(d))) {
		snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name);
		found = entry->d_name[0] != '.' && stat(name, &st) == 0 &&
		    st.st_dev == want->st_dev && st.st_ino == want->st_ino;
	}
	if (d)
		closedir(d);
	return found;
}

/*
 * Signals a holder.  Its number cannot come to mean another process between
 * the look and the signal: the pidfd is opened first.
 */
static bool
signal_holder(long pid, const struct stat *want, int sig)
{
	AUTO_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd >= 0 && holds(pid, want) &&
	    syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0;
}

/* All processes but ours that have the file open; how many were signalled. */
static int
signal_holders(const struct stat *want, int sig)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	while (proc && (entry = readdir(proc))) {
		int64_t pid;

		if (num_parse_int(entry->d_name, 1, INT32_MAX, &pid) < 0 ||
		    pid == getpid() || !holds((long)pid, want))
			continue;
		n += signal_holder((long)pid, want, sig);
	}
	if (proc)
		closedir(proc);
	return n;
}

/* Takes the lease, ending those who hold it; this takes seconds, so no signal
 * is looked at meanwhile. */
static int
take_lease(const struct step_spec *s, int fd, struct err *e)
{
	const int sigs[] = { SIGTERM, SIGKILL, SIGKILL, SIGKILL };
	struct stat st;
	int r = lock_take(fd, deadline_in(0), NULL, e);

	if (r == 0 && fstat(fd, &st) < 0)
		return err_sys(e, ST_SYSTEM, "cannot look at the lease");
	/* more than once: what is killed may have forked meanwhile */
	for (size_t i = 0; r == 0 && i < sizeof(sigs) / sizeof(*sigs); i++) {
		signal_holders(&st, sigs[i]);
		signal_holders(&st, SIGCONT);
		r = lock_take(fd, deadline_in((sigs[i] == SIGTERM ?
		    GRACE_MS : KILL_MS) * CLOCK_MS), NULL, e);
	}
	if (r == 0)
		return err_set(e, ST_TEMPFAIL, "what an earlier attempt at "
		    "'%s' has left running cannot be ended", s->id);
	return r < 0 ? -1 : 0;
}

static int
take_owner(const struct step_spec *s, struct err *e)
{
	AUTO_FD int fd = open_dir(s->dir, s->id);
	int r;

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s/%s'",
		    s->dir, s->id);
	r = lock_take(fd, deadline_in(s->wait), s->stop, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(e, ST_TEMPFAIL,
		    "another process is at work on '%s'", s->id);
	return steal_fd(&fd);
}

/* For step_signal_owner(); a stale number does no harm there. */
static int
write_owner(const struct step_spec *s, int fd, struct err *e)
{
	char pid[24];
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		return err_sys(e, ST_IO, "cannot write '%s/lease'", s->id);
	return 0;
}

int
step_make_dirs(const char *steps, const char *const *ids, struct err *e)
{
	static const char *const above[] = { ".", "..", "../..", "../../.." };
	size_t fresh = path_is_dir(steps) ? 0 : 4;

	for (size_t i = 0; ids && ids[i]; i++) {
		AUTO_FREE char *dir = step_path(steps, ids[i], "");

		if (path_is_dir(dir))
			continue;
		if (path_mkdirs(dir, 0700, e) < 0)
			return -1;
		if (fresh == 0)
			fresh = 1;
	}
	/* a result in a directory that a crash of the machine takes is none */
	for (size_t i = 0; i < fresh; i++) {
		/* what it syncs is the directory of the file that it gets */
		AUTO_FREE char *inside = step_path(steps, above[i], "x");

		if (path_sync_dir(inside, e) < 0)
			return -1;
	}
	return 0;
}

int
step_lease_take(const struct step_spec *s, struct step_lease *ret,
    struct err *e)
{
	const char *const ids[] = { s->id, NULL };
	AUTO_LEASE struct step_lease l = STEP_LEASE_INIT;

	if (step_make_dirs(s->dir, ids, e) < 0)
		return -1;
	l.owner = take_owner(s, e);
	if (l.owner < 0)
		return -1;
	l.lease = open_lease(s->dir, s->id, e);
	if (l.lease < 0 || write_owner(s, l.lease, e) < 0 ||
	    take_lease(s, l.lease, e) < 0)
		return -1;
	ret->owner = steal_fd(&l.owner);
	ret->lease = steal_fd(&l.lease);
	return 0;
}

int
step_lease_renew(const struct step_spec *s, struct step_lease *l,
    struct err *e)
{
	/* a lock belongs to an open file: ours must go to see theirs */
	if (l->lease >= 0)
		close(l->lease);
	l->lease = open_lease(s->dir, s->id, e);
	return l->lease < 0 ? -1 : take_lease(s, l->lease, e);
}

void
step_lease_release(struct step_lease *l)
{
	if (l->lease >= 0)
		close(l->lease);
	if (l->owner >= 0)
		close(l->owner);
	*l = (struct step_lease)STEP_LEASE_INIT;
}

int
step_running(const char *dir, const char *id, struct err *e)
{
	AUTO_FD int fd = open_dir(dir, id);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s/%s'", dir, id);
	/* shared, so that two who look do not see each other */
	return flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : 1;
}

bool
step_signal_owner(const char *dir, const char *id, int sig)
{
	AUTO_FREE char *step = step_path(dir, id, "");
	AUTO_FREE char *path = step_path(dir, id, "lease");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	struct stat st;
	int64_t pid;

	if (stat(step, &st) < 0 || path_read(path, 64, &text, &ignored) < 0)
		return false;
	while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
		buf_truncate(&text, text.len - 1);
	return text.len > 0 &&
	    num_parse_int(text.data, 1, INT32_MAX, &pid) == 0 &&
	    signal_holder((long)pid, &st, sig);
}
