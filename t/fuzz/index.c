/* fuzz: a block of the search index and a list, as damage may leave them. */
#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "alloc.h"
#include "index-format.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE unsigned char *copy = xcalloc(size + INDEX_PAD, 1);
	struct index_cursor c = { .p = copy, .end = copy + size };
	struct index_segment g = { 0 };
	const unsigned char *p = copy;

	memcpy(copy, data, size);
	while (index_cursor_next(&c) > 0)
		assert(c.t.len <= WORD_MAX && c.p <= c.end);
	index_parse_dir(&g, data, size);
	g.nblocks = 0;
	index_segment_release(&g);
	while (p < copy + size) {
		uint64_t v;
		p = index_varint(p, &v) + 1;
	}
	return 0;
}
