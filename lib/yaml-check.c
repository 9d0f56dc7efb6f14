/* yaml-check: where a value stood, and whether it may be what it is. */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "alloc.h"
#include "buf.h"
#include "num.h"
#include "suggest.h"
#include "yaml-node.h"
#include "yaml.h"

enum {
	KEYS_MAX = 64,		/* that suggestions are made from */
	PROBLEMS_MAX = 100	/* that are looked up to find the first */
};

static const struct yaml_node *
follow(const struct yaml_doc *doc, const struct yaml_node *n)
{
	return n->alias ? &doc->nodes[n->alias] : n;
}

/* The child that the longest beginning of `path` names; and its length. */
static const struct yaml_node *
own_child(const struct yaml_doc *doc, const struct yaml_node *n,
    const char *path, size_t *ret_len)
{
	const struct yaml_node *best = NULL;
	size_t number = 0;

	*ret_len = 0;
	for (size_t i = n->first; i; i = doc->nodes[i].next, number++) {
		const struct yaml_node *c = &doc->nodes[i];
		char digits[24];
		const char *key = c->key;
		size_t len;

		if (c->merge)
			continue;
		if (!key) {
			snprintf(digits, sizeof(digits), "%zu", number);
			key = digits;
		}
		len = strlen(key);
		if (strncmp(path, key, len) == 0 &&
		    (path[len] == '.' || path[len] == '\0') &&
		    (!best || len > *ret_len)) {
			best = c;
			*ret_len = len;
		}
	}
	return best;
}

/* The same among what merge keys bring, the first of them first. */
static const struct yaml_node *
merged_child(const struct yaml_doc *doc, const struct yaml_node *n,
    const char *path, size_t *ret_len)
{
	for (size_t i = n->first; i; i = doc->nodes[i].next) {
		const struct yaml_node *m = follow(doc, &doc->nodes[i]);
		const struct yaml_node *c;

		if (!doc->nodes[i].merge)
			continue;
		if (json_is(&m->value, JSON_OBJECT)) {
			c = own_child(doc, m, path, ret_len);
			if (c)
				return c;
			continue;
		}
		for (size_t k = m->first; k; k = doc->nodes[k].next) {
			c = own_child(doc, follow(doc, &doc->nodes[k]), path,
			    ret_len);
			if (c)
				return c;
		}
	}
	return NULL;
}

/*
 * The node at `path`, or the innermost one towards it.  No way back is
 * tried: with keys that contain dots that could take for ever.
 */
static const struct yaml_node *
find(const struct yaml_doc *doc, const char *path)
{
	const struct yaml_node *n = &doc->nodes[0];

	while (*path) {
		const struct yaml_node *in = follow(doc, n), *c;
		size_t len;

		c = own_child(doc, in, path, &len);
		if (!c)
			c = merged_child(doc, in, path, &len);
		if (!c)
			break;
		n = c;
		path += len + (path[len] == '.');
	}
	return n;
}

struct yaml_pos
yaml_where(const struct yaml_doc *doc, const char *path)
{
	if (doc->count == 0)
		return (struct yaml_pos){ 1, 1 };
	return follow(doc, find(doc, path))->pos;
}

struct yaml_pos
yaml_where_key(const struct yaml_doc *doc, const char *path)
{
	if (doc->count == 0)
		return (struct yaml_pos){ 1, 1 };
	return find(doc, path)->key_pos;
}

static int __attribute__((format(printf, 4, 0)))
set_error(const struct yaml_doc *doc, struct yaml_pos at, struct err *e,
    const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	return err_set(e, ST_CONFIG, "%s:%d:%d: %s", doc->name, at.line,
	    at.col, text);
}

int
yaml_err(const struct yaml_doc *doc, const char *path, struct err *e,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_error(doc, yaml_where(doc, path), e, fmt, ap);
	va_end(ap);
	return -1;
}

int
yaml_err_key(const struct yaml_doc *doc, const char *path, struct err *e,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_error(doc, yaml_where_key(doc, path), e, fmt, ap);
	va_end(ap);
	return -1;
}

/* The kinds that a value is of; a whole number is of two. */
static unsigned
kinds_of(const jv *v)
{
	double d;

	switch (json_kind(v)) {
	case JSON_BOOL:
		return YAML_BOOL;
	case JSON_NUMBER:
		return YAML_NUMBER |
		    (json_number(v, &d) && d == floor(d) ? YAML_INT : 0);
	case JSON_STRING:
		return YAML_STRING;
	case JSON_ARRAY:
		return YAML_LIST;
	case JSON_OBJECT:
		return YAML_MAP;
	case JSON_NULL:
	case JSON_NOTHING:
		break;
	}
	return YAML_NULL;
}

