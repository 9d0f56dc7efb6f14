/* extract: the fenced code of an answer. */
#include "config.h"

#include "extract.h"

#include "alloc.h"

struct line {
	const char *s;
	size_t len;		/* without its newline */
};

/* The line at *at, which moves behind it; false at the end. */
static bool
next_line(const char *text, size_t len, size_t *at, struct line *ret)
{
	const char *lf;

	if (*at >= len)
		return false;
	lf = memchr(text + *at, '\n', len - *at);
	ret->s = text + *at;
	ret->len = lf ? (size_t)(lf - ret->s) : len - *at;
	*at += ret->len + 1;
	return true;
}

/* The number of fence characters that a line starts with, 0 when it is no
 * fence; which one, and where they begin. */
static size_t
fence(const struct line *l, char *ret_char, size_t *ret_indent)
{
	size_t i = 0, n = 0;

	while (i < l->len && i < 4 && l->s[i] == ' ')
		i++;
	if (i == l->len || i > 3 || (l->s[i] != '`' && l->s[i] != '~'))
		return 0;
	while (i + n < l->len && l->s[i + n] == l->s[i])
		n++;
	*ret_char = l->s[i];
	*ret_indent = i;
	/* `code` on a line of its own is no fence */
	if (n < 3 || (l->s[i] == '`' &&
	    memchr(l->s + i + n, '`', l->len - i - n)))
		return 0;
	return n;
}

/* Whether a line ends the block that `n` times `c` began. */
static bool
closes(const struct line *l, char c, size_t n)
{
	char mine;
	size_t indent, count = fence(l, &mine, &indent);

	if (count < n || mine != c)
		return false;
	for (size_t i = indent + count; i < l->len; i++)
		if (l->s[i] != ' ' && l->s[i] != '\t' && l->s[i] != '\r')
			return false;
	return true;
}

static void
add_line(const struct line *l, size_t indent, struct buf *out)
{
	size_t i = 0;

	/* what the fence was indented by is not part of the code */
	while (i < indent && i < l->len && l->s[i] == ' ')
		i++;
	buf_add(out, l->s + i, l->len - i);
	buf_addc(out, '\n');
}

bool
extract_block(const char *text, size_t len, bool last, struct buf *out)
{
	size_t at = 0, start = out->len, indent, n;
	struct line l;
	bool found = false;
	char c;

	while (next_line(text, len, &at, &l)) {
		n = fence(&l, &c, &indent);
		if (n == 0)
			continue;
		buf_truncate(out, start);
		found = true;
		while (next_line(text, len, &at, &l) && !closes(&l, c, n))
			add_line(&l, indent, out);
		if (!last)
			break;
	}
	return found;
}

const char *
extract_json(const char *text, size_t *len, struct buf *scratch)
{
	size_t n = *len, i = 0;

	while (i < n && strchr(" \t\r\n", text[i]))
		i++;
	if (i < n && strchr("{[\"-0123456789tfn", text[i]))
		return text;
	if (!extract_block(text, n, false, scratch))
		return text;
	*len = scratch->len;
	return scratch->data ? scratch->data : "";
}
