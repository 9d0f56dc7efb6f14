/*
 * journal-read: the reading side.
 *
 * A follower never keeps a part of a line while it waits: it goes back to
 * where the line began and reads it again when there is more.  So a part that
 * a writer took back, or that was mended, does no harm.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "journal.h"
#include "lock.h"
#include "path.h"
#include "ulid.h"

enum {
	CHUNK = 65536,
	OLDER_MS = 60000	/* no writer waits that long for its turn */
};

/*
 * How often to look where nothing tells us; and where something does, for
 * file systems on which another host writes.
 */
static const int64_t look_ns = 200 * CLOCK_MS, look_anyway_ns = CLOCK_SEC;

/* Opens the file: 1, 0 when it is not there, -1. */
static int
open_file(const char *path, int *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, ST_NOINPUT, "'%s' is a directory", path);
	}
	*ret = fd;
	return 1;
}

/* Has the kernel tell when the file changes, or another gets its name. */
static void
watch(struct journal_reader *r)
{
	AUTO_FREE char *dir = path_dirname(r->path);

	if (r->watch < 0) {
		r->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (r->watch < 0)
			return;
		if (inotify_add_watch(r->watch, dir, IN_CREATE | IN_MOVED_TO |
		    IN_MOVED_FROM | IN_DELETE) < 0) {
			close(r->watch);
			r->watch = -1;
			return;
		}
	}
	if (r->file_watch >= 0)
		inotify_rm_watch(r->watch, r->file_watch);
	r->file_watch = inotify_add_watch(r->watch, r->path, IN_MODIFY);
}

int
journal_reader_open(const char *path, bool follow,
    struct journal_reader *ret, struct err *e)
{
	int fd = -1, r = open_file(path, &fd, e);
	struct stat st;

	if (r == 0 && !follow)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (r < 0)
		return -1;
	/* what ends when its writer leaves cannot be followed */
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		follow = false;
	*ret = (struct journal_reader)JOURNAL_READER_INIT;
	ndjson_init(&ret->in, fd, NDJSON_LINE_MAX);
	ret->path = xstrdup(path);
	ret->follow = ret->in.follow = follow;
	if (follow)
		watch(ret);
	return 0;
}

void
journal_reader_pipe(int fd, struct journal_reader *ret)
{
	*ret = (struct journal_reader)JOURNAL_READER_INIT;
	ndjson_init(&ret->in, fd, NDJSON_LINE_MAX);
}

void
journal_reader_close(struct journal_reader *r)
{
	if (r->path && r->in.fd >= 0)
		close(r->in.fd);
	if (r->watch >= 0)
		close(r->watch);
	ndjson_release(&r->in);
	free(r->path);
	*r = (struct journal_reader)JOURNAL_READER_INIT;
}

