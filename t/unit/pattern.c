/* pattern: ECMA 262's regular expressions, whoever wrote them. */
#include "config.h"

#include "pattern.h"

#include "alloc.h"
#include "tap.h"
#include "unicode.h"

static int
match(const char *text, const char *s)
{
	struct err e = ERR_INIT;
	struct pattern *p = pattern_compile(text, strlen(text), &e);
	int r = p ? pattern_match(p, s, strlen(s)) : -2;

	if (!p)
		diag("%s: %s", text, e.text);
	pattern_free(p);
	return r;
}

static void
test_matching(void)
{
	static const struct {
		const char *pattern, *yes, *no;
	} cases[] = {
		{ "^a*$", "aaa", "ab" }, { "a+", "xaay", "xyz" },
		{ "a|b|c", "xc", "xyz" }, { "^(a|bc|)$", "", "b" },
		{ "^(ab){2,3}$", "ababab", "ab" }, { "^a{2}$", "aa", "aaa" },
		{ "^a{0}b$", "b", "ab" }, { "^a{2,}$", "aaaa", "a" },
		{ "^(a?){3}$", "aa", "aaaa" }, { "^a{,2}$", "a{,2}", "aa" },
		{ "^[a-c]+$", "abcab", "abd" }, { "^[^a-c]$", "\303\251", "b" },
		{ "^[\\w.-]+@x$", "a.b-c@x", "a b@x" },
		{ "^[]$|^b$", "b", "" }, { "^[^]$", "\n", "" },
		{ "^.$", "\360\237\220\262", "\n" },
		{ "^\\d$", "7", "\331\241" }, { "^\\D$", "\331\241", "7" },
		{ "^\\s\\S$", "\302\240x", "xx" }, { "^\\W$", "-", "_" },
		{ "\\bfoo\\b", "a foo b", "afoo" }, { "o\\B", "oo", "o o" },
		{ "^\\p{L}+$", "\303\251a", "a1" },
		{ "^\\P{Letter}$", "1", "a" }, { "^[\\p{Lu}\\d]+$", "A1", "a" },
		{ "^\\u0061\\x62\\u{63}\\t\\cC\\0?$", "abc\t\003", "abc" },
		{ "^\\ud83d\\udc32$", "\360\237\220\262", "x" },
		{ "^(?!foo)[a-z]+$", "bar", "food" },
		{ "^(?=.*\\d)(?=.*[a-z]).{3,}$", "ab1", "abc" },
		{ "^(?<year>\\d{4})-(?:\\d\\d)$", "2026-11", "2026-1" },
		{ "^\\/\\.\\-\\$$", "/.-$", "/x-$" },
		{ "^(a*)*$", "aaaa", "b" }, { "^(|a)+$", "aa", "b" },
		{ "^a*?b??$", "aab", "abb" }, { "x$", "ax", "ax\n" },
		{ "^(?:(?:a|b)|(?:c|d)e)f$", "cef", "cf" },
		{ "^a{1,3}b{0,2}c$", "aabbc", "aabbbc" },
		{ "^(a(?=b)|b)+$", "abab", "aab" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ok(match(cases[i].pattern, cases[i].yes) == 1, "%s matches",
		    cases[i].pattern);
		ok(match(cases[i].pattern, cases[i].no) == 0,
		    "%s does not match everything", cases[i].pattern);
	}
}

static void
test_refusing(void)
{
	static const char *const bad[] = {
		"(", ")", "a)", "(a", "[a", "[z-a]", "[\\d-z]", "*a", "a**",
		"\\", "[\\", "\\a", "\\1", "(a)\\1", "\\k<a>", "(?<=a)b",
		"(?<!a)b", "(?i)a", "(?", "(?x", "(?<a", "\\p{Greek",
		"\\p{Nope}",
		"\\pL", "\\u12", "\\u{110000}", "\\u{}", "\\x1", "\\c1",
		"a{3,2}", "a{1001}", "(((a{1000}){1000}){1000}){1000}",
		"\\Z", "\\A"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = ERR_INIT;
		ok(!pattern_compile(bad[i], strlen(bad[i]), &e) &&
		    e.status == ST_DATA && *e.text, "refuses %s: %s", bad[i],
		    e.text);
	}
}

static void
test_bounds(void)
{
	enum { SIZE = 100000 };
	AUTO_FREE char *s = xmalloc(SIZE + 1), *deep = xmalloc(1001);
	struct err e = ERR_INIT;
	struct pattern *p;

	memset(s, 'a', SIZE);
	s[SIZE] = '\0';
	is_int(match("^(a+)+$", s), 1, "nested repetition");
	s[SIZE - 1] = 'b';
	is_int(match("^(a+)+$", s), 0, "the same with no match");
	is_int(match("^(a|aa)+$", s), 0, "alternatives that overlap");
	is_int(match("(?=(a*)*c)(?=(a*)*c)x", s), PATTERN_GAVE_UP,
	    "gives up where look-ahead makes it quadratic");
	memset(deep, '(', 1000);
	deep[1000] = '\0';
	ok(!pattern_compile(deep, 1000, &e), "refuses deep nesting");
	p = pattern_compile("a\0b", 3, &e);
	ok(p && pattern_match(p, "xa\0b", 4) == 1 &&
	    pattern_match(p, "ab", 2) == 0, "NUL is a character");
	pattern_free(p);
}

static void
test_categories(void)
{
	is_int(unicode_category(0x10ffff), UNI_Cn, "the last one");
	is_int(unicode_category(0x100), UNI_Lu, "alternating, upper");
	is_int(unicode_category(0x101), UNI_Ll, "alternating, lower");
}

int
main(void)
{
	test_matching();
	test_refusing();
	test_bounds();
	test_categories();
	return done();
}
