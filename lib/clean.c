/* clean: text of others made harmless for a terminal. */
#include "config.h"

#include "clean.h"

#include <stdbool.h>

#include "alloc.h"

enum verdict {
	PASS,
	BAD,		/* becomes '?' */
	DROP,
	MORE		/* depends on what follows */
};

static enum verdict
judge_control(const unsigned char *s, size_t n)
{
	if (s[0] == '\n' || s[0] == '\t')
		return PASS;
	if (s[0] != '\r')
		return BAD;
	if (n < 2)
		return MORE;
	return s[1] == '\n' ? DROP : BAD;
}

/* The character at `s`, of which `n` bytes are there; its length. */
static enum verdict
judge(const unsigned char *s, size_t n, size_t *ret_len)
{
	*ret_len = 1;
	if (s[0] < 0x20 || s[0] == 0x7f)
		return judge_control(s, n);
	if (s[0] != 0xc2 && s[0] != 0xe2)
		return PASS;
	if (n < 2)
		return MORE;
	if (s[0] == 0xc2) {
		if (s[1] < 0x80 || s[1] > 0x9f)
			return PASS;
		*ret_len = 2;
		return BAD;
	}
	if (s[1] != 0x80 && s[1] != 0x81)
		return PASS;
	if (n < 3)
		return MORE;
	if (s[1] == 0x80 ? s[2] < 0xaa || s[2] > 0xae :
	    s[2] < 0xa6 || s[2] > 0xa9)
		return PASS;
	*ret_len = 3;
	return BAD;
}

/* The bytes from the start of `s` that pass as they are, without a look at
 * each: everything but controls and the two lead bytes. */
static size_t
plain(const unsigned char *s, size_t n)
{
	size_t i = 0;

	while (i < n && ((s[i] >= 0x20 && s[i] < 0x7f) || s[i] == '\n' ||
	    (s[i] >= 0x80 && s[i] != 0xc2 && s[i] != 0xe2)))
		i++;
	return i;
}

/* Appends what can be decided; the bytes that were. */
static size_t
decide(const unsigned char *s, size_t n, bool last, struct buf *out)
{
	size_t i = 0, len;

	while (i < n) {
		size_t run = plain(s + i, n - i);
		buf_add(out, s + i, run);
		i += run;
		if (i == n)
			break;
		switch (judge(s + i, n - i, &len)) {
		case PASS:
			buf_add(out, s + i, len);
			break;
		case BAD:
			buf_addc(out, '?');
			break;
		case DROP:
			break;
		case MORE:
			if (!last)
				return i;
			/* a lone CR is bad, half a character is harmless */
			buf_addc(out, s[i] == '\r' ? '?' : (char)s[i]);
			break;
		}
		i += len;
	}
	return i;
}

void
clean_feed(struct clean *c, const char *s, size_t len, struct buf *out)
{
	size_t done;

	/* the kept bytes together with enough to decide them */
	while (c->n > 0 && len > 0) {
		c->kept[c->n++] = *s++;
		len--;
		done = decide((const unsigned char *)c->kept, c->n, false,
		    out);
		memmove(c->kept, c->kept + done, c->n - done);
		c->n -= done;
	}
	done = decide((const unsigned char *)s, len, false, out);
	if (len > done) {
		memcpy(c->kept, s + done, len - done);
		c->n = len - done;
	}
}

void
clean_end(struct clean *c, struct buf *out)
{
	decide((const unsigned char *)c->kept, c->n, true, out);
	c->n = 0;
}

void
clean_text(const char *s, size_t len, struct buf *out)
{
	decide((const unsigned char *)s, len, true, out);
}
