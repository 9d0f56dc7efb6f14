/*
 * fd: descriptors.  The only place that calls read, write and poll raw, so
 * that EINTR, EAGAIN and short writes are dealt with once.
 */
#ifndef AGENT_FD_H
#define AGENT_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "clock.h"
#include "err.h"

/*
 * Opens /dev/null on those of 0, 1 and 2 that are closed, so that no file
 * ever gets one of these numbers.  Standard input is then empty, a write to
 * standard output still fails (EBADF), messages go nowhere.  Remembers which:
 * fd_was_closed().
 */
int	fd_open_std(struct err *e);
bool	fd_was_closed(int fd);

/*
 * Writes everything, waiting where the descriptor is non-blocking.  A record
 * is given whole, so that it goes out in one write(2) when there is room.
 * EPIPE is an error like any other (ST_IO) when SIGPIPE is ignored.
 */
int	fd_write(int fd, const void *data, size_t len, struct err *e);

/* What a non-blocking descriptor says that cannot go on now. */
enum { FD_AGAIN = -2 };

/*
 * Writes as much as goes at once to a non-blocking descriptor: the count, -1
 * on failure (ST_IO), FD_AGAIN when there is no room.
 */
ssize_t	fd_write_some(int fd, const void *data, size_t len, struct err *e);

/*
 * Reads at most `size` bytes, once.  The count, 0 at the end, -1 on failure
 * (ST_IO), FD_AGAIN when there is nothing.
 */
ssize_t	fd_read(int fd, void *data, size_t size, struct err *e);

/*
 * Appends all there is, until the end or `limit` bytes, which is an error
 * (ST_DATA); or the deadline (ST_TIMEOUT).
 */
int	fd_read_all(int fd, size_t limit, struct deadline until,
	    struct buf *out, struct err *e);

/*
 * Appends the last line of a file that says what went wrong: not a blank one,
 * nor one of a stack; of its last 4 KiB.  Nothing when there is none.
 */
void	fd_last_line(int fd, struct buf *out);

/*
 * Waits for `events` (POLLIN, POLLOUT): 1 ready (or hung up), 0 out of time,
 * -1 on failure.  A signal that was caught ends the wait only if `*stop` is
 * set, then or before: -1 with ST_SIGNAL + *stop; NULL to wait on.
 */
int	fd_wait(int fd, short events, struct deadline until,
	    const volatile int *stop, struct err *e);

/*
 * The same for several, once: how many are ready, with their revents; 0 when
 * none is, out of time or after a signal that says nothing.
 */
struct pollfd;
int	fd_poll(struct pollfd *p, size_t n, struct deadline until,
	    const volatile int *stop, struct err *e);

/*
 * Whether something may be piped in: a FIFO or a regular file.  Terminals,
 * sockets and devices are often there without anybody meaning it.
 */
bool	fd_is_piped(int fd);

/* Whether who read the pipe or socket has left; false for a file. */
bool	fd_reader_left(int fd);

/* Sets or clears close-on-exec, O_NONBLOCK. */
int	fd_set_cloexec(int fd, bool on, struct err *e);
int	fd_set_nonblock(int fd, bool on, struct err *e);

/*
 * A file in memory that holds a text, to be read from its start: what a child
 * gets on its standard input that no pipe may block and no list of processes
 * show.  -1 with ST_SYSTEM.
 */
int	fd_from_text(const char *text, size_t len, struct err *e);

/* Marks every descriptor from `first` up close-on-exec. */
void	fd_cloexec_from(int first);

/*
 * Flushes and closes standard output; a command's last act.  A write error
 * that was put off until now (full disk) is ST_IO.
 */
int	fd_close_stdout(struct err *e);

#endif
