/*
 * inside: what lies in a workspace, used by us who are outside of the sandbox.
 *
 * Whatever a tool can write, it can replace by a link, and who follows that
 * here reads or writes what the tool may not; or by a FIFO, which nobody
 * ever writes to.  So a path that was written as one below `root`, a directory
 * without links, is held to it: no link may lead out of it, or into its
 * .agent.  One that was written as a path elsewhere is what somebody meant.
 */
#ifndef AGENT_INSIDE_H
#define AGENT_INSIDE_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

/*
 * The content of the regular file `path`, which is absolute, as path_read().
 * ST_DENIED when a link leads it astray.
 */
int	inside_read(const char *root, const char *path, size_t limit,
	    struct buf *out, struct err *e);

/*
 * Whether `path`, which is absolute and need not be there, may be used where
 * inside_read() cannot be: 0, or -1 with ST_DENIED.  Only as good as the time
 * between this and the use is short.
 */
int	inside_check(const char *root, const char *path, struct err *e);

#endif
