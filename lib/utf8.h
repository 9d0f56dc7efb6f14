/*
 * utf8: characters in UTF-8, as RFC 3629 has it: shortest form, no surrogates,
 * nothing above U+10FFFF.  Lengths are in bytes.
 */
#ifndef AGENT_UTF8_H
#define AGENT_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 };		/* bytes of a character */

/* Stands for what is no UTF-8: REPLACEMENT CHARACTER. */
#define UTF8_BAD UINT32_C(0xFFFD)

/* As utf8_decode(), of what does not begin with ASCII. */
size_t	utf8_decode_long(const char *s, size_t len, uint32_t *ret);

/*
 * The character at `s`, of which there are `len` bytes, one at least: its
 * length; 0, and nothing in *ret, when it is malformed or cut.
 */
static inline size_t
utf8_decode(const char *s, size_t len, uint32_t *ret)
{
	if ((unsigned char)*s >= 0x80)
		return utf8_decode_long(s, len, ret);
	*ret = (unsigned char)*s;
	return 1;
}

/* Its length in `out`, which is not terminated.  `c` is a character. */
size_t	utf8_encode(uint32_t c, char out[UTF8_MAX]);

/*
 * The character at s[*i], and *i behind it.  What is not UTF-8 counts as one
 * character a byte, UTF8_BAD.
 */
uint32_t utf8_next(const char *s, size_t len, size_t *i);

/* How many characters, counted so. */
size_t	utf8_count(const char *s, size_t len);

/*
 * The last place up to `n` where `s` may be cut without cutting a character:
 * `n`, unless s[n], which is read, is within one.
 */
size_t	utf8_cut(const char *s, size_t n);

#endif
