/* term: nothing that steers a terminal gets through, wherever it is cut. */
#include "config.h"

#include "term.h"

#include "alloc.h"
#include "tap.h"

/* As a whole, and cut into single bytes. */
static void
cleans(const char *in, size_t len, int flags, const char *want,
    const char *title)
{
	AUTO_BUF struct buf whole = BUF_INIT;
	AUTO_BUF struct buf pieces = BUF_INIT;
	struct term_filter f;

	buf_adds(&whole, "");
	buf_adds(&pieces, "");
	term_clean(in, len, flags, &whole);
	is_str(whole.data, want, title);
	term_filter_init(&f, flags);
	for (size_t i = 0; i < len; i++)
		term_filter(&f, in + i, 1, &pieces);
	term_filter_end(&f, &pieces);
	is_str(pieces.data, want, "the same in pieces");
}

#define CLEANS(in, flags, want, title) \
	cleans((in), sizeof(in) - 1, (flags), (want), (title))

static void
test_sequences(void)
{
	CLEANS("plain t\xc3\xa4xt\n\tx", 0, "plain t\xc3\xa4xt\n\tx",
	    "text stays");
	CLEANS("a\033[2Jb\033[1;1Hc\033[?1049hd", 0, "abcd", "CSI");
	CLEANS("a\033]0;title\007b\033]52;c;eA==\033\\c", 0, "abc", "OSC");
	CLEANS("a\033Pq\033\\b\033_x\033\\c\033^y\033\\d\033Xz\033\\e", 0,
	    "abcde", "DCS, APC, PM, SOS");
	CLEANS("a\033(0b\033#8c\033cd\033" "7e", 0, "abcde", "short ones");
	CLEANS("a\xc2\x9b" "2Jb\xc2\x9d" "0;x\xc2\x9c" "c", 0, "abc",
	    "C1 as UTF-8");
	CLEANS("a\x9b" "2Jb", 0, "a\xef\xbf\xbd" "2Jb", "C1 as a byte");
	CLEANS("a\033]0;never\nended", 0, "a\nended",
	    "a string ends with its line");
	CLEANS("a\033[31\033[32mb", 0, "ab", "one within another");
	CLEANS("a\033[3\x18" "b", 0, "a^Xb", "cut short");
	CLEANS("a\033", 0, "a", "at the end");
	CLEANS("a\033[12", 0, "a", "in the middle");
	CLEANS("\033\033\033[0mx", 0, "x", "escapes in a row");
	CLEANS("a\x84", 0, "a\xef\xbf\xbd", "a stray byte");
}

static void
test_controls(void)
{
	CLEANS("a\bb\ac\x7f" "d\0e", 0, "a^Hb^Gc^?d^@e", "controls");
	CLEANS("a\r\nb\rc\r", 0, "a\nb\nc\n", "carriage returns");
	CLEANS("\xff\xc3(\xe2\x82", 0,
	    "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd", "invalid UTF-8");
	CLEANS("\xc0\xaf\xed\xa0\x80", 0,
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	    "overlong ones and surrogates");
	CLEANS("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xf3\xa0\x81\x81", 0,
	    "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd",
	    "what reorders or hides");
	CLEANS("\xc3\xa4\xe2\x82\xac", TERM_ASCII, "??", "ASCII alone");
	CLEANS("  a \n\n\t b\r\nc  ", TERM_ONELINE, "a b c", "one line");
}

static void
test_colours(void)
{
	CLEANS("\033[31mred\033[0m", 0, "red", "no colours");
	CLEANS("\033[31mred\033[0m", TERM_SGR, "\033[31mred\033[0m",
	    "colours");
	CLEANS("\033[1;38;5;8mx", TERM_SGR, "\033[1;38;5;8mx\033[0m",
	    "are switched off");
	CLEANS("\033[31;8mhidden\033[5mx", TERM_SGR, "hiddenx",
	    "concealment and blinking");
	CLEANS("\033[>4;2mx\033[31 mx", TERM_SGR, "xx",
	    "what only looks like colours");
	CLEANS("\033[38;2;1;2;3mx\033[m", TERM_SGR,
	    "\033[38;2;1;2;3mx\033[m", "true colour");
}

static void
test_bounds(void)
{
	AUTO_BUF struct buf in = BUF_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	buf_adds(&in, "\033]");
	for (int i = 0; i < 10000; i++)
		buf_addc(&in, 'x');
	term_clean(in.data, in.len, 0, &out);
	is_int((int64_t)out.len, 10000 - 4096,
	    "a string that never ends is let go");
	buf_reset(&in);
	buf_reset(&out);
	buf_adds(&in, "\033[");
	for (int i = 0; i < 10000; i++)
		buf_adds(&in, "1;");
	buf_adds(&in, "mx");
	term_clean(in.data, in.len, TERM_SGR, &out);
	is_str(out.data, "x", "so are parameters without end");
}

static void
cuts(const struct term *t, const char *s, size_t columns, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;

	buf_adds(&out, "");
	term_cut(t, s, strlen(s), columns, &out);
	is_str(out.data, want, want);
}

static void
cuts_front(const struct term *t, const char *s, size_t columns,
    const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;

	term_cut_front(t, s, strlen(s), columns, &out);
	is_str(out.data, want, want);
}

static void
test_width(void)
{
	struct term t = TERM_INIT;
	size_t width;

	term_open(&t, -1, TERM_AUTO);
	ok(!t.tty && !t.colour && t.columns == 0, "no terminal");
	is_int((int64_t)term_width(&t, "abc", 3), 3, "letters");
	is_int((int64_t)term_width(&t, "\xe6\xbc\xa2\xe5\xad\x97", 6), 4,
	    "wide ones");
	is_int((int64_t)term_width(&t, "e\xcc\x81", 3), 1, "combining");
	is_int((int64_t)term_fit(&t, "e\xcc\x81x", 4, 1, &width), 3,
	    "stays together");
	cuts(&t, "abcdef", 6, "abcdef");
	cuts(&t, "abcdef", 5, "abcd\xe2\x80\xa6");
	cuts(&t, "ab cd", 4, "ab\xe2\x80\xa6");
	cuts(&t, "\xe6\xbc\xa2\xe5\xad\x97", 3, "\xe6\xbc\xa2\xe2\x80\xa6");
	cuts(&t, "abc", 0, "");
	cuts_front(&t, "abcdef", 6, "abcdef");
	cuts_front(&t, "abcdef", 5, "\xe2\x80\xa6" "cdef");
	cuts_front(&t, "ab cd", 4, "\xe2\x80\xa6" "cd");
	cuts_front(&t, "\xe6\xbc\xa2\xe5\xad\x97", 3,
	    "\xe2\x80\xa6\xe5\xad\x97");
	cuts_front(&t, "\xe6\xbc\xa2\xe5\xad\x97", 2, "\xe2\x80\xa6");
	t.ascii = true;
	cuts(&t, "abcdef", 5, "ab...");
	term_close(&t);
	term_open(&t, -1, TERM_ALWAYS);
	ok(t.colour, "colours when told");
	term_close(&t);
}

int
main(void)
{
	test_sequences();
	test_controls();
	test_colours();
	test_bounds();
	test_width();
	return done();
}
