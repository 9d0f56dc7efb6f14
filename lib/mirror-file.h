/*
 * mirror-file: the file that a memory is kept in step with (memory-mirror.h),
 * as a file: text with a mark at its end, read, and replaced as a whole.
 */
#ifndef AGENT_MIRROR_FILE_H
#define AGENT_MIRROR_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "buf.h"
#include "err.h"

struct mirror_file {
	char *path;		/* without links */
	bool there;
	struct buf text;	/* without the mark */
	bool whole;		/* it had its mark, */
	int64_t number;		/* with this number; else 0 */
	struct stat sb;
};

#define MIRROR_FILE_INIT { 0 }

void	mirror_file_release(struct mirror_file *f);

/*
 * Reads it; one that is not there has no text.  ST_NOINPUT when it is no
 * regular file, ST_DATA when it is not UTF-8.
 */
int	mirror_file_read(const char *path, struct mirror_file *ret,
	    struct err *e);

enum mirror_written {
	MIRROR_SAME,		/* nothing had to be written */
	MIRROR_WRITTEN,
	MIRROR_CHANGED		/* somebody wrote it since: nothing done */
};

/* Replaces it by `text`, which gets the mark with that number; -1. */
int	mirror_file_write(const struct mirror_file *f, struct buf *text,
	    int64_t number, struct err *e);

#endif
