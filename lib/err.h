/*
 * err: what went wrong, in words and as an exit status.
 *
 * A library function that can fail takes a `struct err *` last, returns -1
 * and fills it: `status` is the exit status that the command should end with
 * and `text` is complete ("cannot open 'x.db': No such file or directory").
 * On success the struct is untouched.  Nothing is owned, nothing needs to be
 * released: start with ERR_INIT.
 *
 * Only main() and loops that go on after a problem print: err_report() and
 * err_warn().  Each writes one line with one write(2), so that the lines of
 * parallel processes do not mix, and replaces control bytes by '?', so that
 * no file name or model output reaches the terminal as an escape sequence.
 */
#ifndef AGENT_ERR_H
#define AGENT_ERR_H

#include <stddef.h>

/* Exit statuses, the same for every command: agentutils(7), EXIT STATUS. */
enum {
	ST_OK = 0,
	ST_NO = 1,		/* the answer is no: failed, nothing found */
	ST_USAGE = 2,
	ST_REFUSED = 3,		/* by the model or a content filter */
	ST_LIMIT = 4,		/* tokens or turns; the answer is partial */
	ST_BUDGET = 5,
	ST_DATA = 65,		/* bad record, or answer against the schema */
	ST_NOINPUT = 66,	/* input, run or model not found */
	ST_UNAVAILABLE = 69,	/* service unavailable after retries */
	ST_BUG = 70,
	ST_SYSTEM = 71,		/* system call or memory failed */
	ST_CANTCREATE = 73,
	ST_IO = 74,		/* read or write failed: full disk */
	ST_TEMPFAIL = 75,	/* try again later: rate limit, locked */
	ST_PROTOCOL = 76,	/* the peer broke it: stream cut, malformed */
	ST_DENIED = 77,		/* policy, permission, missing credentials */
	ST_CONFIG = 78,
	ST_TIMEOUT = 124,
	ST_WRAPPER = 125,	/* a wrapper's own failure: no sandbox */
	ST_NOEXEC = 126,
	ST_NOTFOUND = 127,
	ST_SIGNAL = 128		/* plus the number of the signal */
};

enum { ERR_TEXT_MAX = 1024 };

struct err {
	int status;
	char text[ERR_TEXT_MAX];	/* cut, with "...", when longer */
};

#define ERR_INIT { 0 }

/* Fills `e` and returns -1, so that a caller can `return err_set(...)`. */
int	err_set(struct err *e, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* The same, followed by ": " and the text of errno. */
int	err_sys(struct err *e, int status, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4), nonnull(1, 3)));

/* Puts "WHERE: " before the text that is there; returns -1. */
int	err_prefix(struct err *e, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* "PROGRAM: text" on stderr; returns the status, for main() to return. */
int	err_report(const struct err *e) __attribute__((nonnull(1)));

/* "PROGRAM: ..." on stderr for a problem after which the program goes on. */
void	err_warn(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2), nonnull(1)));

/*
 * The name that the two above print; `name` must live for ever.  This and
 * the signal flag are the only globals of the library.
 */
void	err_set_program(const char *name) __attribute__((nonnull(1)));
const char *err_program(void);

/* The name of an exit status for an `error` record: "timeout", "usage". */
const char *err_kind(int status);

#endif
