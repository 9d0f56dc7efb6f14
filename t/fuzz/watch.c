/*
 * Hostile records shown to people: as many lines as are said, each of them
 * clean and, but for those of a text that is shown whole below its record, no
 * wider than the terminal.
 */
#include "config.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "watch.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { COLUMNS = 80 };

static void
check(const struct watch *w, const struct buf *out)
{
	const char *s = out->data;

	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)s[i];

		assert(c >= 0x20 || c == '\n' || (w->verbose && c == '\t'));
		assert(c != 0x7f);
		assert(c != 0xc2 || (unsigned char)s[i + 1] >= 0xa0);
	}
	assert(out->len == 0 || s[out->len - 1] == '\n');
	while (!w->verbose && *s) {
		size_t n = strcspn(s, "\n");
		assert(term_width(&w->term, s, n) <= COLUMNS ||
		    strncmp(s, "    ", 4) == 0);
		s += n + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct watch w = WATCH_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_JV jv v = JSON_NONE;
	struct err e = ERR_INIT;

	if (len < 1 ||
	    json_parse((const char *)data + 1, len - 1, &v, &e) < 0)
		return 0;
	watch_open(&w, -1, TERM_NEVER, COLUMNS);
	w.verbose = data[0] & 1;
	w.deltas = data[0] & 2;
	buf_adds(&out, "");
	watch_show(&w, &v, &out);
	watch_show(&w, &v, &out);
	check(&w, &out);
	watch_close(&w);
	return 0;
}
