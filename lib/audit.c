/* audit: a file of lines of which each knows the digest of the one before. */
#include "config.h"

#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "ndjson.h"
#include "path.h"

enum { TAIL_STEP = 8192 };

static const char zeros[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/*
 * Reads the last whole line into `out`; `*ret_end` is where it ends, newline
 * included, which is where the next one belongs.
 */
static int
last_line(int fd, off_t size, struct buf *out, off_t *ret_end, struct err *e)
{
	AUTO_BUF struct buf tail = BUF_INIT;
	off_t from = size;

	*ret_end = 0;
	while (from > 0) {
		size_t n = from < TAIL_STEP ? (size_t)from : TAIL_STEP;
		AUTO_BUF struct buf more = BUF_INIT;
		const char *end, *start;

		from -= (off_t)n;
		buf_reserve(&more, n + tail.len);
		if (pread(fd, more.data, n, from) != (ssize_t)n)
			return err_sys(e, ST_IO, "cannot read the audit trail");
		more.len = n;
		buf_add(&more, tail.data, tail.len);
		buf_reset(&tail);
		buf_add(&tail, more.data, more.len);
		end = memrchr(tail.data, '\n', tail.len);
		if (!end)
			continue;
		start = memrchr(tail.data, '\n', (size_t)(end - tail.data));
		if (!start && from > 0)
			continue;
		start = start ? start + 1 : tail.data;
		buf_add(out, start, (size_t)(end - start));
		*ret_end = from + (end - tail.data) + 1;
		return 0;
	}
	return 0;
}

/* The line that follows `prev` (empty: the first). */
static void
next_line(const struct buf *prev, const char *action, const char *source,
    jv data, struct buf *out)
{
	char digest[SHA256_HEX_LEN + 1], now[TIMESTAMP_LEN + 1];
	AUTO_JV jv line = json_object();
	AUTO_JV jv old = JSON_NONE;
	struct err ignored = ERR_INIT;
	int64_t n = 0;

	memcpy(digest, zeros, sizeof(digest));
	if (prev->len > 0) {
		sha256_hex(prev->data, prev->len, digest);
		if (json_parse(prev->data, prev->len, &old, &ignored) == 0)
			json_int(&old, "n", &n);
	}
	timestamp_format(clock_wall(), now);
	json_set_int(&line, "n", n + 1);
	json_set_str(&line, "prev", digest);
	json_set_str(&line, "time", now);
	json_set_str(&line, "action", action);
	json_set_str(&line, "source", source);
	json_set_int(&line, "uid", (int64_t)getuid());
	json_set(&line, "data", data);
	json_write(&line, out);
	buf_addc(out, '\n');
}

static int
write_synced(int fd, const struct buf *line, struct err *e)
{
	if (fd_write(fd, line->data, line->len, e) < 0)
		return -1;
	if (fdatasync(fd) < 0)
		return err_sys(e, ST_IO, "cannot write");
	return 0;
}

static int
add_locked(int fd, const char *action, const char *source, jv data,
    struct err *e)
{
	AUTO_BUF struct buf prev = BUF_INIT;
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_JV jv mine = data;
	struct stat st;
	off_t end;

	if (fstat(fd, &st) < 0)
		return err_sys(e, ST_IO, "cannot read the audit trail");
	if (last_line(fd, st.st_size, &prev, &end, e) < 0)
		return -1;
	/* what a crash left of a line that nobody was told of */
	if (end != st.st_size && ftruncate(fd, end) < 0)
		return err_sys(e, ST_IO, "cannot write");
	next_line(&prev, action, source, json_copy(&mine), &line);
	if (lseek(fd, end, SEEK_SET) < 0)
		return err_sys(e, ST_IO, "cannot write");
	if (write_synced(fd, &line, e) == 0)
		return 0;
	/* Not even half a line stays.  Should that fail as well, the next
	 * writer cuts it off. */
	(void)!ftruncate(fd, end);
	return -1;
}

int
audit_add(const char *path, const char *action, const char *source, jv data,
    struct err *e)
{
	AUTO_JV jv mine = data;
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, ST_SYSTEM, "cannot lock '%s'", path);
	if (add_locked(fd, action, source, json_copy(&mine), e) < 0)
		return err_prefix(e, "'%s'", path);
	return 0;
}

/* Whether `line` is the one that must come after `*state`. */
static int
check_line(const struct ndjson_line *line, struct audit_state *state,
    struct err *e)
{
	const char *prev = json_str(&line->value, "prev");
	int64_t n = 0;

	if (line->torn)
		return err_set(e, ST_DATA, "line %lu: torn", line->number);
	if (!json_int(&line->value, "n", &n) || n != state->lines + 1)
		return err_set(e, ST_DATA,
		    "line %lu: its number is not %lld: lines were removed, "
		    "added or moved", line->number,
		    (long long)state->lines + 1);
	if (!prev || strcmp(prev, state->last) != 0)
		return err_set(e, ST_DATA,
		    "line %lu: the line before it was changed", line->number);
	state->lines = n;
	sha256_hex(line->text, line->len, state->last);
	return 0;
}

int
audit_verify(const char *path, struct audit_state *ret, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct audit_state state = { .lines = 0 };
	enum ndjson_result got;
	struct ndjson_reader in;
	int good = 1;

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	memcpy(state.last, zeros, sizeof(zeros));
	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE)
		if ((good = check_line(&line, &state, e) == 0) == 0)
			break;
	if (got == NDJSON_BAD)
		good = 0;
	/* blank lines are skipped by the reader, but they are none of ours */
	if (good && (int64_t)in.number != state.lines) {
		err_set(e, ST_DATA, "line %lu: blank", in.number);
		good = 0;
	}
	ndjson_line_release(&line);
	ndjson_release(&in);
	if (got == NDJSON_FAIL || !good)
		err_prefix(e, "'%s'", path);
	if (got == NDJSON_FAIL)
		return -1;
	*ret = state;
	return good;
}
