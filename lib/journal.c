/* journal: the append-only file of records; the writing side. */
#include "config.h"

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "lock.h"
#include "record.h"

enum {
	LOCK_SECONDS = 10,
	CHUNK = 65536,
	/* a longer tail without newline is nothing that we wrote */
	TAIL_MAX = NDJSON_LINE_MAX + CHUNK
};

static int
open_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ST_CANTCREATE, "'%s' is not a regular file",
		    path);
	}
	return fd;
}

int
journal_open(const char *path, struct journal *ret, struct err *e)
{
	int fd = open_file(path, e);

	if (fd < 0)
		return -1;
	*ret = (struct journal){ xstrdup(path), fd };
	return 0;
}

void
journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	*j = (struct journal)JOURNAL_INIT;
}

/* Whether the open file is still the one that has the name. */
static bool
has_the_name(const struct journal *j)
{
	struct stat ours, named;

	return fstat(j->fd, &ours) == 0 && stat(j->path, &named) == 0 &&
	    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* Locks the file that has the name, opening it anew if need be. */
static int
take_lock(struct journal *j, struct err *e)
{
	struct deadline until = deadline_in(LOCK_SECONDS * CLOCK_SEC);

	for (;;) {
		int fd, r = lock_take(j->fd, until, NULL, e);
		if (r < 0)
			return err_prefix(e, "'%s'", j->path);
		if (r == 0)
			return err_set(e, ST_TEMPFAIL, "'%s' is kept locked "
			    "by another process", j->path);
		if (has_the_name(j))
			return 0;
		fd = open_file(j->path, e);
		if (fd < 0) {
			lock_drop(j->fd);
			return -1;
		}
		close(j->fd);
		j->fd = fd;
	}
}

/*
 * Where the last line begins: after the last newline before `end`.  -1 when
 * none is within reach, or on failure.
 */
static off_t
last_line_start(int fd, off_t end)
{
	AUTO_FREE char *chunk = xmalloc(CHUNK);
	off_t at = end;

	while (at > 0 && end - at < TAIL_MAX) {
		size_t want = at < CHUNK ? (size_t)at : CHUNK;
		const char *nl;
		ssize_t n = pread(fd, chunk, want, at - (off_t)want);

		if (n != (ssize_t)want)
			return -1;
		nl = memrchr(chunk, '\n', want);
		at -= (off_t)want;
		if (nl)
			return at + (nl - chunk) + 1;
	}
	return at == 0 ? 0 : -1;
}

/* Whether the bytes from `start` to `end` are one whole record. */
static bool
is_whole(int fd, off_t start, off_t end)
{
	size_t len = (size_t)(end - start);
	AUTO_FREE char *text = xmalloc(len + 1);
	AUTO_JV jv v = JSON_NONE;
	struct err ignored;

	return len <= NDJSON_LINE_MAX &&
	    pread(fd, text, len, start) == (ssize_t)len &&
	    json_parse(text, len, &v, &ignored) == 0 &&
	    json_is(&v, JSON_OBJECT);
}

/*
 * Mends a tail that has no newline, under the lock: whoever wrote it is dead.
 * The size afterwards, -1 on failure.
 */
static off_t
mend_tail(const struct journal *j, struct err *e)
{
	struct stat st;
	off_t start;
	char last;

	if (fstat(j->fd, &st) < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", j->path);
	if (st.st_size == 0)
		return 0;
	if (pread(j->fd, &last, 1, st.st_size - 1) != 1)
		return err_sys(e, ST_IO, "cannot read '%s'", j->path);
	if (last == '\n')
		return st.st_size;
	start = last_line_start(j->fd, st.st_size);
	if (start < 0 || is_whole(j->fd, start, st.st_size)) {
		if (fd_write(j->fd, "\n", 1, e) < 0)
			return err_prefix(e, "'%s'", j->path);
		return st.st_size + 1;
	}
	if (ftruncate(j->fd, start) < 0)
		return err_sys(e, ST_IO, "cannot mend '%s'", j->path);
	return start;
}

/* Writes `line`, newline included, or nothing. */
static int
write_locked(const struct journal *j, const struct buf *line, struct err *e)
{
	off_t size = mend_tail(j, e);

	if (size < 0)
		return -1;
	if (fd_write(j->fd, line->data, line->len, e) == 0)
		return 0;
	/* if this fails too, the next writer mends it */
	if (ftruncate(j->fd, size) < 0)
		return err_prefix(e, "'%s' (and cannot take it back)",
		    j->path);
	return err_prefix(e, "'%s'", j->path);
}

static int
add(struct journal *j, const struct buf *line, struct err *e)
{
	struct err failed = ERR_INIT;
	int r;

	if (take_lock(j, e) < 0)
		return -1;
	r = write_locked(j, line, &failed);
	lock_drop(j->fd);
	if (r < 0)
		*e = failed;
	return r;
}

int
journal_add_line(struct journal *j, const char *line, size_t len,
    struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT;

	if (len > NDJSON_LINE_MAX || memchr(line, '\n', len))
		return err_set(e, ST_DATA, "no line for a journal");
	buf_add(&b, line, len);
	buf_addc(&b, '\n');
	return add(j, &b, e);
}

int
journal_add(struct journal *j, const jv *record, struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT;

	record_write(record, &b);
	if (b.len > NDJSON_LINE_MAX)
		return err_set(e, ST_DATA, "record of more than %d bytes",
		    NDJSON_LINE_MAX);
	buf_addc(&b, '\n');
	return add(j, &b, e);
}
