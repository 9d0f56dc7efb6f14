/*
 * Hostile text for a terminal: whatever comes, wherever it is cut, what goes
 * out is valid UTF-8 without control characters, colours apart.
 */
#include "config.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "json.h"
#include "term.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Past a colour; 0 when there is none. */
static size_t
sgr(const char *s)
{
	size_t n = strspn(s + 2, "0123456789;:");

	return s[1] == '[' && s[2 + n] == 'm' ? n + 3 : 0;
}

static void
check(const struct buf *out, int flags)
{
	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)out->data[i];

		if (c == 033 && (flags & TERM_SGR)) {
			size_t n = sgr(out->data + i);
			assert(n > 0);
			i += n - 1;
			continue;
		}
		assert(c >= 0x20 ||
		    (!(flags & TERM_ONELINE) && (c == '\n' || c == '\t')));
		assert(c != 0x7f);
		assert(c != 0xc2 || (unsigned char)out->data[i + 1] >= 0xa0);
		assert(c < 0x80 || !(flags & TERM_ASCII));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_BUF struct buf whole = BUF_INIT;
	AUTO_BUF struct buf pieces = BUF_INIT;
	struct term t = TERM_INIT;
	struct term_filter f;
	const char *s = (const char *)data;
	int flags;
	size_t cut;

	if (len < 2)
		return 0;
	flags = s[0] & 7;
	cut = 2 + (uint8_t)s[1] % (len - 1);
	if (cut > len)
		cut = len;
	buf_adds(&whole, "");
	buf_adds(&pieces, "");
	term_clean(s + 2, len - 2, flags, &whole);
	term_filter_init(&f, flags);
	term_filter(&f, s + 2, cut - 2, &pieces);
	term_filter(&f, s + cut, len - cut, &pieces);
	term_filter_end(&f, &pieces);
	assert(whole.len == pieces.len &&
	    memcmp(whole.data, pieces.data, whole.len) == 0);
	check(&whole, flags);
	AUTO_JV jv v = json_from_bytes(whole.data, whole.len);
	assert(json_string_len(&v) == whole.len);
	assert(memcmp(json_string(&v), whole.data, whole.len) == 0);
	buf_reset(&pieces);
	assert(term_cut(&t, whole.data, whole.len, cut, &pieces) <= cut);
	assert(term_cut_front(&t, whole.data, whole.len, cut, &pieces) <=
	    cut);
	return 0;
}
