/*
 * tool-impl: what the tools that change files share (tool-file.c).
 */
#ifndef AGENT_TOOL_IMPL_H
#define AGENT_TOOL_IMPL_H

#include <sys/stat.h>

#include "buf.h"
#include "err.h"

enum { TOOL_FILE_MAX = 32 << 20 };	/* larger ones are not read whole */

/* Reads a regular file; anything else could block or be endless: ST_NO. */
int	tool_read_regular(const char *path, struct buf *out, struct stat *st,
	    struct err *e);

/* One change at a time in this workspace; released when the process ends. */
int	tool_lock_workspace(struct err *e);

/* Replaces a file as a whole; a link is written through, and stays one. */
int	tool_replace(const char *path, const struct buf *text, mode_t mode,
	    struct err *e);

/* The mode of a new file. */
mode_t	tool_new_mode(void);

#endif
