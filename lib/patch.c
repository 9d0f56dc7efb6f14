/* patch: unified diffs, as models write them. */
#include "config.h"

#include "patch.h"

#include "alloc.h"
#include "num.h"

/* A text that is read line by line. */
struct reading {
	const char *p, *end;
	int64_t line;		/* of `p`, from 1 */
};

struct line {
	const char *text;
	size_t len;		/* without the newline */
};

void
patch_release(struct patch *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = 0; k < p->files[i].n; k++)
			free(p->files[i].hunks[k].lines);
		free(p->files[i].hunks);
		free(p->files[i].path);
	}
	free(p->files);
	*p = (struct patch)PATCH_INIT;
}

/* The line at `p`; its length without the newline. */
static struct line
peek(const struct reading *r)
{
	const char *nl = memchr(r->p, '\n', (size_t)(r->end - r->p));

	return (struct line){ r->p, (size_t)((nl ? nl : r->end) - r->p) };
}

static void
skip(struct reading *r)
{
	struct line l = peek(r);

	r->p += l.len;
	r->p += r->p < r->end;
	r->line++;
}

static bool
begins(struct line l, const char *start)
{
	size_t n = strlen(start);

	return l.len >= n && memcmp(l.text, start, n) == 0;
}

/* Whether "--- OLD" and "+++ NEW" come next. */
static bool
at_file(const struct reading *r)
{
	struct reading next = *r;

	if (!begins(peek(r), "--- "))
		return false;
	skip(&next);
	return begins(peek(&next), "+++ ");
}

/* "a/src/x.c\t2026-11-21 ...": the name. */
static char *
read_name(struct line l)
{
	const char *start = l.text + 4;
	size_t len = l.len - 4;
	const char *tab = memchr(start, '\t', len);

	if (tab)
		len = (size_t)(tab - start);
	while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\r'))
		len--;
	return xstrndup(start, len);
}

static bool
is_null(const char *name)
{
	return strcmp(name, "/dev/null") == 0;
}

/* git's "a/" and "b/", when both names have theirs. */
static const char *
strip(const char *old, const char *new)
{
	bool a = is_null(old) || strncmp(old, "a/", 2) == 0;
	bool b = is_null(new) || strncmp(new, "b/", 2) == 0;
	const char *name = is_null(new) ? old : new;

	return a && b ? name + 2 : name;
}

static struct patch_file *
add_file(struct patch *p, struct reading *r)
{
	AUTO_FREE char *old = read_name(peek(r));
	AUTO_FREE char *new = NULL;

	skip(r);
	new = read_name(peek(r));
	skip(r);
	GROW(p->files, p->n, p->cap);
	p->files[p->n] = (struct patch_file){
		.path = xstrdup(strip(old, new)),
		.creates = is_null(old),
		.removes = is_null(new),
	};
	return &p->files[p->n++];
}

/* "@@ -12,3 +12,4 @@": 12; 0 when it does not say. */
static int64_t
read_at(struct line l)
{
	const char *minus = memchr(l.text, '-', l.len);
	size_t left = minus ? l.len - (size_t)(minus + 1 - l.text) : 0;
	size_t digits = 0;
	int64_t n = 0;

	while (digits < left && minus[1 + digits] >= '0' &&
	    minus[1 + digits] <= '9')
		digits++;
	if (digits == 0)
		return 0;
	AUTO_FREE char *text = xstrndup(minus + 1, digits);
	(void)num_parse_int(text, 0, INT32_MAX, &n);
	return n;
}

