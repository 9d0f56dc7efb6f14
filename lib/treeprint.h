/*
 * treeprint: what a directory looks like from outside, to see that nothing in
 * it has changed.
 *
 * The print is the digest of the name, kind, mode, size, inode and times of
 * every file below.  Two equal prints mean that no file was made, changed,
 * moved or removed between them, with one exception that is ruled out: a file
 * can change twice within a tick of the clock that its file system keeps, and
 * look the same.  Hence there is no print while a file has changed lately.
 *
 * `.agent` and the top directory's `.git` are left out.
 */
#ifndef AGENT_TREEPRINT_H
#define AGENT_TREEPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "sha256.h"

enum {
	TREEPRINT_LEN = SHA256_HEX_LEN,
	TREEPRINT_FILES_MAX = 1000	/* more would be felt */
};

/*
 * The print of all below `root`; `now` is clock_wall().  False when there is
 * none: too many files, one that cannot be read, or one that has changed in
 * the last two seconds.
 */
bool	treeprint(const char *root, int64_t now, char ret[TREEPRINT_LEN + 1]);

#endif
