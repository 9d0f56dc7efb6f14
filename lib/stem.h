/*
 * stem: the common part of the forms of an English word.
 *
 * Porter's algorithm (An algorithm for suffix stripping, 1980): "connected",
 * "connecting" and "connection" all give "connect".  The result is no word,
 * only a key.  What is not lower-case ASCII is left as it is.
 */
#ifndef AGENT_STEM_H
#define AGENT_STEM_H

#include <stddef.h>

/* Shortens, or changes the end of, `w` in place; the new length, <= len. */
size_t	stem_word(char *w, size_t len);

/*
 * Bytes at the start that every word of this stem begins with: all but a last
 * letter that the algorithm may have changed (y to i, e added).
 */
size_t	stem_prefix(const char *stem, size_t len);

#endif
