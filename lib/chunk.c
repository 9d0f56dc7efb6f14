/* chunk: cuts a document into parts that can be found and shown alone. */
#include "config.h"

#include "chunk.h"

#include <ctype.h>
#include <stdbool.h>

#include "alloc.h"
#include "utf8.h"

enum {
	SMALL = 400,		/* bytes from which a heading ends a part, */
	MIDDLE = 800,		/* a definition, */
	LARGE = 1200,		/* an empty line, */
	MOST = 2400,		/* anything */
	OVERLAP = 200,		/* of a last line that is repeated, at most */
	LOOK = 8192		/* bytes that tell binary from text */
};

enum kind { PROSE, MARKDOWN, RECORDS };

enum seam { NONE, EMPTY, DEFINITION, HEADING };

struct cutting {
	enum kind kind;
	bool fenced;		/* inside ``` */
	bool after_empty;
	int (*fn)(void *, const struct chunk_part *, struct err *);
	void *arg;
	struct chunk_part part;
	const char *last;	/* where the part's last line begins */
};

int
chunk_is_binary(const char *text, size_t len)
{
	return memchr(text, '\0', len < LOOK ? len : LOOK) != NULL;
}

static enum kind
kind_of(const char *path)
{
	static const struct {
		const char *end;
		enum kind kind;
	} kinds[] = {
		{ ".md", MARKDOWN }, { ".markdown", MARKDOWN },
		{ ".ndjson", RECORDS }, { ".jsonl", RECORDS },
		{ ".csv", RECORDS }, { ".tsv", RECORDS }, { ".log", RECORDS }
	};
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t k = strlen(kinds[i].end);
		if (n > k && strcasecmp(path + n - k, kinds[i].end) == 0)
			return kinds[i].kind;
	}
	return PROSE;
}

static bool
is_empty(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isspace((unsigned char)p[i]))
			return false;
	return true;
}

/* What begins with this line. */
static enum seam
seam_before(struct cutting *c, const char *p, size_t len)
{
	bool empty = is_empty(p, len), after = c->after_empty;

	c->after_empty = empty;
	if (c->kind == RECORDS)
		return EMPTY;
	if (c->kind == MARKDOWN && len >= 3 && memcmp(p, "```", 3) == 0)
		c->fenced = !c->fenced;
	if (empty)
		return NONE;
	if (c->kind == MARKDOWN && !c->fenced && *p == '#')
		return HEADING;
	if (!after)
		return NONE;
	if (c->kind == PROSE && !isspace((unsigned char)*p) &&
	    !strchr("})]", *p))
		return DEFINITION;
	return c->fenced ? NONE : EMPTY;
}

static bool
is_end(const struct cutting *c, enum seam seam, size_t more)
{
	size_t len = c->part.len;

	return len > 0 && (len + more > MOST ||
	    (seam == HEADING && len >= SMALL) ||
	    (seam == DEFINITION && len >= MIDDLE) ||
	    (seam == EMPTY && len >= LARGE));
}

static int
end_part(struct cutting *c, struct err *e)
{
	const struct chunk_part *p = &c->part;

	return is_empty(p->text, p->len) ? 0 : c->fn(c->arg, p, e);
}

/* Begins a part at a line, or a line earlier when what is there is short. */
static void
begin_part(struct cutting *c, const char *p, int64_t line, enum seam seam)
{
	const char *from = p;

	if (c->last && c->kind == PROSE && seam < DEFINITION &&
	    p - c->last <= OVERLAP && !is_empty(c->last,
	    (size_t)(p - c->last)))
		from = c->last;
	c->part = (struct chunk_part){ from, (size_t)(p - from),
		line - (from != p), line };
}

/* A line longer than any part, in pieces that end between characters. */
static int
cut_line(struct cutting *c, const char *p, size_t len, int64_t line,
    struct err *e)
{
	while (len > 0) {
		size_t n = len < MOST ? len : MOST;
		struct chunk_part part = { p, n, line, line };
		int r;
		if (n < len && utf8_cut(p, n) > 0)
			n = utf8_cut(p, n);
		part.len = n;
		r = is_empty(p, n) ? 0 : c->fn(c->arg, &part, e);
		if (r != 0)
			return r;
		p += n;
		len -= n;
	}
	return 0;
}

static int
take_line(struct cutting *c, const char *p, size_t len, int64_t line,
    struct err *e)
{
	enum seam seam = seam_before(c, p, len);
	int r;

	if (is_end(c, seam, len) || (len > MOST && c->part.len)) {
		r = end_part(c, e);
		if (r != 0)
			return r;
		c->part.len = 0;
	} else if (c->part.len) {
		seam = HEADING;	/* goes on */
	}
	if (len > MOST) {
		c->last = NULL;
		return cut_line(c, p, len, line, e);
	}
	if (c->part.len == 0)
		begin_part(c, p, line, seam);
	c->part.len += len;
	c->part.last_line = line;
	c->last = p;
	return 0;
}

int
chunk_document(const char *path, const char *text, size_t len,
    int (*fn)(void *arg, const struct chunk_part *part, struct err *e),
    void *arg, struct err *e)
{
	struct cutting c = { .kind = kind_of(path), .fn = fn, .arg = arg,
		.after_empty = true };
	const char *p = text, *end = text + len;
	int64_t line = 1;

	for (; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl + 1 : end) - p);
		int r = take_line(&c, p, n, line, e);
		if (r != 0)
			return r;
		p += n;
	}
	return c.part.len ? end_part(&c, e) : 0;
}
