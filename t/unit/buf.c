/* buf: bytes that grow, always with a NUL behind them. */
#include "config.h"

#include "buf.h"

#include "alloc.h"
#include "tap.h"

static void
test_adding(void)
{
	AUTO_BUF struct buf b = BUF_INIT;

	buf_add(&b, "a\0b", 3);
	is_int((int64_t)b.len, 3, "keeps NUL");
	buf_reset(&b);
	is_str(b.data, "", "reset empties");
	buf_adds(&b, "one ");
	buf_addc(&b, '2');
	buf_addf(&b, " %s", "three");
	is_str(b.data, "one 2 three", "adds strings, bytes, formats");
	buf_addf(&b, "%5000d", 7);
	is_int((int64_t)b.len, 5011, "a long format grows it");
	is_str(b.data + 5009, " 7", "and is whole");
	buf_truncate(&b, 3);
	is_str(b.data, "one", "cuts");
	buf_truncate(&b, 100);
	is_str(b.data, "one", "cuts nothing when short");
	buf_consume(&b, 1);
	is_str(b.data, "ne", "takes from the front");
	buf_consume(&b, 100);
	is_str(b.data, "", "or all");
}

static void
test_empty(void)
{
	struct buf b = BUF_INIT;
	char *s;

	buf_truncate(&b, 0);
	buf_release(&b);
	ok(!b.data, "an empty one needs no release");
	s = buf_steal(&b);
	is_str(s, "", "stealing from an empty one gives a string");
	free(s);
	buf_add(&b, NULL, 0);
	is_str(b.data, "", "adding nothing terminates");
	buf_consume(&b, 1);
	buf_release(&b);
	buf_adds(&b, "x");
	s = buf_steal(&b);
	ok(!b.data && b.len == 0, "a stolen one is empty");
	is_str(s, "x", "and the string is the caller's");
	free(s);
}

static void
test_growth(void)
{
	AUTO_BUF struct buf b = BUF_INIT;

	for (int i = 0; i < 100000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	is_int((int64_t)b.len, 100000, "grows byte by byte");
	ok(b.cap >= b.len + 1 && b.cap <= 4 * b.len, "not out of proportion");
	ok(b.data[b.len] == '\0' && b.data[99999] == 'a' + 99999 % 26,
	    "with its content");
}

int
main(void)
{
	test_adding();
	test_empty();
	test_growth();
	return done();
}
