/* sse: events out of bytes in any pieces. */
#include "config.h"

#include "sse.h"

#include "alloc.h"
#include "tap.h"

/* Each event as "TYPE|DATA;". */
static int
note(void *ctx, const char *type, const char *data, size_t len, struct err *e)
{
	struct buf *out = ctx;

	if (strcmp(data, "stop") == 0)
		return err_set(e, ST_NO, "stopped");
	buf_addf(out, "%s|", type);
	buf_add(out, data, len);
	buf_addc(out, ';');
	return 0;
}

/* The events of `text`, fed in pieces of `n` bytes. */
static char *
events(const char *text, size_t len, size_t n)
{
	struct sse s = SSE_INIT;
	struct buf out = BUF_INIT;
	struct sse_handler h = { note, &out };
	struct err e = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i += n)
		r = sse_feed(&s, text + i, n < len - i ? n : len - i, &h, &e);
	if (r == 0)
		r = sse_end(&s, &h, &e);
	if (r < 0)
		buf_addf(&out, "error: %s", e.text);
	sse_release(&s);
	return buf_steal(&out);
}

static void
check(const char *text, const char *want, const char *title)
{
	size_t len = strlen(text);
	bool same = true;

	for (size_t n = 1; n <= len && same; n++) {
		AUTO_FREE char *got = events(text, len, n);
		same = strcmp(got, want) == 0;
		if (!same)
			diag("in pieces of %zu: '%s'", n, got);
	}
	ok(same, "%s, in pieces of any size", title);
}

int
main(void)
{
	check("data: a\n\ndata:b\n\n", "|a;|b;", "one space, or none");
	check("data:  a\n\n", "| a;", "only one space goes");
	check("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "|a;|b;|c;",
	    "CRLF, CR, LF");
	check("data: a\ndata: b\n\n", "|a\nb;", "lines are joined");
	check("data\n\n", "|;", "a field without a colon");
	check("event: x\ndata: a\n\ndata: b\n\n", "x|a;|b;",
	    "the type does not last");
	check(": hi\n\n: again\ndata: a\n: in it\n\n", "|a;",
	    "comments are none");
	check("event: x\n\nid: 7\nretry: 5\n\ndata: a\n\n", "|a;",
	    "no data, no event");
	check("\xef\xbb\xbf" "data: a\n\n", "|a;", "a byte order mark");
	check("\xef\xbb" "data: a\n\ndata: b\n\n", "|b;",
	    "half a byte order mark is a strange field");
	check("data: a", "|a;", "an event without its end");
	check("data: a\n", "|a;", "an event without its empty line");
	check("data: a\r", "|a;", "a last CR");
	check("data: \xe2\x82\xac\n\n", "|\xe2\x82\xac;", "UTF-8");
	check("\n\n\r\n", "", "empty lines alone");
	check("", "", "nothing");
	check("data: a\n\ndata: stop\n\ndata: b\n\n", "|a;error: stopped",
	    "what the handler refuses ends it");
	return done();
}
