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
#include "num.h"
#include "path.h"

enum { TAIL_STEP = 8192, HEAD_MAX = 200 };

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

static char *
head_name(const char *path)
{
	return xasprintf("%s.head", path);
}

/* What the head says: 1; 0 when there is none, or none that makes sense. */
static int
read_head(const char *path, struct audit_state *ret)
{
	AUTO_FREE char *name = head_name(path);
	AUTO_BUF struct buf text = BUF_INIT;
	struct audit_state head;
	struct err ignored;
	char *digest;

	if (path_read(name, HEAD_MAX, &text, &ignored) < 0 ||
	    !(digest = memchr(text.data, ' ', text.len)) ||
	    text.data + text.len - digest != SHA256_HEX_LEN + 2)
		return 0;
	*digest++ = '\0';
	if (num_parse_int(text.data, 0, INT64_MAX - 1, &head.lines) < 0)
		return 0;
	memcpy(head.last, digest, SHA256_HEX_LEN);
	head.last[SHA256_HEX_LEN] = '\0';
	*ret = head;
	return 1;
}

/* In place and in one write: it is always as long, and under the lock. */
static int
write_head(const char *path, const struct audit_state *head, struct err *e)
{
	AUTO_FREE char *name = head_name(path);
	AUTO_FREE char *text = xasprintf("%020lld %s\n",
	    (long long)head->lines, head->last);
	AUTO_FD int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", name);
	return fd_write(fd, text, strlen(text), e);
}

/*
 * Where the trail stands, of which `line` is the last: there, or, when that
 * was cut or changed behind our back, where the head says, so that it shows.
 */
static void
stand(const char *path, const struct buf *line, struct audit_state *ret)
{
	AUTO_JV jv last = JSON_NONE;
	struct audit_state head;
	struct err ignored = ERR_INIT;

	ret->lines = 0;
	memcpy(ret->last, zeros, sizeof(zeros));
	if (line->len > 0) {
		sha256_hex(line->data, line->len, ret->last);
		if (json_parse(line->data, line->len, &last, &ignored) == 0)
			json_int(&last, "n", &ret->lines);
	}
	if (read_head(path, &head) && head.lines >= ret->lines)
		*ret = head;
}

/* The line that follows. */
static void
next_line(const struct audit_state *state, const char *action,
    const char *source, jv data, struct buf *out)
{
	AUTO_JV jv line = json_object();
	char now[TIMESTAMP_LEN + 1];

	timestamp_format(clock_wall(), now);
	json_set_int(&line, "n", state->lines + 1);
	json_set_str(&line, "prev", state->last);
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
add_locked(const char *path, int fd, const char *action, const char *source,
    jv data, struct err *e)
{
	AUTO_BUF struct buf prev = BUF_INIT;
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_JV jv mine = data;
	struct audit_state state;
	struct stat st;
	off_t end;

	if (fstat(fd, &st) < 0)
		return err_sys(e, ST_IO, "cannot read the audit trail");
	if (last_line(fd, st.st_size, &prev, &end, e) < 0)
		return -1;
	/* what a crash left of a line that nobody was told of */
	if (end != st.st_size && ftruncate(fd, end) < 0)
		return err_sys(e, ST_IO, "cannot write");
	stand(path, &prev, &state);
	next_line(&state, action, source, json_copy(&mine), &line);
	if (lseek(fd, end, SEEK_SET) < 0)
		return err_sys(e, ST_IO, "cannot write");
	if (write_synced(fd, &line, e) == 0) {
		state.lines++;
		sha256_hex(line.data, line.len - 1, state.last);
		return write_head(path, &state, e);
	}
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
	if (add_locked(path, fd, action, source, json_copy(&mine), e) < 0)
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

/* Whether the head, -1 lines when there is none, agrees with a line, or with
 * the end. */
static int
check_head(const struct audit_state *head, const struct audit_state *state,
    bool end, struct err *e)
{
	if (head->lines == state->lines && strcmp(head->last, state->last))
		return err_set(e, ST_DATA, "line %lld: was changed",
		    (long long)state->lines);
	if (end && head->lines > state->lines)
		return err_set(e, ST_DATA, "%lld lines are missing at the end",
		    (long long)(head->lines - state->lines));
	return 0;
}

/* Reads the lines: 1 all in order; 0, or -1 when they cannot be read. */
static int
check_lines(int fd, const struct audit_state *head, struct audit_state *state,
    struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	struct ndjson_reader in;
	bool good = true;

	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while (good && (got = ndjson_next(&in, &line, e)) == NDJSON_LINE)
		good = check_line(&line, state, e) == 0 &&
		    check_head(head, state, false, e) == 0;
	/* blank lines are skipped by the reader, but they are none of ours */
	if (good && got == NDJSON_EOF && (int64_t)in.number != state->lines)
		good = err_set(e, ST_DATA, "line %lu: blank", in.number) == 0;
	if (good && got == NDJSON_EOF)
		good = check_head(head, state, true, e) == 0;
	ndjson_line_release(&line);
	ndjson_release(&in);
	return good && got == NDJSON_FAIL ? -1 : good && got == NDJSON_EOF;
}

int
audit_verify(const char *path, struct audit_state *ret, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct audit_state state = { .lines = 0 }, head = { .lines = -1 };
	bool removed = fd < 0 && errno == ENOENT;
	int good;

	if (fd < 0)
		err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	else if (flock(fd, LOCK_SH) < 0)	/* with the head as it is now */
		return err_sys(e, ST_SYSTEM, "cannot lock '%s'", path);
	if (!read_head(path, &head) && fd < 0)
		return -1;
	if (removed) {
		err_set(e, ST_DATA, "'%s': was removed", path);
		return 0;
	}
	if (fd < 0)
		return -1;
	flock(fd, LOCK_UN);
	memcpy(state.last, zeros, sizeof(zeros));
	good = check_lines(fd, &head, &state, e);
	if (good <= 0)
		err_prefix(e, "'%s'", path);
	else
		*ret = state;
	return good;
}
