/* memory-markdown: notes as a Markdown file, there and back. */
#include "config.h"

#include "memory-markdown.h"

#include <ctype.h>

#include "alloc.h"
#include "clock.h"

static bool
is_heading(const char *p, size_t len)
{
	while (len > 0 && *p == '\\') {
		p++;
		len--;
	}
	return len >= 3 && memcmp(p, "## ", 3) == 0;
}

static const char *
line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl ? nl : end;
}

/* A tag with a space in it is written with quotes. */
static void
write_tags(const char *tags, struct buf *out)
{
	AUTO_JV jv list = JSON_NONE;
	struct err ignored;

	if (!tags || json_parse(tags, strlen(tags), &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv tag = json_at(&list, i);
		const char *s = json_string(&tag);
		if (!s)
			continue;
		buf_adds(out, " #");
		if (strpbrk(s, " \t\n\"\\") || !*s)
			json_quote(s, strlen(s), out);
		else
			buf_adds(out, s);
	}
}

void
markdown_write(const struct memory_note *note, struct buf *out)
{
	const char *p = note->text, *end = p + note->text_len;
	char stamp[TIMESTAMP_LEN + 1];

	timestamp_format(note->time * CLOCK_MS, stamp);
	buf_adds(out, "## ");
	if (strpbrk(note->id, " \"\\"))
		json_quote(note->id, strlen(note->id), out);
	else
		buf_adds(out, note->id);
	buf_addf(out, " %.10s", stamp);
	write_tags(note->tags, out);
	buf_adds(out, "\n\n");
	while (p < end) {
		const char *nl = line_end(p, end);
		if (is_heading(p, (size_t)(nl - p)))
			buf_addc(out, '\\');
		buf_add(out, p, (size_t)(nl - p));
		buf_addc(out, '\n');
		p = nl + 1;
	}
	buf_addc(out, '\n');
}

/* A word of the heading, or a string in quotes; NULL at the end. */
static char *
next_word(const char **at, const char *end)
{
	AUTO_JV jv v = JSON_NONE;
	struct err ignored;
	const char *p = *at, *from;

	while (p < end && isspace((unsigned char)*p))
		p++;
	from = *at = p;
	if (p == end)
		return NULL;
	if (*p == '"') {
		for (p++; p < end && *p != '"'; p++)
			p += *p == '\\' && p + 1 < end;
		p += p < end;
		*at = p;
		if (json_parse(from, (size_t)(p - from), &v, &ignored) == 0 &&
		    json_string(&v))
			return xstrdup(json_string(&v));
		return xstrndup(from, (size_t)(p - from));
	}
	while (p < end && !isspace((unsigned char)*p) && *p != '"')
		p++;
	*at = p;
	return xstrndup(from, (size_t)(p - from));
}

static bool
is_date(const char *s)
{
	int64_t ns;

	return strlen(s) == 10 && timestamp_parse(s, &ns) == 0;
}

/* Tags at the end of a heading that a person wrote; where they begin. */
static const char *
take_tags(const char *p, const char *end, jv *tags)
{
	for (;;) {
		const char *stop = end, *word;
		while (stop > p && isspace((unsigned char)stop[-1]))
			stop--;
		for (word = stop; word > p &&
		    !isspace((unsigned char)word[-1]); word--)
			;
		if (word == p || stop - word < 2 || *word != '#')
			return stop;
		json_append(tags, json_from_bytes(word + 1,
		    (size_t)(stop - word) - 1));
		end = word;
	}
}

/*
 * "## ID DATE #TAG ...": an id is only what a date follows, so that a
 * heading that a person wrote is text.
 */
static void
read_heading(const char *p, const char *end, struct memory_note *note,
    struct buf *text)
{
	AUTO_JV jv tags = json_array();
	const char *at = p, *whole = p;
	AUTO_FREE char *id = next_word(&at, end);
	const char *after = at;
	AUTO_FREE char *date = next_word(&at, end);
	int64_t ns;

	if (id && date && is_date(date)) {
		note->id = STEAL(id);
		timestamp_parse(date, &ns);
		note->time = ns / CLOCK_MS;
		whole = NULL;
	} else if (id && id[0] == '#') {
		at = p;
		whole = NULL;
	} else {
		at = after;
	}
	while (!whole && at < end) {
		AUTO_FREE char *word = next_word(&at, end);
		if (word && word[0] == '#' && word[1]) {
			json_append(&tags, json_from_str(word + 1));
		} else if (word && word[0] == '#') {
			AUTO_FREE char *quoted = next_word(&at, end);
			json_append(&tags, json_from_str(quoted ? quoted :
			    ""));
		}
	}
	if (whole)
		end = take_tags(whole, end, &tags);
	if (json_count(&tags))
		note->tags = json_text(&tags);
	if (whole) {
		buf_add(text, whole, (size_t)(end - whole));
		buf_addc(text, '\n');
	}
}

static void
trim(struct buf *text)
{
	size_t n = 0;

	while (text->len > 0 && isspace((unsigned char)
	    text->data[text->len - 1]))
		buf_truncate(text, text->len - 1);
	while (n < text->len && text->data[n] == '\n')
		n++;
	buf_consume(text, n);
}

static int
give(struct memory_note *note, struct buf *text,
    int (*fn)(void *, struct memory_note *, struct err *), void *arg,
    struct err *e)
{
	int r = 0;

	trim(text);
	if (text->len > 0) {
		note->text_len = text->len;
		note->text = buf_steal(text);
		r = fn(arg, note, e);
	}
	memory_note_release(note);
	buf_reset(text);
	return r;
}

int
markdown_read(const char *p, size_t len,
    int (*fn)(void *arg, struct memory_note *note, struct err *e), void *arg,
    struct err *e)
{
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	const char *end = p + len;
	bool inside = false;

	while (p < end) {
		const char *nl = line_end(p, end);
		size_t n = (size_t)(nl - p);
		bool heading = is_heading(p, n);
		if (heading && *p == '#') {
			int r = inside ? give(&note, &text, fn, arg, e) : 0;
			if (r != 0)
				return r;
			inside = true;
			read_heading(p + 3, nl, &note, &text);
		} else if (inside) {
			buf_add(&text, p + heading, n - heading);
			buf_addc(&text, '\n');
		}
		p = nl + 1;
	}
	return inside ? give(&note, &text, fn, arg, e) : 0;
}
