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

static int
take_intent(struct bulk_state *s, const jv *line, const char *digest,
    struct err *e)
{
	const char *is = json_str(line, "digest"), *at = json_str(line, "at");
	const char *mark = json_str(line, "mark");

	if (!is || !mark || !at || strlen(mark) != ULID_LEN ||
	    timestamp_parse(at, &s->at) < 0)
		return err_set(e, ST_DATA, "'%s' is no state of a batch",
		    s->path);
	if (strcmp(is, digest) != 0)
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

/* A last line that a crash cut says nothing, and goes. */
static int
load(struct bulk_state *s, const char *digest, struct err *e)
{
	AUTO_BUF struct buf all = BUF_INIT;
	size_t at = 0;

	if (fd_read_all(s->fd, STATE_MAX, DEADLINE_NEVER, &all, e) < 0)
		return err_prefix(e, "'%s'", s->path);
	for (char *lf; at < all.len && (lf = memchr(all.data + at, '\n',
	    all.len - at));) {
		AUTO_JV jv line = JSON_NONE;
		if (json_parse(all.data + at, (size_t)(lf - all.data) - at,
		    &line, e) < 0)
			return err_prefix(e, "'%s'", s->path);
		if (s->begun)
			take_line(s, &line);
		else if (take_intent(s, &line, digest, e) < 0)
			return -1;
		at = (size_t)(lf - all.data) + 1;
	}
	return at < all.len && ftruncate(s->fd, (off_t)at) < 0 ?
	    err_sys(e, ST_IO, "cannot mend '%s'", s->path) : 0;
}

static int
begin(struct bulk_state *s, const char *digest, size_t count,
    const char *model, struct err *e)
{
	char at[TIMESTAMP_LEN + 1];
	jv line = json_object();

	ulid_make(s->mark);
	s->at = clock_wall();
	timestamp_format(s->at, at);
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
	s.fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (s.fd < 0)
		r = err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	else if (flock(s.fd, LOCK_EX | LOCK_NB) < 0)
		r = err_set(e, ST_TEMPFAIL, "'%s' is in use", path);
	else
		r = load(&s, digest, e);
	if (r == 0 && !s.begun)
		r = begin(&s, digest, count, model, e);
	if (r == 0)
		*ret = s;
	else
		bulk_state_close(&s);
	return r;
}
