/*
 * tree: copying and removing files whose owner is not to be trusted: no link
 * is ever followed.
 */
#ifndef AGENT_TREE_H
#define AGENT_TREE_H

#include <stdint.h>

#include "err.h"

/*
 * Removes `name` below the directory `dir`, with all that is in it; also what
 * is in directories that had no permission.  Fine when it is not there.
 */
int	tree_remove(int dir, const char *name, struct err *e);

/*
 * Copies a regular file, a link or an empty directory with its mode and time
 * under a new name, which must not be there yet; shares the blocks where the
 * file system can.
 */
int	tree_copy(int from_dir, const char *from, int to_dir, const char *to,
	    struct err *e);

/*
 * The same; also makes FIFOs and sockets.  What cannot be shared is taken
 * from *left, bytes; too little is EFBIG in errno, and -1 without words.
 */
int	tree_copy_within(int from_dir, const char *from, int to_dir,
	    const char *to, int64_t *left);

/*
 * The directory that holds `path`, below `root`, without following links or
 * leaving it; directories that are missing are made when `make`.  -1 on
 * failure; *ret_name points at the last part of `path`.
 */
int	tree_parent(int root, const char *path, int make,
	    const char **ret_name, struct err *e);

#endif
