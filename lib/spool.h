/*
 * spool: bytes that are too many for memory, in a file without a name: it is
 * gone when it is closed, or we are killed.
 */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include <stdint.h>

#include "buf.h"
#include "err.h"

struct spool {
	int fd;
	int64_t len;
};

#define SPOOL_INIT { .fd = -1 }

/* In the directory of the file `beside`.  ST_CANTCREATE. */
int	spool_open(struct spool *s, const char *beside, struct err *e);
void	spool_close(struct spool *s);

/* At its end; ST_IO. */
int	spool_add(struct spool *s, const void *data, size_t len,
	    struct err *e);
int	spool_cut(struct spool *s, int64_t len, struct err *e);

/* Appends to `out` that much of it: what is not there is ST_IO. */
int	spool_read(const struct spool *s, int64_t at, size_t len,
	    struct buf *out, struct err *e);

/* Appends the line that begins at `at`, newline included: 1; 0 at the end. */
int	spool_line(const struct spool *s, int64_t at, struct buf *out,
	    struct err *e);

#endif
