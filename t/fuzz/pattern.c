/* A hostile pattern and a string: "PATTERN\nSTRING". */
#include "config.h"

#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "pattern.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = len ? (const char *)data : "";
	const char *end = len ? memchr(text, '\n', len) : NULL;
	size_t n = end ? (size_t)(end - text) : len;
	struct err e = ERR_INIT;
	struct pattern *p = pattern_compile(text, n, &e);

	if (p)
		pattern_match(p, text + n, len - n);
	pattern_free(p);
	return 0;
}
