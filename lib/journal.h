/*
 * journal: the append-only file of records, .agent/journal.ndjson.
 *
 * Many processes write to it, each record with one write(2) under an flock.
 * What a write that failed (full disk) had put there is taken back under the
 * same lock; what a process left that was killed within a write, or a crash
 * of the machine, is mended by the next writer before it adds its own: a tail
 * without newline that is a whole record gets its newline, another is cut
 * off.  So nothing is ever glued together, and nothing whose writing was
 * reported as done is lost.
 *
 * A file that was renamed or removed meanwhile (logrotate) is noticed before
 * each write: writers go on in the file that has the name.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"
#include "err.h"
#include "json.h"
#include "ndjson.h"

struct journal {
	char *path;
	int fd;
};

#define JOURNAL_INIT { .fd = -1 }

/*
 * Opens for writing; makes the file, mode 0600, in a directory that must be
 * there.  ST_CANTCREATE.
 */
int	journal_open(const char *path, struct journal *ret, struct err *e);
void	journal_close(struct journal *j);
#define AUTO_JOURNAL __attribute__((cleanup(journal_close)))

/*
 * Adds one record, or one line (without newline; must be none inside).
 * 0: it is there, whole.  -1: it is not, and nothing of it: ST_IO (full
 * disk), ST_TEMPFAIL when another process kept the lock for ten seconds.
 */
int	journal_add(struct journal *j, const jv *record, struct err *e);
int	journal_add_line(struct journal *j, const char *line, size_t len,
	    struct err *e);

/*
 * Whether the record `id`, a ULID, is in the file at `path`: 1 or 0.  Looks
 * from the end back to where records are clearly older.
 */
int	journal_has(const char *path, const char *id, struct err *e);

/*
 * Reading, to the end or on and on.  A follower waits for the file to appear,
 * begins anew when it was truncated, goes on with the new one after it was
 * renamed (having read the old one to its end), and takes a last line only
 * when its newline is there.
 */
struct journal_reader {
	struct ndjson_reader in;	/* `in.raw` may be set */
	char *path;			/* NULL: a pipe */
	bool follow;
	bool moved;			/* another file has the name now */
	int watch, file_watch;		/* inotify; -1: none, look every so
					 * often instead */
};

#define JOURNAL_READER_INIT { .in = { .fd = -1 }, .watch = -1, \
	.file_watch = -1 }

/*
 * ST_NOINPUT when it cannot be opened; one that is not there yet is fine for
 * a follower.
 */
int	journal_reader_open(const char *path, bool follow,
	    struct journal_reader *ret, struct err *e);

/* Lines from a descriptor, which stays the caller's: a pipe, stdin. */
void	journal_reader_pipe(int fd, struct journal_reader *ret);

void	journal_reader_close(struct journal_reader *r);

/*
 * The next line, as ndjson_next() gives it; NDJSON_AGAIN when none came until
 * the deadline.  A follower never gets NDJSON_EOF.
 */
enum ndjson_result journal_next(struct journal_reader *r,
	    struct deadline until, const volatile int *stop,
	    struct ndjson_line *ret, struct err *e);

/*
 * Moves to the beginning of the last `lines` lines, as tail(1); numbers of
 * lines then count from there.  Before the first journal_next().
 */
int	journal_seek_tail(struct journal_reader *r, unsigned long lines,
	    struct err *e);

/*
 * Which records are wanted; NULL or 0: any.  Lists are separated by commas.
 * An `agent` is the source whole ("/agent/dev") or its last part ("dev");
 * `run` and `task` are matched from the beginning, so a few characters do; a
 * `type` may be a pattern ("tool.*").  A record without time is in no range.
 */
struct journal_filter {
	const char *agent, *run, *task, *type;
	int64_t since, until;		/* ns since 1970; 0: any */
};

bool	journal_match(const struct journal_filter *f, const jv *record);

#endif
