/*
 * alloc: memory that is there or the process is not, and clean-up at the end
 * of a scope.
 *
 * Out of memory prints one line and exits 71: the only exit in the library.
 * Size 0 gives a unique pointer.  Everything is released with free(3).
 *
 * `AUTO_FREE char *p = ...;` frees at the end of the scope;
 * `return STEAL(p);` gives away.  The initialiser is mandatory.
 */
#ifndef AGENT_ALLOC_H
#define AGENT_ALLOC_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void	*xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void	*xcalloc(size_t n, size_t size)
	    __attribute__((malloc, returns_nonnull));
void	*xreallocarray(void *p, size_t n, size_t size)
	    __attribute__((returns_nonnull));
char	*xstrdup(const char *s)
	    __attribute__((malloc, returns_nonnull, nonnull(1)));
char	*xstrndup(const char *s, size_t n)	/* copies n bytes, adds NUL */
	    __attribute__((malloc, returns_nonnull, nonnull(1)));
char	*xasprintf(const char *fmt, ...)
	    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/*
 * Makes room for one more element in a growing array: doubles `*cap` when
 * `len` has reached it.  `p` is an lvalue of pointer type.
 */
#define GROW(p, len, cap) do {						\
	if ((len) == (cap)) {						\
		(cap) = (cap) ? 2 * (cap) : 8;				\
		(p) = xreallocarray((p), (cap), sizeof(*(p)));		\
	}								\
} while (0)

static inline void
auto_free(void *p)
{
	free(*(void **)p);
}

static inline void
auto_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
auto_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define AUTO_FREE __attribute__((cleanup(auto_free)))
#define AUTO_FD __attribute__((cleanup(auto_close)))	/* -1 is none */
#define AUTO_FILE __attribute__((cleanup(auto_fclose)))	/* input only */

/* The value of an AUTO_FREE pointer, which is NULL from then on. */
#define STEAL(p) (__extension__({					\
	__typeof__(p) *steal_p = &(p);					\
	__typeof__(p) steal_v = *steal_p;				\
	*steal_p = NULL;						\
	steal_v;							\
}))

static inline int
steal_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#include "banned.h"

#endif
