/*
 * checkpoint-note: the last checkpoint and its tree, without git.
 *
 * Starting git takes 3 ms, and every checkpoint begins with this question.
 * The branch is a file with the checkpoint in it; its tree is in a note of
 * ours, "CHECKPOINT TREE", which counts as long as the branch names the same.
 */
#include "config.h"

#include "checkpoint-impl.h"

#include <fcntl.h>

#include "alloc.h"
#include "buf.h"
#include "fd.h"
#include "path.h"

#define NOTE "agent-last"

enum { LEN = CHECKPOINT_ID_LEN };

void
checkpoint_note(const struct checkpoints *c, const char *id, const char *tree)
{
	AUTO_FREE char *path = path_join(c->git_dir, NOTE);
	AUTO_FREE char *text = xasprintf("%s %s", id, tree);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd >= 0)
		(void)!write(fd, text, strlen(text));
}

static bool
is_id(const char *s)
{
	return strspn(s, "0123456789abcdef") == LEN;
}

static bool
look_at_tree(const struct checkpoints *c, const char *id, char *ret_tree)
{
	AUTO_FREE char *path = path_join(c->git_dir, NOTE);
	AUTO_BUF struct buf note = BUF_INIT;
	struct err ignored;

	if (path_read(path, 2 * LEN + 1, &note, &ignored) < 0 ||
	    note.len != 2 * LEN + 1 || memcmp(note.data, id, LEN) != 0 ||
	    !is_id(note.data + LEN + 1))
		return false;
	memcpy(ret_tree, note.data + LEN + 1, LEN + 1);
	return true;
}

bool
checkpoint_look(const struct checkpoints *c, const char *branch,
    char ret[CHECKPOINT_ID_LEN + 1], char *ret_tree)
{
	AUTO_FREE char *path = path_join(c->git_dir, branch);
	AUTO_BUF struct buf id = BUF_INIT;
	struct err ignored;

	if (path_read(path, LEN + 1, &id, &ignored) < 0 ||
	    id.len != LEN + 1 || !is_id(id.data) ||
	    (ret_tree && !look_at_tree(c, id.data, ret_tree)))
		return false;
	memcpy(ret, id.data, LEN);
	ret[LEN] = '\0';
	return true;
}