/* "a string or a list", of the kinds that are set. */
static void
name_kinds(unsigned kinds, struct buf *out)
{
	static const struct {
		unsigned kind;
		const char *name;
	} names[] = {
		{ YAML_STRING, "a string" }, { YAML_INT, "a whole number" },
		{ YAML_NUMBER, "a number" }, { YAML_BOOL, "true or false" },
		{ YAML_LIST, "a list" }, { YAML_MAP, "a mapping" },
		{ YAML_NULL, "empty" }
	};

	if (kinds & YAML_NUMBER)
		kinds &= ~(unsigned)YAML_INT;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(kinds & names[i].kind))
			continue;
		if (out->len > 0)
			buf_adds(out, " or ");
		buf_adds(out, names[i].name);
	}
}

/*
 * A walk through a document: for the problem that stands first in the file,
 * or for all of them.
 */
struct check {
	const struct yaml_doc *doc;
	struct buf path;
	struct yaml_pos at;	/* of the problem; line 0: none */
	int problems;
	struct err *e;
	struct yaml_problems *all;	/* or NULL */
};

static void __attribute__((format(printf, 3, 0)))
add_problem(struct yaml_problems *p, struct yaml_pos at, const char *fmt,
    va_list ap)
{
	char text[ERR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].at.line == at.line && p->v[i].at.col == at.col &&
		    strcmp(p->v[i].text, text) == 0)
			return;
	if (p->n == YAML_PROBLEMS_MAX)
		return;
	GROW(p->v, p->n, p->cap);
	p->v[p->n++] = (struct yaml_problem){ at, xstrdup(text) };
}

/* With the value, or the key, at the path. */
static void __attribute__((format(printf, 3, 4)))
tell(struct check *c, bool key, const char *fmt, ...)
{
	struct yaml_pos at = key ? yaml_where_key(c->doc, c->path.data) :
	    yaml_where(c->doc, c->path.data);
	va_list ap;

	va_start(ap, fmt);
	if (c->all)
		add_problem(c->all, at, fmt, ap);
	else
		set_error(c->doc, at, c->e, fmt, ap);
	va_end(ap);
}

/*
 * Whether a problem with the value, or the key, at the path comes before the
 * one that was found.
 */
static bool
is_first(struct check *c, bool key)
{
	struct yaml_pos at;

	if (c->problems++ >= PROBLEMS_MAX)
		return false;
	if (c->all)
		return true;
	at = key ? yaml_where_key(c->doc, c->path.data) :
	    yaml_where(c->doc, c->path.data);
	if (c->at.line != 0 && (at.line > c->at.line ||
	    (at.line == c->at.line && at.col >= c->at.col)))
		return false;
	c->at = at;
	return true;
}

static void
wrong_kind(struct check *c, const char *what, unsigned want, unsigned got)
{
	AUTO_BUF struct buf wanted = BUF_INIT;
	AUTO_BUF struct buf is = BUF_INIT;

	if (!is_first(c, false))
		return;
	/* a fraction where a whole number is wanted */
	if (got == YAML_NUMBER && (want & YAML_INT))
		buf_adds(&is, "a fraction");
	name_kinds(want, &wanted);
	if (is.len == 0)
		name_kinds(got, &is);
	tell(c, false, "%s must be %s, not %s", what,
	    wanted.data, is.data);
}

static void
check_words(struct check *c, const char *what, const jv *v,
    const char *const *words)
{
	char hint[SUGGEST_TEXT_MAX];
	const char *s = json_string(v);
	AUTO_BUF struct buf list = BUF_INIT;

	if (!s)
		return;
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(s, words[i]) == 0)
			return;
		buf_addf(&list, "%s'%s'", i == 0 ? "" : words[i + 1] ? ", " :
		    " or ", words[i]);
	}
	if (!is_first(c, false))
		return;
	suggest_text(s, words, hint);
	tell(c, false, "%s must be %s, not '%.60s'%s",
	    what, list.data, s, hint);
}

static void check_map(struct check *c, const jv *map,
    const struct yaml_shape *shape);

/* Appends a step to the path; the length to cut it back to. */
static size_t
push(struct check *c, const char *step)
{
	size_t before = c->path.len;

	if (before > 0)
		buf_addc(&c->path, '.');
	buf_adds(&c->path, step);
	return before;
}

static void
check_list(struct check *c, const char *what, const jv *list,
    const struct yaml_shape *shape)
{
	for (size_t i = 0; i < json_count(list); i++) {
		AUTO_JV jv v = json_at(list, i);
		char digits[24];
		size_t before;

		snprintf(digits, sizeof(digits), "%zu", i);
		before = push(c, digits);
		if (shape->each && !(kinds_of(&v) & shape->each)) {
			AUTO_FREE char *element =
			    xasprintf("an element of %s", what);
			wrong_kind(c, element, shape->each, kinds_of(&v));
		} else if (json_is(&v, JSON_OBJECT) && shape->members) {
			check_map(c, &v, shape->members);
		} else if (shape->words) {
			check_words(c, what, &v, shape->words);
		}
		buf_truncate(&c->path, before);
	}
}

