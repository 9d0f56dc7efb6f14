/* utf8: characters in UTF-8. */
#include "config.h"

#include "utf8.h"

#include <stdbool.h>

#include "alloc.h"

static bool
continues(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

size_t
utf8_decode_long(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*s;
	size_t n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 :
	    first < 0xF5 ? 4 : 0;
	uint32_t c;

	if (n == 0 || n > len)
		return 0;
	c = first & (0x7FU >> n);
	for (size_t i = 1; i < n; i++) {
		if (!continues(s[i]))
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3FU);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		return 0;
	*ret = c;
	return n;
}

size_t
utf8_encode(uint32_t c, char out[UTF8_MAX])
{
	static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3F));
	out[0] = (char)(lead[n] | c);
	return n;
}

uint32_t
utf8_next(const char *s, size_t len, size_t *i)
{
	uint32_t c = UTF8_BAD;
	size_t n = utf8_decode(s + *i, len - *i, &c);

	*i += n ? n : 1;
	return c;
}

size_t
utf8_count(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; n++)
		utf8_next(s, len, &i);
	return n;
}

size_t
utf8_cut(const char *s, size_t n)
{
	while (n > 0 && continues(s[n]))
		n--;
	return n;
}
