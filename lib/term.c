/*
 * term: text that came from models and tools, on a terminal.
 *
 * Bytes become code points, code points drive a state machine after ECMA-48
 * (the one that Paul Williams drew for the VT500).  Nothing that a sequence
 * consists of is ever passed on, except SGR where it is wanted.
 */
#include "config.h"

#include "term.h"

#include <ctype.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "alloc.h"
#include "env.h"
#include "num.h"
#include "utf8.h"

enum state {
	GROUND,
	ESCAPE,		/* after ESC, and its intermediates */
	CSI,
	STRING		/* OSC, DCS, APC, PM, SOS: up to ST */
};

enum {
	BEL = 0x07, CAN = 0x18, SUB = 0x1a, ESC = 0x1b, DEL = 0x7f,
	STRING_MAX = 4096	/* a longer one is dropped in pieces */
};

void
term_filter_init(struct term_filter *f, int flags)
{
	*f = (struct term_filter){ .flags = flags };
}

/* A space that was held back, now that something follows it. */
static void
put_space(struct term_filter *f, struct buf *out)
{
	if (f->space && f->begun)
		buf_addc(out, ' ');
	f->space = false;
	f->begun = true;
}

/* Whether it reorders text, hides in it or breaks lines unseen. */
static bool
deceives(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

static void
put_char(struct term_filter *f, uint32_t c, struct buf *out)
{
	char character[UTF8_MAX];

	put_space(f, out);
	if (deceives(c))
		c = UTF8_BAD;
	if (c >= 0x80 && (f->flags & TERM_ASCII))
		c = '?';
	buf_add(out, character, utf8_encode(c, character));
}

static void
put_white(struct term_filter *f, char c, struct buf *out)
{
	if (f->flags & TERM_ONELINE)
		f->space = true;
	else
		buf_addc(out, c);
}

static void
put_control(struct term_filter *f, uint32_t c, struct buf *out)
{
	put_space(f, out);
	buf_addc(out, '^');
	buf_addc(out, (char)(c ^ 0x40));
}

/* The next number of an SGR sequence; -1 for one that is left out. */
static int
sgr_number(const char **s)
{
	int n = -1;

	for (; isdigit((unsigned char)**s); (*s)++)
		if (n < 1000)
			n = (n < 0 ? 0 : n * 10) + (**s - '0');
	*s += **s == ';' || **s == ':';
	return n;
}

/* Passes colours and the like on; not blinking, not concealment. */
static void
put_sgr(struct term_filter *f, struct buf *out)
{
	const char *s = f->params;

	f->params[f->nparams] = '\0';
	if (s[strspn(s, "0123456789;:")])
		return;
	f->coloured = false;
	while (*s) {
		int n = sgr_number(&s);
		if (n == 5 || n == 6 || n == 8)
			return;
		f->coloured = n > 0;
		/* 38;5;N and 38;2;R;G;B: their numbers are no attributes */
		if (n == 38 || n == 48)
			for (int k = sgr_number(&s) == 2 ? 3 : 1; k > 0; k--)
				sgr_number(&s);
	}
	buf_addf(out, "\033[%sm", f->params);
}

/* What ends the sequence that it is in, or is no part of any. */
static void
ground(struct term_filter *f, uint32_t c, struct buf *out)
{
	bool cr = f->cr;

	f->state = GROUND;
	f->cr = false;
	/* alone, a carriage return lets text be overwritten */
	if (cr && c != '\n')
		put_white(f, '\n', out);
	if (c == '\r')
		f->cr = true;
	else if (c == ' ' || c == '\t' || c == '\n')
		put_white(f, (char)c, out);
	else if (c < 0x20 || c == DEL)
		put_control(f, c, out);
	else if (c >= 0x80 && c < 0xa0)
		put_char(f, UTF8_BAD, out);
	else
		put_char(f, c, out);
}

/* What may begin, or cut short, a sequence in any state; false: not `c`. */
static bool
begins(struct term_filter *f, uint32_t c)
{
	switch (c) {
	case ESC:
		f->state = ESCAPE;
		break;
	case 0x9b:
		f->state = CSI;
		f->nparams = 0;
		break;
	case 0x90: case 0x98: case 0x9d: case 0x9e: case 0x9f:
		f->state = STRING;
		f->swallowed = 0;
		break;
	default:
		return false;
	}
	return true;
}

static void
in_escape(struct term_filter *f, uint32_t c, struct buf *out)
{
	/* ESC and a letter are a C1 control of seven bits */
	if (c >= 0x40 && c < 0x60 && begins(f, c + 0x40))
		return;
	if (c >= 0x20 && c < 0x30)
		return;
	if (c >= 0x30 && c < DEL)
		f->state = GROUND;
	else
		ground(f, c, out);
}

static void
in_csi(struct term_filter *f, uint32_t c, struct buf *out)
{
	if (c >= 0x20 && c < 0x40) {
		/* one too long can be no colour */
		if (f->nparams < TERM_PARAMS_MAX - 1)
			f->params[f->nparams++] = (char)c;
		else
			f->params[0] = '?';
		return;
	}
	if (c < 0x40 || c >= DEL) {
		ground(f, c, out);
		return;
	}
	f->state = GROUND;
	if (c == 'm' && (f->flags & TERM_SGR))
		put_sgr(f, out);
}

static void
in_string(struct term_filter *f, uint32_t c, struct buf *out)
{
	if (c == BEL || c == 0x9c || c == CAN || c == SUB)
		f->state = GROUND;
	else if (c == '\n' || ++f->swallowed > STRING_MAX)
		ground(f, c, out);
}

static void
take(struct term_filter *f, uint32_t c, struct buf *out)
{
	if (begins(f, c))
		return;
	switch ((enum state)f->state) {
	case GROUND:
		ground(f, c, out);
		break;
	case ESCAPE:
		in_escape(f, c, out);
		break;
	case CSI:
		in_csi(f, c, out);
		break;
	case STRING:
		in_string(f, c, out);
		break;
	}
}

/* The first byte of a character, or one that can be none. */
static void
first_byte(struct term_filter *f, unsigned char b, struct buf *out)
{
	if (b < 0x80) {
		take(f, b, out);
	} else if (b >= 0xc2 && b < 0xe0) {
		f->missing = 1;
		f->code = b & 0x1f;
		f->min = 0x80;
	} else if (b >= 0xe0 && b < 0xf0) {
		f->missing = 2;
		f->code = b & 0x0f;
		f->min = 0x800;
	} else if (b >= 0xf0 && b < 0xf5) {
		f->missing = 3;
		f->code = b & 0x07;
		f->min = 0x10000;
	} else {
		take(f, UTF8_BAD, out);
	}
}

static void
next_byte(struct term_filter *f, unsigned char b, struct buf *out)
{
	if (f->missing == 0) {
		first_byte(f, b, out);
		return;
	}
	if ((b & 0xc0) != 0x80) {
		f->missing = 0;
		take(f, UTF8_BAD, out);
		first_byte(f, b, out);
		return;
	}
	f->code = f->code << 6 | (b & 0x3f);
	if (--f->missing > 0)
		return;
	if (f->code < f->min || f->code > 0x10ffff ||
	    (f->code >= 0xd800 && f->code < 0xe000))
		f->code = UTF8_BAD;
	take(f, f->code, out);
}

/* How many bytes from `i` on are plain, with nothing pending before them. */
static size_t
plain_run(const struct term_filter *f, const char *s, size_t len)
{
	size_t i = 0;

	if (f->state != GROUND || f->missing || f->cr)
		return 0;
	while (i < len && s[i] > ' ' && s[i] < DEL)
		i++;
	return i;
}

void
term_filter(struct term_filter *f, const char *s, size_t len,
    struct buf *out)
{
	for (size_t i = 0; i < len; ) {
		size_t run = plain_run(f, s + i, len - i);

		if (run == 0) {
			next_byte(f, (unsigned char)s[i++], out);
			continue;
		}
		put_space(f, out);
		buf_add(out, s + i, run);
		i += run;
	}
}

void
term_filter_end(struct term_filter *f, struct buf *out)
{
	if (f->missing)
		take(f, UTF8_BAD, out);
	if (f->cr)
		put_white(f, '\n', out);
	if (f->coloured)
		buf_adds(out, "\033[0m");
	term_filter_init(f, f->flags);
}

void
term_clean(const char *s, size_t len, int flags, struct buf *out)
{
	struct term_filter f;

	term_filter_init(&f, flags);
	term_filter(&f, s, len, out);
	term_filter_end(&f, out);
}

/* Only a locale that names another encoding says so; "C" is said by habit. */
static bool
knows_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *v = env_get(names[i]);
		const char *dot = v ? strchr(v, '.') : NULL;
		if (v)
			return !dot || strncasecmp(dot, ".utf-8", 6) == 0 ||
			    strncasecmp(dot, ".utf8", 5) == 0;
	}
	return true;
}

