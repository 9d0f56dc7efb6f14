/*
 * taint: what a command left in the workspace that makes code run later.
 *
 * Files that shells, editors, CI, agents and git act on by themselves.  There
 * is nothing to remember from before: the kernel sets the time of change of
 * an inode, and a command cannot set it, so what is younger than the start
 * of the sandbox was made or changed in it (or beside it, meanwhile).
 */
#ifndef AGENT_TAINT_H
#define AGENT_TAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "strs.h"

/*
 * The start, by the clock that stamps inodes: no earlier stamp is later, as
 * would be with either of the clocks that programs can read.
 */
int64_t	taint_now(void);

/*
 * Adds to `ret` the paths, relative to `workspace`, of what is younger than
 * `since` (taint_now()).  Repositories in `known` (absolute paths) may be
 * there, but not what redirects them; for one that is not in the workspace
 * that is told by absolute paths.  What is at a path in
 * `hidden`, likewise absolute, the command could not reach: it is left out.
 * False when there was too much to look at all of it, down to two levels.
 */
bool	taint_scan(const char *workspace, int64_t since,
	    const struct strs *known, const struct strs *hidden,
	    struct strs *ret);

/*
 * Moves to `ret_hostile` what has no honest use: a file, or a link, that
 * lends a repository or a linked worktree the configuration of another.
 */
void	taint_split(struct strs *paths, struct strs *ret_hostile);

/* Whether a path, relative to a workspace, is one that runs by itself. */
bool	taint_is_autorun(const char *path);

/*
 * Renames each of `paths` to PATH.quarantine-ID; what could not be stays and
 * is told in `e`.
 */
int	taint_quarantine(const char *workspace, const struct strs *paths,
	    struct err *e);

#endif
