/*
 * gitdir: which files of the repositories in a workspace must not change.
 *
 * Who can write `.git/config` or `.git/hooks` runs programs outside at the
 * next `git status`.  Each `.git` is pinned: mounted on itself, so that it
 * cannot be moved away, with hooks and config read-only on top; commits,
 * branches, worktrees still work.  A linked worktree brings the common
 * directory of its repository, if that repository knows the worktree.  The
 * directories above a repository, up to the workspace, are pinned too.
 *
 * Looks at the workspace and two levels down, then into the nearest hundred
 * directories below, not into node_modules and directories whose name starts
 * with a dot.
 */
#ifndef AGENT_GITDIR_H
#define AGENT_GITDIR_H

#include <stdbool.h>

#include "err.h"
#include "strs.h"

struct gitdirs {
	struct strs pin;	/* to be mounted on themselves, writable */
	struct strs ro;		/* and these read-only */
	struct strs found;	/* the .git directories, for the taint scan */
};

#define GITDIRS_INIT { .pin = STRS_INIT }

void	gitdirs_release(struct gitdirs *g);

/*
 * Finds them in `workspace`, which is absolute and real.  A missing `hooks`
 * is made, or a command could make it.  `all_ro`: the whole of each .git is
 * read-only; `open_config`: config and hooks stay writable.
 */
int	gitdirs_find(struct gitdirs *g, const char *workspace, bool all_ro,
	    bool open_config, struct err *e);

#endif
