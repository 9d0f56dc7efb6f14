/* utf8: every character there and back, and all that is none. */
#include "config.h"

#include "utf8.h"

#include <string.h>

#include "alloc.h"
#include "tap.h"

static void
test_all(void)
{
	uint32_t bad = 0;

	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		char s[UTF8_MAX];
		uint32_t back = 0;
		size_t n;

		if (c == 0xD800)
			c = 0xE000;
		n = utf8_encode(c, s);
		for (size_t cut = 1; cut < n; cut++)
			bad += utf8_decode(s, cut, &back) != 0;
		bad += utf8_decode(s, n, &back) != n || back != c;
	}
	is_int(bad, 0, "every character comes back, and none that is cut");
}

/* The bytes around the edges of what RFC 3629 allows. */
static void
test_malformed(void)
{
	static const struct {
		const char *s;
		size_t good;
	} cases[] = {
		{ "\177", 1 }, { "\200", 0 }, { "\277", 0 },
		{ "\300\200", 0 }, { "\301\277", 0 }, { "\302\200", 2 },
		{ "\302\177", 0 }, { "\302\300", 0 }, { "\337\277", 2 },
		{ "\340\237\277", 0 }, { "\340\240\200", 3 },
		{ "\355\237\277", 3 }, { "\355\240\200", 0 },
		{ "\355\277\277", 0 }, { "\356\200\200", 3 },
		{ "\357\277\277", 3 }, { "\360\217\277\277", 0 },
		{ "\360\220\200\200", 4 }, { "\364\217\277\277", 4 },
		{ "\364\220\200\200", 0 }, { "\365\200\200\200", 0 },
		{ "\377", 0 }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t c = 0;

		is_int((int64_t)utf8_decode(cases[i].s, strlen(cases[i].s),
		    &c), (int64_t)cases[i].good, "at an edge");
		ok((c != 0) == (cases[i].good != 0), "gives it, or nothing");
	}
}

static void
test_text(void)
{
	static const char bad[] = "a\377\300\200\355\240\200";
	static const char text[] = "a\303\251\360\237\220\262";
	size_t i = 0;

	is_int((int64_t)utf8_count(text, 7), 3, "counts characters");
	is_int((int64_t)utf8_count(bad, sizeof(bad) - 1), 7,
	    "what is no UTF-8 counts by the byte");
	ok(utf8_next("\342\202", 2, &i) == UTF8_BAD && i == 1,
	    "what is cut does, too");
	i = 1;
	ok(utf8_next(text, 7, &i) == 0xE9 && i == 3, "goes on behind one");
	is_int((int64_t)utf8_cut(text, 7), 7, "cuts at the end");
	is_int((int64_t)utf8_cut(text, 6), 3, "cuts before a character");
	is_int((int64_t)utf8_cut(text, 2), 1, "cuts before another");
	is_int((int64_t)utf8_cut("\200\200", 1), 0, "goes back to the start");
}

int
main(void)
{
	test_all();
	test_malformed();
	test_text();
	return done();
}
