/* ttyfilter: what a confined program may do to its caller's terminal. */
#include "config.h"

#include "ttyfilter.h"

#include <ctype.h>

#include "alloc.h"

enum state { TEXT, ESCAPE, CHARSET, CSI, STRING, STRING_ESCAPE };

/* ESC and one of these: save, restore, index, tab, keypad. */
static const char plain_escapes[] = "78DEHM=>";
/* CSI ... one of these, with digits and semicolons alone. */
static const char csi_finals[] = "@ABCDEFGHJKLMPSTXZ`abdefgmrsu";

/* Modes that change how things look, or what keys send to the command. */
static bool
mode_passes(const struct ttyfilter *f, int mode)
{
	static const int always[] = { 1, 6, 7, 12, 25, 2004, 2026 };
	static const int full[] = {
		47, 1000, 1002, 1003, 1004, 1006, 1047, 1048, 1049
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (mode == always[i])
			return true;
	for (size_t i = 0; f->full_screen &&
	    i < sizeof(full) / sizeof(*full); i++)
		if (mode == full[i])
			return true;
	return false;
}

/* "?25;7" with all of them allowed. */
static bool
modes_pass(const struct ttyfilter *f, const char *p, size_t n)
{
	int mode = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i == n || p[i] == ';') {
			if (!mode_passes(f, mode))
				return false;
			mode = 0;
		} else if (isdigit((unsigned char)p[i]) && mode < 100000) {
			mode = mode * 10 + (p[i] - '0');
		} else {
			return false;
		}
	}
	return true;
}

static bool
csi_passes(struct ttyfilter *f, char final)
{
	const char *p = f->seq;
	size_t n = f->n;

	if ((final == 'h' || final == 'l') && n > 1 && p[0] == '?') {
		if (!modes_pass(f, p + 1, n - 1))
			return false;
		f->moded = true;
		return true;
	}
	if (final == 'n')
		return f->full_screen && n == 1 && p[0] == '6';
	if (!strchr(csi_finals, final))
		return false;
	/* colons: colours with sub-parameters */
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)p[i]) && p[i] != ';' &&
		    !(p[i] == ':' && final == 'm'))
			return false;
	f->coloured |= final == 'm';
	f->moded |= final == 'r';
	return true;
}

/* A character that is no control; C1 controls in UTF-8 are C2 80 to C2 9F. */
static void
text(struct ttyfilter *f, unsigned char c, struct buf *out)
{
	if (f->missing > 0 && (c & 0xc0) == 0x80) {
		f->missing--;
		if (f->c1) {
			f->c1 = false;
			if (c < 0xa0)
				return;
			buf_addc(out, (char)0xc2);
		}
		buf_addc(out, (char)c);
		return;
	}
	f->missing = 0;
	f->c1 = false;
	if (c == 0xc2) {
		f->c1 = true;
		f->missing = 1;
		return;
	}
	if (c >= 0xc3 && c < 0xf5) {
		f->missing = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	} else if (c >= 0x80) {
		buf_addc(out, '?');
		return;
	}
	buf_addc(out, (char)c);
}

static void
plain(struct ttyfilter *f, unsigned char c, struct buf *out)
{
	if (c == 0x1b) {
		f->state = ESCAPE;
		f->missing = 0;
		f->c1 = false;
	} else if (c >= 0x20 && c != 0x7f) {
		text(f, c, out);
	} else if (strchr("\a\b\t\n\v\f\r", c) && c != '\0') {
		f->missing = 0;
		buf_addc(out, (char)c);
	}
}

static void
escape(struct ttyfilter *f, unsigned char c, struct buf *out)
{
	f->state = TEXT;
	f->n = 0;
	if (c == '[')
		f->state = CSI;
	else if (strchr("]PX^_k", c) && c != '\0')
		f->state = STRING;
	else if (c == '(' || c == ')')
		f->state = CHARSET;
	else if (c == 0x1b)
		f->state = ESCAPE;
	else if (c != '\0' && strchr(plain_escapes, c))
		buf_addf(out, "\033%c", c);
}

static void
control(struct ttyfilter *f, unsigned char c, struct buf *out)
{
	if (c == 0x1b) {
		f->state = ESCAPE;
	} else if (c >= 0x40 && c < 0x7f) {
		f->state = TEXT;
		if (f->n < TTYFILTER_SEQ_MAX && csi_passes(f, (char)c)) {
			buf_adds(out, "\033[");
			buf_add(out, f->seq, f->n);
			buf_addc(out, (char)c);
		}
	} else if (c < 0x20 || c >= 0x7f) {
		f->state = TEXT;
		plain(f, c, out);
	} else if (f->n < TTYFILTER_SEQ_MAX) {
		f->seq[f->n++] = (char)c;
	}
}

static void
one(struct ttyfilter *f, unsigned char c, struct buf *out)
{
	switch ((enum state)f->state) {
	case TEXT:
		plain(f, c, out);
		break;
	case ESCAPE:
		escape(f, c, out);
		break;
	case CHARSET:
		f->state = TEXT;
		if (c == 'B' || c == '0')
			buf_addf(out, "\033(%c", c);
		break;
	case CSI:
		control(f, c, out);
		break;
	case STRING:
		/* a line's end too: one that never ends swallows no more */
		if (c == '\a' || c == '\n' || c == 0x18 || c == 0x1a)
			f->state = TEXT;
		else if (c == 0x1b)
			f->state = STRING_ESCAPE;
		break;
	case STRING_ESCAPE:
		f->state = TEXT;
		if (c != '\\')
			escape(f, c, out);
		break;
	}
}

void
ttyfilter(struct ttyfilter *f, const char *data, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		one(f, (unsigned char)data[i], out);
}

void
ttyfilter_end(struct ttyfilter *f, struct buf *out)
{
	if (f->moded && f->full_screen)
		buf_adds(out, "\033[?1049l\033[?1000l\033[?1002l\033[?1003l"
		    "\033[?1004l\033[?1006l");
	if (f->moded)
		buf_adds(out, "\033[?25h\033[?7h\033[?1l\033[?2004l\033(B");
	if (f->coloured)
		buf_adds(out, "\033[0m");
	f->moded = f->coloured = false;
}
