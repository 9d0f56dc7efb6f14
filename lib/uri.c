/* uri: references to URIs (RFC 3986). */
#include "config.h"

#include "uri.h"

#include <stdbool.h>

#include "alloc.h"
#include "buf.h"

struct span {
	const char *s;
	size_t len;
	bool there;
};

struct parts {
	struct span scheme, authority, path, query, fragment;
};

static size_t
scheme_length(const char *s)
{
	size_t n = strcspn(s, ":/?#");

	return s[n] == ':' && (s[0] | 0x20) >= 'a' && (s[0] | 0x20) <= 'z' ?
	    n : 0;
}

/* Appendix B of the RFC. */
static struct parts
split(const char *s)
{
	struct parts p = { 0 };
	size_t n = scheme_length(s);

	if (n > 0) {
		p.scheme = (struct span){ s, n, true };
		s += n + 1;
	}
	if (s[0] == '/' && s[1] == '/') {
		n = strcspn(s + 2, "/?#");
		p.authority = (struct span){ s + 2, n, true };
		s += n + 2;
	}
	n = strcspn(s, "?#");
	p.path = (struct span){ s, n, true };
	s += n;
	if (*s == '?') {
		n = strcspn(s + 1, "#");
		p.query = (struct span){ s + 1, n, true };
		s += n + 1;
	}
	if (*s == '#')
		p.fragment = (struct span){ s + 1, strlen(s + 1), true };
	return p;
}

static void
drop_segment(struct buf *b)
{
	while (b->len > 0 && b->data[b->len - 1] != '/')
		buf_truncate(b, b->len - 1);
	if (b->len > 0)
		buf_truncate(b, b->len - 1);
}

/* Section 5.2.4. */
static void
add_without_dots(const char *s, struct buf *out)
{
	struct buf b = BUF_INIT;

	while (*s) {
		size_t n = strcspn(s + (*s == '/'), "/") + (*s == '/');
		const char *name = s + (*s == '/');
		size_t len = n - (*s == '/');
		bool last = s[n] == '\0';
		if (len == 1 && name[0] == '.') {
			if (last && *s == '/')
				buf_addc(&b, '/');
		} else if (len == 2 && name[0] == '.' && name[1] == '.') {
			drop_segment(&b);
			if (last && *s == '/')
				buf_addc(&b, '/');
		} else {
			buf_add(&b, s, n);
		}
		s += n;
	}
	buf_add(out, b.data, b.len);
	buf_release(&b);
}

/* Section 5.2.3. */
static char *
merge(const struct parts *base, const struct span *ref)
{
	struct buf b = BUF_INIT;
	size_t n = base->path.len;

	if (base->authority.there && n == 0) {
		buf_addc(&b, '/');
	} else {
		while (n > 0 && base->path.s[n - 1] != '/')
			n--;
		buf_add(&b, base->path.s, n);
	}
	buf_add(&b, ref->s, ref->len);
	return buf_steal(&b);
}

static void
add_path(const struct parts *r, const struct parts *base, struct buf *out)
{
	AUTO_FREE char *path = r->scheme.there || r->authority.there ||
	    (r->path.len > 0 && r->path.s[0] == '/') ?
	    xstrndup(r->path.s, r->path.len) : merge(base, &r->path);

	/* the path of a URN is a name: no segments in it */
	if (r->scheme.there && path[0] != '/')
		buf_adds(out, path);
	else
		add_without_dots(path, out);
}

static void
add_part(struct buf *b, const char *before, struct span s, const char *after)
{
	if (!s.there)
		return;
	buf_adds(b, before);
	buf_add(b, s.s, s.len);
	buf_adds(b, after);
}

char *
uri_resolve(const char *base, const char *ref)
{
	struct parts b = split(base), r = split(ref);
	struct buf out = BUF_INIT;
	bool same_authority = !r.scheme.there && !r.authority.there;

	add_part(&out, "", r.scheme.there ? r.scheme : b.scheme, ":");
	add_part(&out, "//", r.scheme.there || r.authority.there ?
	    r.authority : b.authority, "");
	if (same_authority && r.path.len == 0) {
		buf_add(&out, b.path.s, b.path.len);
		add_part(&out, "?", r.query.there ? r.query : b.query, "");
	} else {
		add_path(&r, &b, &out);
		add_part(&out, "?", r.query, "");
	}
	add_part(&out, "#", r.fragment, "");
	return buf_steal(&out);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *
uri_decode(const char *s)
{
	struct buf b = BUF_INIT;

	for (; *s; s++) {
		if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			buf_addc(&b, (char)(hex(s[1]) * 16 + hex(s[2])));
			s += 2;
		} else {
			buf_addc(&b, *s);
		}
	}
	return buf_steal(&b);
}
