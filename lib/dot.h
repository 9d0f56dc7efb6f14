/*
 * dot: products of vectors of bytes, as fast as memory delivers them.
 *
 * The kernel is picked once by what the processor has; all give the same
 * sums.  `n` is a multiple of DOT_PAD, the rest zeros; values are -127..127.
 */
#ifndef AGENT_DOT_H
#define AGENT_DOT_H

#include <stddef.h>
#include <stdint.h>

enum { DOT_PAD = 64 };

/* The products of `q` with `rows` vectors of `n` bytes, one after the other. */
typedef void dot_fn(const int8_t *q, const int8_t *v, size_t n, size_t rows,
	    int32_t *out);

/* The fastest that works here; its name, when asked for. */
dot_fn	*dot_pick(const char **ret_name);

/* All that work here, for tests: the i-th, NULL after the last. */
dot_fn	*dot_kernel(size_t i, const char **ret_name);

#endif
