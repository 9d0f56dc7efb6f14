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

static void
write_id(const char *id, struct buf *out)
{
	if (strpbrk(id, " \"\\"))
		json_quote(id, strlen(id), out);
	else
		buf_adds(out, id);
}

static void
write_lines(const char *p, const char *end, struct buf *out)
{
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

void
markdown_write(const struct memory_note *note, struct buf *out)
{
	char stamp[TIMESTAMP_LEN + 1];

	timestamp_format(note->time * CLOCK_MS, stamp);
	buf_adds(out, "## ");
	write_id(note->id, out);
	buf_addf(out, " %.10s", stamp);
	write_tags(note->tags, out);
	buf_adds(out, "\n\n");
	write_lines(note->text, note->text + note->text_len, out);
}

void
markdown_rewrite(const struct markdown_section *was,
    const struct memory_note *now, struct buf *out)
{
	const char *end = now->text + now->text_len;
	const char *nl = line_end(now->text, end);
	size_t len = (size_t)(nl - now->text);

	if (!was->titled || was->note.text_len < len ||
	    memcmp(was->note.text, now->text, len) != 0 ||
	    (was->note.text[len] && was->note.text[len] != '\n')) {
		markdown_write(now, out);
		return;
	}
	buf_addf(out, "## %.*s", (int)len, now->text);
	write_tags(now->tags, out);
	buf_adds(out, " <!-- ");
	write_id(now->id, out);
	buf_adds(out, " -->\n");
	write_lines(nl < end ? nl + 1 : end, end, out);
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

/* "<!-- ID -->" at the end of a heading: the id, and where it begins. */
static char *
take_comment(const char *p, const char **end)
{
	static const char open[] = "<!-- ", close[] = " -->";
	const char *stop = *end, *from, *at;
	char *id;

	while (stop > p && isspace((unsigned char)stop[-1]))
		stop--;
	if (stop - p < 10 || memcmp(stop - 4, close, 4) != 0)
		return NULL;
	for (from = stop - 9; from > p && memcmp(from, open, 5) != 0; from--)
		;
	if (memcmp(from, open, 5) != 0)
		return NULL;
	at = from + 5;
	id = next_word(&at, stop - 4);
	if (!id || !*id || at != stop - 4) {
		free(id);
		return NULL;
	}
	*end = from;
	return id;
}

/* "ID DATE": an id is only what a date follows, so that a heading that a
 * person wrote is text. */
static char *
take_id(const char **at, const char *end, int64_t *ret_time)
{
	const char *p = *at;
	AUTO_FREE char *id = next_word(&p, end);
	AUTO_FREE char *date = next_word(&p, end);
	int64_t ns;

	if (!id || !date || !is_date(date) || timestamp_parse(date, &ns) < 0)
		return NULL;
	*ret_time = ns / CLOCK_MS;
	*at = p;
	return STEAL(id);
}

/* Tags after an id and a date. */
static void
read_tags(const char *at, const char *end, jv *tags)
{
	while (at < end) {
		AUTO_FREE char *word = next_word(&at, end);
		if (word && word[0] == '#' && word[1]) {
			json_append(tags, json_from_str(word + 1));
		} else if (word && word[0] == '#') {
			AUTO_FREE char *quoted = next_word(&at, end);
			json_append(tags, json_from_str(quoted ? quoted :
			    ""));
		}
	}
}

/* What follows "## ". */
static void
read_heading(const char *p, const char *end, struct markdown_section *s,
    struct buf *text)
{
	AUTO_JV jv tags = json_array();

	s->note.id = take_id(&p, end, &s->note.time);
	s->titled = !s->note.id;
	if (s->titled) {
		s->note.id = take_comment(p, &end);
		end = take_tags(p, end, &tags);
		buf_add(text, p, (size_t)(end - p));
		buf_addc(text, '\n');
	} else {
		read_tags(p, end, &tags);
	}
	if (json_count(&tags))
		s->note.tags = json_text(&tags);
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

static bool
has_id(const char *p, const char *end)
{
	const char *stop = end;
	int64_t time;
	AUTO_FREE char *id = take_id(&p, end, &time);
	AUTO_FREE char *comment = take_comment(p, &stop);

	return id || comment;
}

static bool
is_fence(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return end - p >= 3 && (memcmp(p, "```", 3) == 0 ||
	    memcmp(p, "~~~", 3) == 0);
}

/* Whether a line begins a section; `*fence`: we are in a fenced block. */
static bool
begins(const char *p, const char *nl, bool *fence)
{
	bool yes = *p == '#' && is_heading(p, (size_t)(nl - p)) &&
	    (!*fence || has_id(p + 3, nl));

	if (yes)
		*fence = false;
	else if (is_fence(p, nl))
		*fence = !*fence;
	return yes;
}

const char *
markdown_first(const char *p, const char *end)
{
	bool fence = false;

	while (p < end) {
		const char *nl = line_end(p, end);
		if (begins(p, nl, &fence))
			return p;
		p = nl < end ? nl + 1 : end;
	}
	return end;
}

void
markdown_section_release(struct markdown_section *s)
{
	memory_note_release(&s->note);
	*s = (struct markdown_section)MARKDOWN_SECTION_INIT;
}

int
markdown_next(const char **at, const char *end, struct markdown_section *ret)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *p = *at, *nl = line_end(p, end);
	bool fence = false;

	markdown_section_release(ret);
	if (p >= end)
		return 0;
	ret->raw = p;
	read_heading(p + 3, nl, ret, &text);
	for (p = nl + 1; p < end; p = nl + 1) {
		size_t escape;
		nl = line_end(p, end);
		if (begins(p, nl, &fence))
			break;
		escape = *p == '\\' && is_heading(p, (size_t)(nl - p));
		buf_add(&text, p + escape, (size_t)(nl - p) - escape);
		buf_addc(&text, '\n');
	}
	*at = p < end ? p : end;
	ret->len = (size_t)(*at - ret->raw);
	trim(&text);
	ret->note.text_len = text.len;
	if (text.len > 0)
		ret->note.text = buf_steal(&text);
	return 1;
}

void
markdown_entitle(const struct markdown_section *s, const char *id,
    struct buf *out)
{
	const char *end = s->raw + s->len, *nl = line_end(s->raw, end);
	const char *stop = nl;

	free(take_comment(s->raw, &stop));	/* the old one, if any */
	while (stop > s->raw && isspace((unsigned char)stop[-1]))
		stop--;
	buf_add(out, s->raw, (size_t)(stop - s->raw));
	buf_adds(out, " <!-- ");
	write_id(id, out);
	buf_adds(out, " -->");
	buf_add(out, nl, (size_t)(end - nl));
}

int
markdown_read(const char *text, size_t len,
    int (*fn)(void *arg, struct memory_note *note, struct err *e), void *arg,
    struct err *e)
{
	AUTO_SECTION struct markdown_section s = MARKDOWN_SECTION_INIT;
	const char *end = text + len, *at = markdown_first(text, end);
	int r = 0;

	while (r == 0 && markdown_next(&at, end, &s) > 0)
		if (s.note.text)
			r = fn(arg, &s.note, e);
	return r;
}
