/*
 * fuzz: server-sent events; the same ones whether they come as a whole or in
 * pieces of the size that the first byte says.
 */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "sse.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
note(void *ctx, const char *type, const char *data, size_t len, struct err *e)
{
	struct buf *out = ctx;

	(void)e;
	buf_addf(out, "%zu %s|", len, type);
	buf_add(out, data, len);
	return 0;
}

static void
read_events(const char *data, size_t size, size_t piece, struct buf *out)
{
	struct sse s = SSE_INIT;
	struct sse_handler h = { note, out };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < size; i += piece)
		sse_feed(&s, data + i, piece < size - i ? piece : size - i,
		    &h, &e);
	sse_end(&s, &h, &e);
	sse_release(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf whole = BUF_INIT, pieces = BUF_INIT;

	if (size < 1)
		return 0;
	read_events((const char *)data + 1, size - 1, size, &whole);
	read_events((const char *)data + 1, size - 1, (size_t)data[0] + 1,
	    &pieces);
	if (whole.len != pieces.len ||
	    (whole.len > 0 && memcmp(whole.data, pieces.data, whole.len) != 0))
		__builtin_trap();
	return 0;
}
