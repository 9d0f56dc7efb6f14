/* spool: bytes that are too many for memory, in a file without a name. */
#include "config.h"

#include "spool.h"

#include <errno.h>
#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

enum { PIECE = 64 << 10 };

/* Where the file system cannot make one without a name. */
static int
open_unnamed(const char *dir)
{
	AUTO_FREE char *name = xasprintf("%s/.spool.XXXXXX", dir);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

int
spool_open(struct spool *s, const char *beside, struct err *e)
{
	AUTO_FREE char *dir = path_dirname(beside);

	s->len = 0;
	s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == ENOENT))
		s->fd = open_unnamed(dir);
	if (s->fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot make a file in '%s'",
		    dir);
	return 0;
}

void
spool_close(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct spool)SPOOL_INIT;
}

int
spool_add(struct spool *s, const void *data, size_t len, struct err *e)
{
	if (fd_write(s->fd, data, len, e) < 0)
		return -1;
	s->len += (int64_t)len;
	return 0;
}

int
spool_cut(struct spool *s, int64_t len, struct err *e)
{
	if (ftruncate(s->fd, len) < 0 || lseek(s->fd, len, SEEK_SET) < 0)
		return err_sys(e, ST_IO, "cannot cut a file");
	s->len = len;
	return 0;
}

int
spool_read(const struct spool *s, int64_t at, size_t len, struct buf *out,
    struct err *e)
{
	buf_reserve(out, len);
	while (len > 0) {
		ssize_t n = pread(s->fd, out->data + out->len, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ST_IO, "cannot read");
		if (n == 0)
			return err_set(e, ST_IO, "a file is too short");
		out->len += (size_t)n;
		at += n;
		len -= (size_t)n;
	}
	out->data[out->len] = '\0';
	return 0;
}

int
spool_line(const struct spool *s, int64_t at, struct buf *out,
    struct err *e)
{
	size_t from = out->len;

	while (at < s->len) {
		size_t n = s->len - at < PIECE ? (size_t)(s->len - at) : PIECE;
		size_t before = out->len;
		const char *lf;
		if (spool_read(s, at, n, out, e) < 0)
			return -1;
		lf = memchr(out->data + before, '\n', n);
		if (lf) {
			buf_truncate(out, (size_t)(lf - out->data) + 1);
			break;
		}
		at += (int64_t)n;
	}
	return out->len > from;
}
