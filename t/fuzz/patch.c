/* A hostile patch, and a file that it is to be applied to. */
#include "config.h"

#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "patch.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The file comes first, up to a NUL. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *nul = memchr(data, 0, len);
	size_t split = nul ? (size_t)(nul - data) : 0;
	size_t from = nul ? split + 1 : 0;
	/* exactly these bytes, for the tools that watch memory */
	AUTO_FREE char *text = xstrndup((const char *)data + from, len - from);
	AUTO_BUF struct buf file = BUF_INIT;
	AUTO_PATCH struct patch p = PATCH_INIT;
	struct err e = ERR_INIT;

	buf_add(&file, data, split);
	if (patch_parse(text, strlen(text), &p, &e) < 0)
		return 0;
	for (size_t i = 0; i < p.n; i++) {
		AUTO_BUF struct buf out = BUF_INIT;

		(void)patch_apply(&p.files[i], &file, &out, &e);
	}
	return 0;
}
