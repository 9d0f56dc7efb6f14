/*
 * checkpoint-note: the last checkpoint, without git.
 *
 * Starting git takes 3 ms, and every checkpoint begins with two questions:
 * which is the last one, and what has changed since.  The branch is a file
 * with the checkpoint in it.  Its tree, and how the workspace looked before it
 * was taken, is in a note of ours, "CHECKPOINT TREE PRINT", which counts as
 * long as the branch names the same; there may be no print (treeprint.h), and
 * then it is git that finds out what has changed.
 */
#include "config.h"

#include "checkpoint-impl.h"

#include <fcntl.h>
#include <stdio.h>

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "path.h"

#define NOTE "agent-last"

enum {
	LEN = CHECKPOINT_ID_LEN,
	NOTE_MIN = 2 * LEN + 2,
	NOTE_LEN = NOTE_MIN + TREEPRINT_LEN
};

void
checkpoint_note(const struct checkpoints *c, const char *id, const char *tree,
    const char *print)
{
	AUTO_FREE char *path = path_join(c->git_dir, NOTE);
	AUTO_FREE char *text = xasprintf("%s %s %s", id, tree, print);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd >= 0)
		(void)!write(fd, text, strlen(text));
}

int
checkpoint_move(const struct checkpoints *c, const char *id, struct err *e)
{
	AUTO_FREE char *path = path_join(c->git_dir, CHECKPOINT_BRANCH);
	AUTO_FREE char *lock = xasprintf("%s.lock", path);
	AUTO_FREE char *text = xasprintf("%s\n", id);
	AUTO_FD int fd = open(lock, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", lock);
	if (fd_write(fd, text, strlen(text), e) < 0)
		return err_prefix(e, "'%s'", lock);
	if (rename(lock, path) < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	return 0;
}

static bool
is_id(const char *s)
{
	return strspn(s, "0123456789abcdef") == LEN;
}

/* The note, when it is of `id`: words of known lengths. */
static bool
read_note(const struct checkpoints *c, const char *id, struct buf *ret)
{
	AUTO_FREE char *path = path_join(c->git_dir, NOTE);
	struct err ignored;

	return path_read(path, NOTE_LEN, ret, &ignored) == 0 &&
	    (ret->len == NOTE_MIN || ret->len == NOTE_LEN) &&
	    memcmp(ret->data, id, LEN) == 0 && is_id(ret->data + LEN + 1);
}

bool
checkpoint_look(const struct checkpoints *c, char ret[CHECKPOINT_ID_LEN + 1],
    char *ret_tree)
{
	AUTO_FREE char *path = path_join(c->git_dir, CHECKPOINT_BRANCH);
	AUTO_BUF struct buf id = BUF_INIT;
	AUTO_BUF struct buf note = BUF_INIT;
	struct err ignored;

	if (path_read(path, LEN + 1, &id, &ignored) < 0 ||
	    id.len != LEN + 1 || !is_id(id.data) ||
	    (ret_tree && !read_note(c, id.data, &note)))
		return false;
	memcpy(ret, id.data, LEN);
	ret[LEN] = '\0';
	if (ret_tree) {
		memcpy(ret_tree, note.data + LEN + 1, LEN);
		ret_tree[LEN] = '\0';
	}
	return true;
}

bool
checkpoint_looked(const struct checkpoints *c,
    char ret[CHECKPOINT_ID_LEN + 1], char ret_print[TREEPRINT_LEN + 1])
{
	AUTO_BUF struct buf note = BUF_INIT;
	char id[CHECKPOINT_ID_LEN + 1];

	if (!checkpoint_look(c, id, NULL) || !read_note(c, id, &note) ||
	    note.len != NOTE_LEN)
		return false;
	memcpy(ret, id, sizeof(id));
	memcpy(ret_print, note.data + NOTE_MIN, TREEPRINT_LEN + 1);
	return true;
}

bool
checkpoint_stands(const char *dir, const char *root,
    char ret_id[CHECKPOINT_ID_LEN + 1])
{
	AUTO_FREE char *git_dir = path_join(dir, CHECKPOINT_DIR);
	const struct checkpoints c = { .git_dir = git_dir, .lock = -1 };
	char id[CHECKPOINT_ID_LEN + 1];
	char was[TREEPRINT_LEN + 1], look[TREEPRINT_LEN + 1];

	if (!checkpoint_looked(&c, id, was) ||
	    !treeprint(root, clock_wall(), look) || strcmp(was, look) != 0)
		return false;
	memcpy(ret_id, id, sizeof(id));
	return true;
}
