/* snapshot: a checkpoint taken while something else is waited for. */
#include "config.h"

#include "snapshot.h"

#include "alloc.h"
#include "buf.h"
#include "checkpoint.h"
#include "fd.h"
#include "path.h"
#include "workspace.h"

static int
start(struct snapshot *s, struct err *e)
{
	AUTO_FREE char *undo = path_program("agent-undo", e);
	struct child_spec spec = CHILD_SPEC_INIT;

	if (!undo)
		return -1;
	const char *argv[] = {
		undo, "-C", s->dir, "-m", s->title, "take", NULL
	};
	spec.argv = argv;
	spec.in = CHILD_NULL;
	spec.out = CHILD_PIPE;
	return child_start(&spec, &s->child, e);
}

/* The last one, when it can be told at a glance that it still stands. */
static bool
stands(const struct snapshot *s, char ret_id[SNAPSHOT_ID_MAX])
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	char id[CHECKPOINT_ID_LEN + 1];
	struct err ignored;

	if (workspace_find(s->dir, &w, &ignored) <= 0 ||
	    !checkpoint_stands(w.dir, w.root, id))
		return false;
	memcpy(ret_id, id, CHECKPOINT_SHOWN_LEN);
	ret_id[CHECKPOINT_SHOWN_LEN] = '\0';
	return true;
}

int
snapshot_begin(struct snapshot *s, const char *dir, const char *title,
    struct err *e)
{
	char unused[SNAPSHOT_ID_MAX];

	snapshot_drop(s);
	s->dir = xstrdup(dir);
	s->title = xstrdup(title);
	if (!stands(s, unused) && start(s, e) < 0) {
		snapshot_drop(s);
		return -1;
	}
	return 0;
}

bool
snapshot_begun(const struct snapshot *s)
{
	return s->dir != NULL;
}

void
snapshot_drop(struct snapshot *s)
{
	child_stop(&s->child, CLOCK_SEC);
	free(s->dir);
	free(s->title);
	s->dir = s->title = NULL;
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

static int
finish(struct snapshot *s, struct deadline until, const volatile int *stop,
    char ret_id[SNAPSHOT_ID_MAX], struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int status = 0, r;

	r = fd_read_all(s->child.out, SNAPSHOT_ID_MAX * 2, until, &out, e);
	if (r == 0)
		r = child_wait(&s->child, until, stop, &status, e);
	if (r == 0)
		err_set(e, ST_TIMEOUT, "out of time");
	if (r <= 0)
		return -1;
	if (status != 0)
		return err_set(e, status, "no checkpoint could be taken");
	return read_id(out.data, ret_id, e);
}

int
snapshot_end(struct snapshot *s, struct deadline until,
    const volatile int *stop, char ret_id[SNAPSHOT_ID_MAX], struct err *e)
{
	int r = 0;

	if (!snapshot_begun(s))
		return 0;
	/* none was needed then, but meanwhile somebody may have worked */
	if (s->child.pid == 0 && !stands(s, ret_id))
		r = start(s, e);
	if (r == 0 && s->child.pid != 0)
		r = finish(s, until, stop, ret_id, e);
	snapshot_drop(s);
	return r;
}
