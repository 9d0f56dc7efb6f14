/* bulk-state: how far a batch has come. */
#include "config.h"

#include "bulk-state.h"

#include <fcntl.h>
#include <sys/file.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "json.h"
#include "path.h"

enum { STATE_MAX = 64 << 10 };

void
bulk_state_close(struct bulk_state *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s->file);
	free(s->batch);
	buf_release(&s->text);
	*s = (struct bulk_state)BULK_STATE_INIT;
}

/* A line that is on the disk when this returns. */
static int
note(struct bulk_state *s, jv line, struct err *e)
{
	AUTO_JV jv own = line;
	AUTO_BUF struct buf out = BUF_INIT;

	json_write(&own, &out);
	buf_addc(&out, '\n');
	if (fd_write(s->fd, out.data, out.len, e) < 0)
		return err_prefix(e, "'%s'", s->path);
	if (fsync(s->fd) < 0)
		return err_sys(e, ST_IO, "cannot write '%s'", s->path);
	return 0;
}

static int
note_id(struct bulk_state *s, const char *key, char **at, const char *id,
    struct err *e)
{
	jv line = json_object();

	json_set_str(&line, key, id);
	free(*at);
	*at = xstrdup(id);
	return note(s, line, e);
}

int
bulk_state_file(struct bulk_state *s, const char *id, struct err *e)
{
	return note_id(s, "file", &s->file, id, e);
}

int
bulk_state_batch(struct bulk_state *s, const char *id, struct err *e)
{
	return note_id(s, "batch", &s->batch, id, e);
}

int
bulk_state_booked(struct bulk_state *s, struct err *e)
{
	jv line = json_object();

	json_set_bool(&line, "booked", true);
	s->booked = true;
	return note(s, line, e);
}

static void
forget_round(struct bulk_state *s)
{
	free(s->file);
	free(s->batch);
	s->file = s->batch = NULL;
	s->begun = s->booked = false;
}

/* `digest` is NULL for a round after the first. */
static int
take_intent(struct bulk_state *s, const jv *line, const char *digest,
    struct err *e)
{
	const char *is = json_str(line, "digest"), *at = json_str(line, "at");
	const char *mark = json_str(line, "mark");

	if ((digest && !is) || !mark || !at || strlen(mark) != ULID_LEN ||
	    timestamp_parse(at, &s->since) < 0)
		return err_set(e, ST_DATA, "'%s' is no state of a batch",
		    s->path);
	if (digest && strcmp(is, digest) != 0)
		return err_set(e, ST_DATA, "'%s' belongs to another batch: "
		    "other tasks, another model or other options", s->path);
	memcpy(s->mark, mark, ULID_LEN + 1);
	s->begun = true;
	return 0;
}

static void
take_line(struct bulk_state *s, const jv *line)
{
	if (json_str(line, "file")) {
		free(s->file);
		s->file = xstrdup(json_str(line, "file"));
	}
	if (json_str(line, "batch")) {
		free(s->batch);
		s->batch = xstrdup(json_str(line, "batch"));
	}
	if (json_has(line, "booked"))
		s->booked = true;
}

/* What the file says of a round, up to the intent of another. */
static int
take_round(struct bulk_state *s, const char *digest, struct err *e)
{
	while (s->at < s->text.len) {
		const char *from = s->text.data + s->at;
		size_t n = (size_t)((const char *)memchr(from, '\n',
		    s->text.len - s->at) - from);
		AUTO_JV jv line = JSON_NONE;
		if (json_parse(from, n, &line, e) < 0)
			return err_prefix(e, "'%s'", s->path);
		if (s->begun && json_has(&line, "mark"))
			return 0;
		if (s->begun)
			take_line(s, &line);
		else if (take_intent(s, &line, digest, e) < 0)
			return -1;
		s->at += n + 1;
	}
	return 0;
}

/* A last line that a crash cut says nothing, and goes. */
static int
load(struct bulk_state *s, struct err *e)
{
	const char *lf;
	size_t whole;

	if (fd_read_all(s->fd, STATE_MAX, DEADLINE_NEVER, &s->text, e) < 0)
		return err_prefix(e, "'%s'", s->path);
	lf = s->text.len > 0 ? memrchr(s->text.data, '\n', s->text.len) :
	    NULL;
	whole = lf ? (size_t)(lf - s->text.data) + 1 : 0;
	if (whole < s->text.len && ftruncate(s->fd, (off_t)whole) < 0)
		return err_sys(e, ST_IO, "cannot mend '%s'", s->path);
	buf_truncate(&s->text, whole);
	return 0;
}

/* Notes what is meant to be; `digest` and `model` only for the first. */
static int
begin(struct bulk_state *s, const char *digest, size_t count,
    const char *model, struct err *e)
{
	char at[TIMESTAMP_LEN + 1];
	jv line = json_object();

	ulid_make(s->mark);
	s->since = clock_wall();
	timestamp_format(s->since, at);
	json_set_str(&line, "mark", s->mark);
	json_set_str(&line, "digest", digest);
	json_set_int(&line, "count", (int64_t)count);
	json_set_str(&line, "model", model);
	json_set_str(&line, "at", at);
	return note(s, line, e) < 0 ? -1 : path_sync_dir(s->path, e);
}

int
bulk_state_open(const char *path, const char *digest, size_t count,
    const char *model, struct bulk_state *ret, struct err *e)
{
	struct bulk_state s = BULK_STATE_INIT;
	int r;

	s.path = xstrdup(path);
	s.round = 1;
	s.fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (s.fd < 0)
		r = err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	else if (flock(s.fd, LOCK_EX | LOCK_NB) < 0)
		r = err_set(e, ST_TEMPFAIL, "'%s' is in use", path);
	else
		r = load(&s, e);
	if (r == 0)
		r = take_round(&s, digest, e);
	if (r == 0 && !s.begun)
		r = begin(&s, digest, count, model, e);
	if (r == 0)
		*ret = s;
	else
		bulk_state_close(&s);
	return r;
}

int
bulk_state_next(struct bulk_state *s, size_t count, struct err *e)
{
	forget_round(s);
	s->round++;
	if (take_round(s, NULL, e) < 0)
		return -1;
	return s->begun ? 0 : begin(s, NULL, count, NULL, e);
}
