/*
 * tool-fetch: what a URL names, for a model.
 *
 * curl(1) gets it, in the sandbox like every tool, so its rules about the
 * network hold.  Of HTML the text is given, with links.
 */
#include "config.h"

#include "tool.h"

#include <strings.h>

#include "alloc.h"
#include "child.h"
#include "clock.h"
#include "num.h"

enum {
	FETCH_MAX = 8 << 20,
	FETCH_SECONDS = 120,
	TAG_MAX = 32
};

struct html {
	const char *p, *end;
	struct buf *out;
	bool space;		/* some is due before the next word */
	int newlines;		/* that many lines' ends, at least */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void
put_char(struct html *h, char c)
{
	if (is_space(c)) {
		h->space = true;
		return;
	}
	if (h->newlines > 0 && h->out->len > 0)
		for (int i = 0; i < h->newlines; i++)
			buf_addc(h->out, '\n');
	else if (h->space && h->out->len > 0)
		buf_addc(h->out, ' ');
	h->newlines = 0;
	h->space = false;
	buf_addc(h->out, c);
}

static void
end_line(struct html *h, int n)
{
	h->newlines = h->newlines > n ? h->newlines : n;
}

/* "&amp;" and the like; what is not known stays as it is. */
static void
put_entity(struct html *h)
{
	static const struct {
		const char *name;
		const char *text;
	} known[] = {
		{ "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
		{ "&quot;", "\"" }, { "&#39;", "'" }, { "&apos;", "'" },
		{ "&nbsp;", " " }, { "&#160;", " " }, { "&mdash;", "-" },
		{ "&ndash;", "-" }, { "&hellip;", "..." },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t n = strlen(known[i].name);

		if ((size_t)(h->end - h->p) < n ||
		    memcmp(h->p, known[i].name, n) != 0)
			continue;
		for (const char *s = known[i].text; *s; s++)
			put_char(h, *s);
		h->p += n;
		return;
	}
	put_char(h, *h->p++);
}

/* Skips to after "</NAME", case ignored; to the end when it is missing. */
static void
skip_element(struct html *h, const char *name)
{
	size_t n = strlen(name);

	for (; h->p < h->end; h->p++)
		if ((size_t)(h->end - h->p) > n + 2 && h->p[0] == '<' &&
		    h->p[1] == '/' && strncasecmp(h->p + 2, name, n) == 0)
			return;
}

/* The value of href in a tag, after the words of the link. */
static void
put_link(struct html *h, const char *tag, size_t len)
{
	const char *href = memmem(tag, len, "href=\"", 6);
	const char *stop = href ? memchr(href + 6, '"',
	    len - (size_t)(href + 6 - tag)) : NULL;

	if (!stop || strncmp(href + 6, "http", 4) != 0)
		return;
	put_char(h, ' ');
	put_char(h, '<');
	for (const char *s = href + 6; s < stop; s++)
		put_char(h, *s);
	put_char(h, '>');
	put_char(h, ' ');
}

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcasecmp(name, *list) == 0)
			return true;
	return false;
}

static void
take_tag(struct html *h)
{
	static const char *const unseen[] = {
		"script", "style", "noscript", "svg", "template", NULL
	};
	static const char *const blocks[] = {
		"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol",
		"table", "pre", "section", "article", "blockquote", "title",
		NULL
	};
	static const char *const lines[] = {
		"br", "li", "tr", "dt", "dd", "option", NULL
	};
	const char *tag = h->p + 1, *stop;
	char name[TAG_MAX];
	size_t n = 0;
	bool ends = tag < h->end && *tag == '/';

	if (h->end - h->p >= 4 && memcmp(h->p, "<!--", 4) == 0) {
		stop = memmem(h->p, (size_t)(h->end - h->p), "-->", 3);
		h->p = stop ? stop + 3 : h->end;
		return;
	}
	stop = memchr(h->p, '>', (size_t)(h->end - h->p));
	for (tag += ends; tag + n < h->end && n + 1 < sizeof(name) &&
	    !is_space(tag[n]) && tag[n] != '>' && tag[n] != '/'; n++)
		name[n] = tag[n];
	name[n] = '\0';
	h->p = stop ? stop + 1 : h->end;
	if (is_one_of(name, blocks))
		end_line(h, 2);
	else if (is_one_of(name, lines))
		end_line(h, 1);
	else if (!ends && is_one_of(name, unseen))
		skip_element(h, name);
	else if (!ends && strcasecmp(name, "a") == 0 && stop)
		put_link(h, tag, (size_t)(stop - tag));
}

static void
put_html(const char *text, size_t len, struct buf *out)
{
	struct html h = { .p = text, .end = text + len, .out = out };

	while (h.p < h.end) {
		if (*h.p == '<')
			take_tag(&h);
		else if (*h.p == '&')
			put_entity(&h);
		else
			put_char(&h, *h.p++);
	}
}

/* "BODY\nSTATUS TYPE": cuts off the last line, which -w added. */
static int
read_end(struct buf *got, char **ret_type)
{
	const char *nl = got->len > 0 ?
	    memrchr(got->data, '\n', got->len) : NULL;
	int64_t status = 0;

	if (!nl)
		return 0;
	AUTO_FREE char *number = xstrndup(nl + 1, strcspn(nl + 1, " "));
	(void)num_parse_int(number, 0, 999, &status);
	*ret_type = xstrdup(nl + 1 + strlen(number));
	buf_truncate(got, (size_t)(nl - got->data));
	return (int)status;
}

static int
get(const char *url, struct buf *got, struct err *e)
{
	const char *argv[] = {
		"curl", "-sSL", "--compressed", "--proto", "=http,https",
		"--max-redirs", "5", "--max-time", "100", "-w",
		"\n%{http_code} %{content_type}", "--", url, NULL
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	spec.argv = argv;
	status = child_run(&spec, NULL, FETCH_MAX,
	    deadline_in(FETCH_SECONDS * CLOCK_SEC), got, e);
	if (status < 0 && e->status == ST_NOTFOUND)
		return err_set(e, ST_NO, "there is no curl in the sandbox");
	if (status < 0) {
		e->status = ST_NO;
		return -1;
	}
	if (status != 0)
		return err_set(e, ST_NO, "'%s' cannot be got; perhaps the "
		    "sandbox has no network there", url);
	return 0;
}

int
tool_fetch(const jv *arguments, struct buf *out, struct err *e)
{
	const char *url = json_str(arguments, "url");
	AUTO_BUF struct buf got = BUF_INIT;
	AUTO_FREE char *type = NULL;
	bool raw = false;
	int status;

	(void)json_bool(arguments, "raw", &raw);
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(e, ST_NO, "only http and https");
	if (get(url, &got, e) < 0)
		return -1;
	status = read_end(&got, &type);
	if (got.len > 0 && memchr(got.data, '\0', got.len))
		return err_set(e, ST_NO, "'%s' is binary,%s, %zu bytes", url,
		    type ? type : "", got.len);
	if (!raw && type && strncasecmp(type, " text/html", 10) == 0)
		put_html(got.data, got.len, out);
	else
		buf_add(out, got.data, got.len);
	if (status >= 400)
		return err_set(e, ST_NO, "HTTP status %d: %.*s", status,
		    400, out->len > 0 ? out->data : "");
	return 0;
}
