/*
 * buf: a growing run of bytes.
 *
 * `data` is NUL-terminated at `len` once anything was added, or reset; it
 * may contain NUL.  BUF_INIT needs no release until something is added.
 * Out of memory ends the process (alloc.h), so nothing here fails.
 */
#ifndef AGENT_BUF_H
#define AGENT_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

#define BUF_INIT { 0 }

void	buf_release(struct buf *b);	/* frees; the buf is BUF_INIT again */
void	buf_reset(struct buf *b);	/* empties, keeps the memory */
void	buf_reserve(struct buf *b, size_t extra); /* room for extra and NUL */

void	buf_add(struct buf *b, const void *data, size_t len);
void	buf_adds(struct buf *b, const char *s);
void	buf_addc(struct buf *b, char c);
void	buf_addf(struct buf *b, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	    __attribute__((format(printf, 2, 0)));

/* Removes `n` bytes at the front (all, when there are fewer). */
void	buf_consume(struct buf *b, size_t n);

/* Cuts to `len` bytes, when longer. */
void	buf_truncate(struct buf *b, size_t len);

/* The string, which the caller frees; the buf is empty.  Never NULL. */
char	*buf_steal(struct buf *b);

#define AUTO_BUF __attribute__((cleanup(buf_release)))

#endif
