/*
 * path: file names, small files as a whole, directories.
 *
 * A returned string is the caller's to free.
 */
#ifndef AGENT_PATH_H
#define AGENT_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

/* "a/b"; b alone when it is absolute.  One slash between them. */
char	*path_join(const char *a, const char *b);
char	*path_dirname(const char *path);	/* as dirname(1) */
const char *path_basename(const char *path);	/* after the last slash */
char	*path_quote(const char *path);	/* the glob(7) that means it alone */

/* Absolute, without ".", ".." and links; ST_NOINPUT when it is not there. */
char	*path_real(const char *path, struct err *e);
char	*path_cwd(struct err *e);
bool	path_exists(const char *path);
bool	path_is_dir(const char *path);

/*
 * The nearest directory from `start`, an absolute path, upwards that has an
 * entry `name`; NULL when there is none.  Crosses file systems.
 */
char	*path_find_up(const char *start, const char *name);

/* Makes a directory and those above it; fine when it is there. */
int	path_mkdirs(const char *path, mode_t mode, struct err *e);

/*
 * The content of a regular file, FIFO or device of at most `limit` bytes.
 * ST_NOINPUT when it cannot be opened, or is a FIFO to which nobody writes
 * within three seconds; ST_DATA when it is larger.
 */
int	path_read(const char *path, size_t limit, struct buf *out,
	    struct err *e);

/*
 * Replaces a file as a whole: a temporary name beside it, fsync, rename,
 * fsync of the directory.  After a crash there is the old one or the new.
 * A symbolic link is replaced, not followed.
 */
int	path_write_atomic(const char *path, const void *data, size_t len,
	    mode_t mode, struct err *e);

/*
 * The same without waiting for the disk: whole or not there for whoever looks,
 * but after a crash of the machine it may be gone.
 */
int	path_replace(const char *path, const void *data, size_t len,
	    mode_t mode, struct err *e);

/* fsync of the directory that holds `path`, after a create or rename. */
int	path_sync_dir(const char *path, struct err *e);

/* The directory of the running program; ST_NOINPUT without /proc. */
char	*path_own_dir(struct err *e);

/*
 * A program of ours, as an absolute path: the one beside the running
 * executable (build tree or installed), in `libexec` for helpers.
 */
char	*path_program(const char *name, struct err *e);

/*
 * A file of ours, named as in the source tree ("templates/demo/run"), where
 * the installed data directory has the same tree.  The first of these that
 * is set decides: $AGENT_DATADIR; the source tree, when the running
 * executable has a file .srcdir beside it, which configure writes into the
 * build tree; the installed data directory.  ST_NOINPUT when it has no such
 * file.
 */
char	*path_data(const char *name, struct err *e);

/* The same of a file that the build makes: beside the running executable. */
char	*path_built(const char *name, struct err *e);

#endif