static void
check_value(struct check *c, const char *key, const jv *v,
    const struct yaml_shape *shape)
{
	AUTO_FREE char *what = xasprintf("'%.60s'", key);

	if (!(kinds_of(v) & shape->kinds))
		wrong_kind(c, what, shape->kinds & YAML_ANY, kinds_of(v));
	else if (json_is(v, JSON_OBJECT) && shape->members)
		check_map(c, v, shape->members);
	else if (json_is(v, JSON_ARRAY))
		check_list(c, what, v, shape);
	else if (shape->words)
		check_words(c, what, v, shape->words);
}

static const struct yaml_shape *
shape_of(const struct yaml_shape *shape, const char *key)
{
	for (; shape->key; shape++)
		if (strcmp(shape->key, key) == 0 ||
		    strcmp(shape->key, "*") == 0)
			return shape;
	return NULL;
}

static void
unknown_key(struct check *c, const char *key, const struct yaml_shape *shape)
{
	const char *known[KEYS_MAX + 1];
	char hint[SUGGEST_TEXT_MAX];
	size_t n = 0;

	if (!is_first(c, true))
		return;
	for (; shape->key && n < KEYS_MAX; shape++)
		known[n++] = shape->key;
	known[n] = NULL;
	suggest_text(key, known, hint);
	tell(c, true, "unknown key '%.60s'%s", key,
	    hint);
}

static void
check_map(struct check *c, const jv *map, const struct yaml_shape *shape)
{
	JSON_EACH(map, i) {
		AUTO_JV jv v = json_iter_value(map, i);
		const char *key = json_iter_key(map, i);
		const struct yaml_shape *s = shape_of(shape, key);
		size_t before = push(c, key);

		if (s)
			check_value(c, key, &v, s);
		else
			unknown_key(c, key, shape);
		buf_truncate(&c->path, before);
	}
	for (; shape->key; shape++)
		if ((shape->kinds & YAML_REQUIRED) &&
		    !json_has(map, shape->key) &&
		    is_first(c, false))
			tell(c, false, "'%s' is missing", shape->key);
}

static void
check_all(struct check *c, const char *path, const struct yaml_shape *shape)
{
	const struct yaml_node *n = &c->doc->nodes[0];
	AUTO_JV jv empty = json_object();
	const jv *v;

	if (c->doc->count > 0)
		n = find(c->doc, path);
	v = c->doc->count > 0 ? &n->value : &empty;
	buf_adds(&c->path, path);
	if (json_is(v, JSON_NULL))
		v = &empty;
	if (json_is(v, JSON_OBJECT))
		check_map(c, v, shape);
	else
		wrong_kind(c, *path ? path : "the file", YAML_MAP,
		    kinds_of(v));
	buf_release(&c->path);
}

int
yaml_check(const struct yaml_doc *doc, const char *path,
    const struct yaml_shape *shape, struct err *e)
{
	struct check c = { .doc = doc, .path = BUF_INIT, .e = e };

	check_all(&c, path, shape);
	return c.at.line == 0 ? 0 : -1;
}

void
yaml_check_all(const struct yaml_doc *doc, const char *path,
    const struct yaml_shape *shape, struct yaml_problems *problems)
{
	struct check c = { .doc = doc, .path = BUF_INIT, .all = problems };

	check_all(&c, path, shape);
}

void
yaml_problem(struct yaml_problems *p, const struct yaml_doc *doc,
    const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_problem(p, yaml_where(doc, path), fmt, ap);
	va_end(ap);
}

void
yaml_problem_key(struct yaml_problems *p, const struct yaml_doc *doc,
    const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_problem(p, yaml_where_key(doc, path), fmt, ap);
	va_end(ap);
}

static int
by_place(const void *a, const void *b)
{
	const struct yaml_problem *x = a, *y = b;

	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.col != y->at.col)
		return x->at.col < y->at.col ? -1 : 1;
	return strcmp(x->text, y->text);
}

void
yaml_problems_text(struct yaml_problems *p, const struct yaml_doc *doc,
    struct buf *out)
{
	if (p->n > 0)
		qsort(p->v, p->n, sizeof(*p->v), by_place);
	for (size_t i = 0; i < p->n; i++)
		buf_addf(out, "%s:%d:%d: %s\n", doc->name, p->v[i].at.line,
		    p->v[i].at.col, p->v[i].text);
}

void
yaml_problems_release(struct yaml_problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].text);
	free(p->v);
	*p = (struct yaml_problems)YAML_PROBLEMS_INIT;
}
