/* snapshot: a checkpoint taken while something else is waited for. */
#include "config.h"

#include "snapshot.h"

#include "alloc.h"
#include "buf.h"
#include "fd.h"
#include "path.h"

int
snapshot_begin(struct snapshot *s, const char *dir, const char *title,
    struct err *e)
{
	AUTO_FREE char *undo = path_program("agent-undo", e);
	struct child_spec spec = CHILD_SPEC_INIT;

	if (!undo)
		return -1;
	const char *argv[] = { undo, "-C", dir, "-m", title, "take", NULL };
	spec.argv = argv;
	spec.in = CHILD_NULL;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &s->child, e) < 0)
		return -1;
	s->begun = true;
	return 0;
}

void
snapshot_drop(struct snapshot *s)
{
	child_stop(&s->child, CLOCK_SEC);
	s->begun = false;
}

/* "ID\n" or "ID (nothing has changed)\n". */
static int
read_id(const char *text, char ret_id[SNAPSHOT_ID_MAX], struct err *e)
{
	size_t len = strspn(text, "0123456789abcdef");

	if (len == 0 || len >= SNAPSHOT_ID_MAX)
		return err_set(e, ST_SYSTEM, "agent-undo gave no id");
	memcpy(ret_id, text, len);
	ret_id[len] = '\0';
	return text[len] == '\n';
}

int
snapshot_end(struct snapshot *s, struct deadline until,
    const volatile int *stop, char ret_id[SNAPSHOT_ID_MAX], struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int status = 0, r;

	if (!s->begun)
		return 0;
	s->begun = false;
	r = fd_read_all(s->child.out, SNAPSHOT_ID_MAX * 2, until, &out, e);
	if (r == 0)
		r = child_wait(&s->child, until, stop, &status, e);
	if (r == 0)
		err_set(e, ST_TIMEOUT, "out of time");
	if (r <= 0) {
		child_stop(&s->child, CLOCK_SEC);
		return -1;
	}
	child_close(&s->child);
	if (status != 0)
		return err_set(e, status, "no checkpoint could be taken");
	return read_id(out.data, ret_id, e);
}