/* The lines of a hunk, up to what cannot be one. */
static void
read_lines(struct reading *r, struct patch_hunk *h)
{
	for (; r->p < r->end && !at_file(r); skip(r)) {
		struct line l = peek(r);

		if (l.len > 0 && *l.text == '\\') {
			if (h->n > 0)
				h->lines[h->n - 1].open = true;
			continue;
		}
		/* an empty one lost the space that stood there */
		if (l.len > 0 && !strchr(" +-", *l.text))
			break;
		GROW(h->lines, h->n, h->cap);
		h->lines[h->n++] = (struct patch_line){
			.kind = l.len > 0 ? *l.text : ' ',
			.text = l.len > 0 ? l.text + 1 : l.text,
			.len = l.len > 0 ? l.len - 1 : 0,
		};
	}
	/* those that separate it from what follows are not part of it */
	while (h->n > 0 && h->lines[h->n - 1].len == 0 &&
	    h->lines[h->n - 1].kind == ' ' &&
	    h->lines[h->n - 1].text[-1] == '\n')
		h->n--;
}

static int
read_hunk(struct reading *r, struct patch_file *f, struct err *e)
{
	struct patch_hunk h = { .at = read_at(peek(r)), .line = r->line };

	skip(r);
	read_lines(r, &h);
	if (h.n == 0) {
		free(h.lines);
		return err_set(e, ST_NO, "the hunk at line %lld of the patch "
		    "is empty", (long long)h.line);
	}
	GROW(f->hunks, f->n, f->cap);
	f->hunks[f->n++] = h;
	return 0;
}

static int
refuse(const struct reading *r, struct err *e)
{
	static const char *const not_ours[] = {
		"rename from ", "copy from ", "GIT binary patch"
	};

	for (size_t i = 0; i < sizeof(not_ours) / sizeof(*not_ours); i++)
		if (begins(peek(r), not_ours[i]))
			return err_set(e, ST_NO, "line %lld of the patch: "
			    "only text is changed, made and removed here, "
			    "nothing renamed or copied", (long long)r->line);
	return 0;
}

int
patch_parse(const char *text, size_t len, struct patch *ret, struct err *e)
{
	AUTO_PATCH struct patch p = PATCH_INIT;
	struct reading r = { text, text + len, 1 };
	struct patch_file *f = NULL;

	while (r.p < r.end) {
		if (at_file(&r)) {
			f = add_file(&p, &r);
		} else if (f && begins(peek(&r), "@@")) {
			if (read_hunk(&r, f, e) < 0)
				return -1;
		} else {
			if (refuse(&r, e) < 0)
				return -1;
			skip(&r);
		}
	}
	if (p.n == 0)
		return err_set(e, ST_NO, "no unified diff: '--- OLD' and "
		    "'+++ NEW', then hunks that begin with '@@'");
	for (size_t i = 0; i < p.n; i++)
		if (p.files[i].n == 0 && !p.files[i].removes)
			return err_set(e, ST_NO, "no hunk for '%s'",
			    p.files[i].path);
	*ret = p;
	p = (struct patch)PATCH_INIT;
	return 0;
}

/* A file as lines; `open`: the last has no newline. */
struct lines {
	struct line *v;
	size_t n, cap;
	bool open, crlf;
};

static void
split(const struct buf *text, struct lines *ret)
{
	const char *start = text->data ? text->data : "";
	struct reading r = { start, start + text->len, 1 };

	while (r.p < r.end) {
		GROW(ret->v, ret->n, ret->cap);
		ret->v[ret->n++] = peek(&r);
		skip(&r);
	}
	ret->open = text->len > 0 && text->data[text->len - 1] != '\n';
	ret->crlf = ret->n > 0 && ret->v[0].len > 0 &&
	    ret->v[0].text[ret->v[0].len - 1] == '\r';
}

static size_t
without_space(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r", text[len - 1]))
		len--;
	return len;
}

static bool
same(struct line a, const struct patch_line *b, bool roughly)
{
	size_t alen = roughly ? without_space(a.text, a.len) : a.len;
	size_t blen = roughly ? without_space(b->text, b->len) : b->len;

	return alen == blen && memcmp(a.text, b->text, alen) == 0;
}

/* Whether the old lines of a hunk are at `at`. */
static bool
fits(const struct lines *file, size_t at, const struct patch_hunk *h,
    bool roughly)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->lines[i].kind == '+')
			continue;
		if (at >= file->n ||
		    !same(file->v[at], &h->lines[i], roughly))
			return false;
		at++;
	}
	return true;
}