void
term_resize(struct term *t, int fd)
{
	const char *columns = env_get("COLUMNS");
	struct winsize size;
	int64_t n;

	t->columns = 0;
	if (!t->tty)
		return;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		t->columns = size.ws_col;
	else if (columns && num_parse_int(columns, 1, 10000, &n) == 0)
		t->columns = (int)n;
	else
		t->columns = 80;
}

void
term_open(struct term *t, int fd, enum term_when colour)
{
	const char *type = env_get("TERM");

	t->tty = isatty(fd);
	t->colour = colour == TERM_ALWAYS || (colour == TERM_AUTO && t->tty &&
	    type && strcmp(type, "dumb") != 0 && !env_get("NO_COLOR"));
	t->ascii = t->tty && !knows_utf8();
	/* without it every character counts as one column */
	t->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	term_resize(t, fd);
}

void
term_close(struct term *t)
{
	if (t->locale)
		freelocale(t->locale);
	*t = (struct term)TERM_INIT;
}

int
term_parse_when(const char *word, enum term_when *ret)
{
	static const char *const words[] = { "auto", "always", "never" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*ret = (enum term_when)i;
		return 0;
	}
	return -1;
}

size_t
term_fit(const struct term *t, const char *s, size_t len, size_t columns,
    size_t *ret_width)
{
	locale_t old = t->locale ? uselocale(t->locale) : (locale_t)0;
	size_t i = 0, width = 0;

	while (i < len) {
		size_t next = i;
		uint32_t c = utf8_next(s, len, &next);
		int w = c < 0x80 || !t->locale ? 1 : wcwidth((wchar_t)c);

		if (w < 0)
			w = 1;
		if (width + (size_t)w > columns)
			break;
		width += (size_t)w;
		i = next;
	}
	if (t->locale)
		uselocale(old);
	*ret_width = width;
	return i;
}

