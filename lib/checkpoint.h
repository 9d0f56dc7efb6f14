/*
 * checkpoint: what the files of a workspace were, and back to it.
 *
 * A checkpoint is a commit in a git repository of our own,
 * .agent/checkpoints.git, which looks at the workspace as its work tree.  The
 * user's repository, if there is one, is neither read nor changed; neither
 * are the user's git settings, hooks and filters, so a file comes back byte
 * for byte.
 *
 * Covered is every file, however it was changed, but: what .gitignore files
 * exclude (build products; and .env stays out of it), .agent and .git, and
 * the inside of nested repositories, of which only the commit is known.
 * Modes but for the x bit, owners, times and empty directories are not kept.
 *
 * Needs git(1).  Several processes may work on one workspace: a lock in the
 * repository is held for the time of a call.
 */
#ifndef AGENT_CHECKPOINT_H
#define AGENT_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

enum {
	CHECKPOINT_ID_LEN = 40,
	CHECKPOINT_SHOWN_LEN = 12	/* enough of it, for people */
};

struct checkpoints {
	char *git_dir;
	char *root;		/* of the workspace */
	int lock;		/* open file for flock(2) */
};

#define CHECKPOINTS_INIT { .lock = -1 }

/*
 * `dir` is the .agent of a workspace, `root` the directory that is covered.
 * Makes the repository when it is missing.  The calls below start git(1), and
 * fail with ST_NOTFOUND without it.
 */
int	checkpoints_open(const char *dir, const char *root,
	    struct checkpoints *ret, struct err *e);
void	checkpoints_close(struct checkpoints *c);
#define AUTO_CHECKPOINTS __attribute__((cleanup(checkpoints_close)))

/*
 * Takes one: 1 and its id; 0 and the id of the last one when no file has
 * changed since.  `title` is one line; `run` and `source` may be NULL.  What
 * cannot be read is left out, and the first of it named in `ret_left_out`,
 * unless that is NULL.
 */
int	checkpoint_take(const struct checkpoints *c, const char *title,
	    const char *run, const char *source,
	    char ret_id[CHECKPOINT_ID_LEN + 1], struct buf *ret_left_out,
	    struct err *e);

/*
 * Whether it can be told at a glance, without starting git or waiting for the
 * lock, that nothing has changed since the last one: its id.  False says
 * nothing: take one to know.
 */
bool	checkpoint_stands(const char *dir, const char *root,
	    char ret_id[CHECKPOINT_ID_LEN + 1]);

struct checkpoint {
	char *id, *title, *run, *source;	/* the last two may be "" */
	int64_t time;				/* seconds since 1970 */
	size_t files;				/* changed since the last */
};

/*
 * The last `max` of them, the newest first, in an array that
 * checkpoints_free() releases; their number.
 */
int	checkpoints_list(const struct checkpoints *c, size_t max,
	    struct checkpoint **ret, struct err *e);
void	checkpoints_free(struct checkpoint *list, size_t n);

/*
 * The one that `name` means: an id or the start of one, or "~N", the N-th
 * before the last.  ST_NOINPUT.
 */
int	checkpoint_find(const struct checkpoints *c, const char *name,
	    char ret_id[CHECKPOINT_ID_LEN + 1], struct err *e);

/*
 * Prints, as a patch, what changed from `id` to `to`, or to the files as they
 * are when NULL, in `paths` (NULL at the end; NULL or empty: everywhere).
 * Standard output is inherited by git.
 */
int	checkpoint_diff(const struct checkpoints *c, const char *id,
	    const char *to, const char *const *paths, struct err *e);

/*
 * Makes the files, or those in `paths`, what they were: changed ones come
 * back, removed ones are made again, new ones removed.  What they are now is
 * taken as a checkpoint first, whose id is `ret_before`: restoring that takes
 * the rollback back.
 */
int	checkpoint_restore(const struct checkpoints *c, const char *id,
	    const char *const *paths, char ret_before[CHECKPOINT_ID_LEN + 1],
	    struct err *e);

#endif