/* How many places from `from` on it fits, and the first of them. */
static size_t
count_places(const struct lines *file, size_t from, const struct patch_hunk *h,
    bool roughly, size_t *ret)
{
	size_t n = 0;

	for (size_t at = from; at <= file->n; at++) {
		if (!fits(file, at, h, roughly))
			continue;
		if (n++ == 0)
			*ret = at;
	}
	return n;
}

static size_t
count_old(const struct patch_hunk *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->lines[i].kind != '+';
	return n;
}

static int
not_found(const struct patch_file *f, const struct patch_hunk *h, size_t places,
    struct err *e)
{
	if (places > 1)
		return err_set(e, ST_NO, "the hunk at line %lld of the patch "
		    "fits '%s' in %zu places: give more of the lines around "
		    "it", (long long)h->line, f->path, places);
	return err_set(e, ST_NO, "the hunk at line %lld of the patch does not "
	    "fit '%s': its lines that stay or go are not there as they are "
	    "given; read the file again", (long long)h->line, f->path);
}

/*
 * Where a hunk applies, from `from` on: where it says, moved by what came
 * before it, or the only other place.
 */
static int
locate(const struct patch_file *f, const struct lines *file, size_t from,
    const struct patch_hunk *h, size_t *ret, struct err *e)
{
	/* "-0,0" and "-12,0" stand after that line */
	size_t said = h->at > 0 ? (size_t)h->at - (count_old(h) > 0) : from;
	size_t places = 0;

	if (count_old(h) == 0) {
		*ret = said < from ? from : said > file->n ? file->n : said;
		return 0;
	}
	for (int roughly = 0; roughly <= 1; roughly++) {
		if (h->at > 0 && said >= from && fits(file, said, h,
		    roughly)) {
			*ret = said;
			return 0;
		}
		places = count_places(file, from, h, roughly, ret);
		if (places == 1)
			return 0;
		if (places > 1)
			break;
	}
	return not_found(f, h, places, e);
}

struct writing {
	const struct lines *file;
	struct buf *out;
	bool open;		/* the last line has no newline */
};

static void
put(struct writing *w, const char *text, size_t len, bool open)
{
	if (w->open)
		buf_addc(w->out, '\n');
	buf_add(w->out, text, len);
	if (!open)
		buf_addc(w->out, '\n');
	w->open = open;
}

static void
put_old(struct writing *w, size_t i)
{
	struct line l = w->file->v[i];

	put(w, l.text, l.len, w->file->open && i + 1 == w->file->n);
}

static void
put_new(struct writing *w, const struct patch_line *l)
{
	bool carriage = w->file->crlf &&
	    (l->len == 0 || l->text[l->len - 1] != '\r');

	if (!carriage) {
		put(w, l->text, l->len, l->open);
		return;
	}
	AUTO_BUF struct buf line = BUF_INIT;
	buf_add(&line, l->text, l->len);
	buf_addc(&line, '\r');
	put(w, line.data, line.len, l->open);
}

int
patch_apply(const struct patch_file *f, const struct buf *old, struct buf *out,
    struct err *e)
{
	struct lines file = { 0 };
	struct writing w = { .file = &file, .out = out };
	size_t at = 0;
	int r = 0;

	split(old, &file);
	for (size_t i = 0; i < f->n && r == 0; i++) {
		const struct patch_hunk *h = &f->hunks[i];
		size_t to = 0;

		r = locate(f, &file, at, h, &to, e);
		for (; r == 0 && at < to; at++)
			put_old(&w, at);
		for (size_t k = 0; r == 0 && k < h->n; k++) {
			if (h->lines[k].kind == ' ')
				put_old(&w, at);
			else if (h->lines[k].kind == '+')
				put_new(&w, &h->lines[k]);
			at += h->lines[k].kind != '+';
		}
	}
	for (; r == 0 && at < file.n; at++)
		put_old(&w, at);
	free(file.v);
	return r;
}