size_t
term_width(const struct term *t, const char *s, size_t len)
{
	size_t width;

	term_fit(t, s, len, SIZE_MAX - 2, &width);
	return width;
}

size_t
term_cut(const struct term *t, const char *s, size_t len, size_t columns,
    struct buf *out)
{
	const char *dots = t->ascii ? "..." : "\xe2\x80\xa6";
	size_t dots_width = t->ascii ? 3 : 1, width, n;

	n = term_fit(t, s, len, columns, &width);
	if (n == len || columns < dots_width) {
		buf_add(out, s, n);
		return width;
	}
	n = term_fit(t, s, len, columns - dots_width, &width);
	/* no space before the ellipsis */
	for (; n > 0 && s[n - 1] == ' '; n--)
		width--;
	buf_add(out, s, n);
	buf_adds(out, dots);
	return width + dots_width;
}

size_t
term_cut_front(const struct term *t, const char *s, size_t len,
    size_t columns, struct buf *out)
{
	const char *dots = t->ascii ? "..." : "\xe2\x80\xa6";
	size_t dots_width = t->ascii ? 3 : 1, width, n, skipped;

	width = term_width(t, s, len);
	if (width <= columns || columns < dots_width)
		return term_cut(t, s, len, columns, out);
	/* one more than must go, where a wide character straddles the cut */
	n = term_fit(t, s, len, width + dots_width - columns, &skipped);
	while (n < len && (width - skipped > columns - dots_width ||
	    s[n] == ' ')) {
		size_t step;

		for (step = 1; n + step < len &&
		    ((unsigned char)s[n + step] & 0xc0) == 0x80; step++)
			;
		skipped += term_width(t, s + n, step);
		n += step;
	}
	buf_adds(out, dots);
	buf_add(out, s + n, len - n);
	return dots_width + width - skipped;
}
