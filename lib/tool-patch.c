/*
 * tool-patch: changing files by a unified diff.
 *
 * All files are worked out before the first is written, so a patch of which a
 * part does not fit changes nothing; when a file then cannot be written, those
 * before it get back what they were.
 */
#include "config.h"

#include "tool-impl.h"
#include "tool.h"

#include <errno.h>

#include "alloc.h"
#include "patch.h"
#include "path.h"

struct change {
	const struct patch_file *file;
	struct buf before, after;
	mode_t mode;
	bool was;		/* there was such a file */
};

static void
changes_free(struct change *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_release(&c[i].before);
		buf_release(&c[i].after);
	}
	free(c);
}

/* What an earlier part of the patch makes of the same file; or NULL. */
static const struct change *
earlier(const struct change *changes, size_t n, const char *path)
{
	while (n-- > 0)
		if (strcmp(changes[n].file->path, path) == 0)
			return &changes[n];
	return NULL;
}

static int
read_before(struct change *c, const struct change *again, struct err *e)
{
	const char *path = c->file->path;
	struct stat st;

	if (again) {
		buf_add(&c->before, again->after.data, again->after.len);
		c->was = !again->file->removes;
		c->mode = again->mode;
		return 0;
	}
	if (lstat(path, &st) < 0 && errno == ENOENT) {
		c->mode = tool_new_mode();
		return 0;
	}
	c->was = true;
	if (tool_read_regular(path, &c->before, &st, e) < 0)
		return -1;
	c->mode = st.st_mode;
	return 0;
}

static int
work_out(struct change *c, const struct change *again, struct err *e)
{
	const struct patch_file *f = c->file;

	if (read_before(c, again, e) < 0)
		return -1;
	if (f->creates && c->was && c->before.len > 0)
		return err_set(e, ST_NO, "'%s' is there already", f->path);
	if (!f->creates && !c->was)
		return err_set(e, ST_NO, "there is no '%s'", f->path);
	buf_add(&c->after, "", 0);
	if (patch_apply(f, &c->before, &c->after, e) < 0)
		return -1;
	if (f->removes && f->n > 0 && c->after.len > 0)
		return err_set(e, ST_NO, "'%s' has more than what the patch "
		    "removes", f->path);
	return 0;
}

static int
write_one(const struct change *c, const struct buf *text, bool removed,
    struct err *e)
{
	const char *path = c->file->path;
	AUTO_FREE char *dir = path_dirname(path);

	if (removed) {
		if (unlink(path) == 0 || errno == ENOENT)
			return 0;
		return err_sys(e, ST_NO, "cannot remove '%s'", path);
	}
	if (path_mkdirs(dir, 0777, e) < 0) {
		e->status = ST_NO;
		return -1;
	}
	return tool_replace(path, text, c->mode, e);
}

static int
write_all(const struct change *changes, size_t n, struct err *e)
{
	struct err ignored;

	for (size_t i = 0; i < n; i++) {
		if (write_one(&changes[i], &changes[i].after,
		    changes[i].file->removes, e) == 0)
			continue;
		while (i-- > 0)
			(void)write_one(&changes[i], &changes[i].before,
			    !changes[i].was, &ignored);
		return err_prefix(e, "nothing was changed");
	}
	return 0;
}

int
tool_apply_patch(const jv *arguments, struct buf *out, struct err *e)
{
	AUTO_JV jv text = json_get(arguments, "patch");
	AUTO_PATCH struct patch p = PATCH_INIT;
	struct change *changes;
	int r = 0;

	if (tool_lock_workspace(e) < 0 || patch_parse(json_string(&text),
	    json_string_len(&text), &p, e) < 0)
		return -1;
	changes = xcalloc(p.n, sizeof(*changes));
	for (size_t i = 0; i < p.n; i++)
		changes[i].file = &p.files[i];
	for (size_t i = 0; i < p.n && r == 0; i++)
		r = work_out(&changes[i], earlier(changes, i,
		    p.files[i].path), e);
	if (r == 0)
		r = write_all(changes, p.n, e);
	for (size_t i = 0; i < p.n && r == 0; i++)
		buf_addf(out, "%s %s\n", p.files[i].removes ? "removed" :
		    changes[i].was ? "changed" : "created", p.files[i].path);
	changes_free(changes, p.n);
	return r;
}
