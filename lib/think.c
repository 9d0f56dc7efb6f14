/* think: reasoning in the text of an answer, taken apart from it. */
#include "config.h"

#include "think.h"

#include "alloc.h"

static const char opening[] = "<think>", closing[] = "</think>";
static const char blanks[] = " \t\r\n";

enum { BLANKS_MAX = 256 };	/* before the tag */

/* How many bytes at the end of a text may be the beginning of a tag. */
static size_t
partial(const char *s, size_t len, const char *tag)
{
	size_t n = strlen(tag) - 1;

	for (n = n < len ? n : len; n > 0; n--)
		if (memcmp(s + len - n, tag, n) == 0)
			return n;
	return 0;
}

static size_t
blank(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && strchr(blanks, s[n]) && s[n])
		n++;
	return n;
}

/* Whether the answer begins with the tag; the text before it is blanks. */
static int
begin(struct think *t, think_fn fn, void *ctx, struct err *e)
{
	AUTO_BUF struct buf held = t->held;
	size_t skip = blank(held.data, held.len), left = held.len - skip;
	size_t n = strlen(opening);

	t->held = (struct buf)BUF_INIT;
	if (left < n && skip <= BLANKS_MAX &&
	    memcmp(held.data + skip, opening, left) == 0) {
		buf_add(&t->held, held.data, held.len);
		return 0;
	}
	if (left >= n && memcmp(held.data + skip, opening, n) == 0) {
		t->state = THINK_INSIDE;
		return think_feed(t, held.data + skip + n, left - n, fn, ctx,
		    e);
	}
	t->state = THINK_TEXT;
	return fn(ctx, false, held.data, held.len, e);
}

static int
inside(struct think *t, think_fn fn, void *ctx, struct err *e)
{
	AUTO_BUF struct buf held = t->held;
	const char *tag = memmem(held.data, held.len, closing,
	    strlen(closing));
	size_t n = tag ? (size_t)(tag - held.data) :
	    held.len - partial(held.data, held.len, closing);
	size_t after = n + strlen(closing);

	t->held = (struct buf)BUF_INIT;
	if (n > 0 && fn(ctx, true, held.data, n, e) < 0)
		return -1;
	if (!tag) {
		buf_add(&t->held, held.data + n, held.len - n);
		return 0;
	}
	t->state = THINK_GAP;
	return think_feed(t, held.data + after, held.len - after, fn, ctx, e);
}

int
think_feed(struct think *t, const char *s, size_t len, think_fn fn, void *ctx,
    struct err *e)
{
	size_t n;

	if (len == 0)
		return 0;
	switch (t->state) {
	case THINK_BEGIN:
		buf_add(&t->held, s, len);
		return begin(t, fn, ctx, e);
	case THINK_INSIDE:
		buf_add(&t->held, s, len);
		return inside(t, fn, ctx, e);
	case THINK_GAP:
		n = blank(s, len);
		if (n == len)
			return 0;
		t->state = THINK_TEXT;
		return fn(ctx, false, s + n, len - n, e);
	case THINK_TEXT:
		break;
	}
	return fn(ctx, false, s, len, e);
}

int
think_end(struct think *t, think_fn fn, void *ctx, struct err *e)
{
	AUTO_BUF struct buf held = t->held;
	bool reasoning = t->state == THINK_INSIDE;

	t->held = (struct buf)BUF_INIT;
	t->state = THINK_TEXT;
	return held.len == 0 ? 0 :
	    fn(ctx, reasoning, held.data, held.len, e);
}

void
think_release(struct think *t)
{
	buf_release(&t->held);
}