/* Goes back to where the line begins that has no newline yet. */
static int
step_back(struct journal_reader *r, struct err *e)
{
	size_t part = ndjson_drop_partial(&r->in);

	if (part > 0 && lseek(r->in.fd, -(off_t)part, SEEK_CUR) < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", r->path);
	return 0;
}

/* Begins anew in `fd`, or at the start of the same file. */
static int
start_over(struct journal_reader *r, int fd, struct err *e)
{
	bool raw = r->in.raw;

	if (fd != r->in.fd) {
		if (r->in.fd >= 0)
			close(r->in.fd);
	} else if (lseek(fd, 0, SEEK_SET) < 0) {
		return err_sys(e, ST_IO, "cannot read '%s'", r->path);
	}
	ndjson_release(&r->in);
	ndjson_init(&r->in, fd, NDJSON_LINE_MAX);
	r->in.raw = raw;
	r->in.follow = true;
	r->moved = false;
	return 1;
}

/*
 * What happened to the file at whose end we are: 1 when there is something
 * to read at once, 0 to wait.
 */
static int
look(struct journal_reader *r, struct err *e)
{
	struct stat ours, named;
	int fd = -1, got;

	if (r->in.fd >= 0) {
		if (fstat(r->in.fd, &ours) < 0)
			return err_sys(e, ST_IO, "cannot read '%s'", r->path);
		if (ours.st_size < lseek(r->in.fd, 0, SEEK_CUR))
			return start_over(r, r->in.fd, e);
		if (stat(r->path, &named) < 0 ||
		    (named.st_ino == ours.st_ino &&
		    named.st_dev == ours.st_dev))
			return 0;
		/* a writer that did not see the change yet has the lock:
		 * when it is ours, only what is written now is missing */
		if (!r->moved) {
			if (lock_take(r->in.fd, deadline_in(CLOCK_SEC), NULL,
			    e) < 0)
				return -1;
			lock_drop(r->in.fd);
			r->moved = true;
			return 1;
		}
	}
	got = open_file(r->path, &fd, e);
	if (got <= 0)
		return got;
	watch(r);
	return start_over(r, fd, e);
}

/* Waits until something may have changed. */
static int
wait_for_change(struct journal_reader *r, struct deadline until,
    const volatile int *stop, struct err *e)
{
	bool told = r->watch >= 0 && (r->file_watch >= 0 || r->in.fd < 0);
	struct deadline tick = deadline_in(told ? look_anyway_ns : look_ns);
	char events[4096];

	if (stop && *stop)
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	if (fd_wait(r->watch, POLLIN, deadline_min(until, tick), stop, e) < 0)
		return -1;
	if (r->watch >= 0)
		while (read(r->watch, events, sizeof(events)) > 0)
			;
	return 0;
}

enum ndjson_result
journal_next(struct journal_reader *r, struct deadline until,
    const volatile int *stop, struct ndjson_line *ret, struct err *e)
{
	ndjson_line_release(ret);
	if (!r->path)
		return ndjson_pending(&r->in) ?
		    ndjson_next(&r->in, ret, e) :
		    ndjson_next_until(&r->in, until, stop, ret, e);
	for (;;) {
		enum ndjson_result got = NDJSON_AGAIN;
		int changed;

		if (r->in.fd >= 0)
			got = ndjson_next(&r->in, ret, e);
		if (!r->follow || got != NDJSON_AGAIN)
			return got;
		if (r->in.fd >= 0 && step_back(r, e) < 0)
			return NDJSON_FAIL;
		changed = look(r, e);
		if (changed < 0)
			return NDJSON_FAIL;
		if (changed)
			continue;
		if (deadline_passed(until))
			return NDJSON_AGAIN;
		if (wait_for_change(r, until, stop, e) < 0)
			return NDJSON_FAIL;
	}
}

int
journal_seek_tail(struct journal_reader *r, unsigned long lines,
    struct err *e)
{
	AUTO_FREE char *chunk = xmalloc(CHUNK);
	off_t at = r->in.fd < 0 ? 0 : lseek(r->in.fd, 0, SEEK_END);
	off_t end = at;

	if (at < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", r->path);
	while (at > 0 && lines > 0) {
		size_t n = at < CHUNK ? (size_t)at : CHUNK;

		at -= (off_t)n;
		if (pread(r->in.fd, chunk, n, at) != (ssize_t)n)
			return err_sys(e, ST_IO, "cannot read '%s'", r->path);
		while (n > 0) {
			n--;
			/* the newline that ends the last line ends none of
			 * those before it */
			if (chunk[n] != '\n' || at + (off_t)n + 1 == end)
				continue;
			if (--lines > 0)
				continue;
			at += (off_t)n + 1;
			break;
		}
	}
	if (r->in.fd >= 0 && lseek(r->in.fd, at, SEEK_SET) < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", r->path);
	return 0;
}

/* Whether one of the words between commas satisfies `matches`. */
static bool
any_of(const char *list, const char *value,
    bool (*matches)(const char *word, const char *value))
{
	while (*list) {
		size_t len = strcspn(list, ",");
		AUTO_FREE char *word = xstrndup(list, len);

		if (len > 0 && matches(word, value))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static bool
names_source(const char *word, const char *source)
{
	const char *last = strrchr(source, '/');

	return strcmp(word, source) == 0 ||
	    (last && strcmp(word, last + 1) == 0);
}

static bool
begins(const char *word, const char *value)
{
	return strncmp(word, value, strlen(word)) == 0;
}

static bool
fits_pattern(const char *word, const char *value)
{
	return fnmatch(word, value, 0) == 0;
}

static bool
wanted(const char *list, const jv *record, const char *key,
    bool (*matches)(const char *word, const char *value))
{
	const char *value = list ? json_str(record, key) : NULL;

	return !list || (value && any_of(list, value, matches));
}

bool
journal_match(const struct journal_filter *f, const jv *record)
{
	const char *time;
	int64_t at;

	if (!wanted(f->agent, record, "source", names_source) ||
	    !wanted(f->run, record, "run", begins) ||
	    !wanted(f->task, record, "task", begins) ||
	    !wanted(f->type, record, "type", fits_pattern))
		return false;
	if (f->since == 0 && f->until == 0)
		return true;
	time = json_str(record, "time");
	if (!time || timestamp_parse(time, &at) < 0)
		return false;
	return at >= f->since && (f->until == 0 || at < f->until);
}

/* When the first record that begins in the text was made; -1: unknown. */
static int64_t
first_time(const char *text)
{
	static const char name[] = "\"id\":\"";
	const char *line = strchr(text, '\n');
	const char *id = line ? strstr(line, name) : NULL;
	AUTO_FREE char *own = id ? xstrndup(id + sizeof(name) - 1,
	    strnlen(id + sizeof(name) - 1, ULID_LEN)) : NULL;

	return own && ulid_valid(own) ? ulid_time_ms(own) : -1;
}

int
journal_has(const char *path, const char *id, struct err *e)
{
	AUTO_FREE char *text = xmalloc(CHUNK + ULID_LEN + 1);
	AUTO_FD int fd = -1;
	struct stat st;
	int there = open_file(path, &fd, e);
	off_t at;

	if (there <= 0)
		return there;
	if (fstat(fd, &st) < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", path);
	for (at = st.st_size; at > 0; ) {
		off_t from = at > CHUNK ? at - CHUNK : 0;
		/* an id may lie across two chunks */
		ssize_t n = pread(fd, text, (size_t)(at - from) + ULID_LEN,
		    from);
		int64_t first;

		if (n < 0)
			return err_sys(e, ST_IO, "cannot read '%s'", path);
		text[n] = '\0';
		if (memmem(text, (size_t)n, id, strlen(id)))
			return 1;
		first = first_time(text);
		if (first >= 0 && first < ulid_time_ms(id) - OLDER_MS)
			return 0;
		at = from;
	}
	return 0;
}
