/*
 * schema-compile: a schema into nodes, references resolved.
 *
 * Subschemas are looked for only where the draft has them, so that an "$id"
 * inside an enum is what it is: data.  References are resolved when all of a
 * document was seen; one that points to a place that is no known subschema
 * has it compiled then.
 */
#include "config.h"

#include <stdarg.h>

#include "schema-impl.h"

#include "alloc.h"
#include "num.h"
#include "uri.h"

enum {
	NODES_MAX = 100000,
	DEPTH_MAX = 300
};

struct pending {
	struct schema_node *node;
	struct schema_rule *rule;
};

struct schema_compiler {
	struct schema *schema;
	const struct schema_options *options;
	struct pending *pending;
	size_t npending, cappending;
	int depth;
};

int
schema_refuse(const struct schema_node *n, struct err *e, const char *fmt, ...)
{
	char reason[ERR_TEXT_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(e, ST_DATA, "schema, at #%.300s: %s", n->pointer,
	    reason);
}

struct schema_rule *
schema_rule(const struct schema_node *n, const char *keyword)
{
	for (struct schema_rule *r = n->rules; r; r = r->next)
		if (strcmp(r->keyword->name, keyword) == 0)
			return r;
	return NULL;
}

void
schema_rule_add_sub(struct schema_rule *r, struct schema_node *sub)
{
	r->subs = xreallocarray(r->subs, r->nsubs + 1, sizeof(*r->subs));
	r->subs[r->nsubs++] = sub;
}

bool
schema_asserts_format(const struct schema_compiler *c,
    const struct schema_node *n)
{
	return c->schema->assert_format ||
	    n->resource->vocabularies & VOC_FORMAT_ASSERT;
}

/* Nodes by document and pointer. */

static struct schema_node **
bucket(struct schema *s, size_t document, const char *pointer)
{
	size_t h = 2166136261u ^ document;

	for (; *pointer; pointer++)
		h = (h ^ (unsigned char)*pointer) * 16777619u;
	return &s->buckets[(h ^ h >> 16) % SCHEMA_BUCKETS];
}

static struct schema_node *
find_node(struct schema *s, size_t document, const char *pointer)
{
	struct schema_node *n = *bucket(s, document, pointer);

	while (n && (n->document != document ||
	    strcmp(n->pointer, pointer) != 0))
		n = n->chain;
	return n;
}

static struct schema_node *
add_node(struct schema *s, struct schema_resource *resource, size_t document,
    char *pointer)
{
	struct schema_node **b = bucket(s, document, pointer);
	struct schema_node *n = xcalloc(1, sizeof(*n));

	n->resource = resource;
	n->document = document;
	n->pointer = pointer;
	n->constant = -1;
	n->tail = &n->rules;
	n->chain = *b;
	*b = n;
	s->nnodes++;
	return n;
}

/* Nodes. */

static int
compile_rules(struct schema_compiler *c, struct schema_node *n,
    const jv *value, struct err *e)
{
	for (const struct schema_keyword *kw = schema_keywords; kw->name;
	    kw++) {
		struct schema_rule *r;
		if (!(kw->vocabulary & n->resource->vocabularies) ||
		    !json_has(value, kw->name))
			continue;
		r = xcalloc(1, sizeof(*r));
		r->keyword = kw;
		r->value = json_get(value, kw->name);
		r->index = JSON_NONE;
		*n->tail = r;
		n->tail = &r->next;
		if (kw->compile(c, n, r, e) < 0)
			return -1;
	}
	return 0;
}

static int
compile_object(struct schema_compiler *c, struct schema_node *n,
    const jv *value, struct err *e)
{
	if (schema_read_resource(c->schema, c->options, n, value, e) < 0)
		return -1;
	return compile_rules(c, n, value, e);
}

/* A (sub)schema; takes `pointer`. */
static int
compile_node(struct schema_compiler *c, const jv *value,
    struct schema_resource *resource, size_t document, char *pointer,
    struct schema_node **ret, struct err *e)
{
	struct schema_node *n = find_node(c->schema, document, pointer);
	int r = 0;

	if (n) {
		free(pointer);
		*ret = n;
		return 0;
	}
	n = *ret = add_node(c->schema, resource, document, pointer);
	if (!resource->root)
		resource->root = n;
	if (c->schema->nnodes > NODES_MAX)
		return schema_refuse(n, e, "more than %d parts", NODES_MAX);
	if (++c->depth > DEPTH_MAX)
		return schema_refuse(n, e, "nested too deeply");
	if (json_is(value, JSON_BOOL))
		n->constant = json_is_true(value);
	else if (json_is(value, JSON_OBJECT))
		r = compile_object(c, n, value, e);
	else
		r = schema_refuse(n, e, "a schema must be an object or a "
		    "boolean, this is %s", json_kind_name(json_kind(value)));
	c->depth--;
	return r;
}

static void
add_step(struct buf *b, const char *step)
{
	buf_addc(b, '/');
	for (; *step; step++) {
		if (*step == '~')
			buf_adds(b, "~0");
		else if (*step == '/')
			buf_adds(b, "~1");
		else
			buf_addc(b, *step);
	}
}

int
schema_compile_sub(struct schema_compiler *c, struct schema_node *n,
    const jv *value, const char *step, const char *step2,
    struct schema_node **ret, struct err *e)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, n->pointer);
	add_step(&b, step);
	if (step2)
		add_step(&b, step2);
	return compile_node(c, value, n->resource, n->document, buf_steal(&b),
	    ret, e);
}

int
schema_compile_ref(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	if (!json_is(&r->value, JSON_STRING))
		return schema_refuse(n, e, "%s must be a string",
		    r->keyword->name);
	GROW(c->pending, c->npending, c->cappending);
	c->pending[c->npending++] = (struct pending){ n, r };
	return 0;
}

/* References. */

static int
compile_document(struct schema_compiler *c, const jv *value, const char *uri,
    struct schema_resource **ret, struct err *e)
{
	struct schema *s = c->schema;
	struct schema_resource *r;
	struct schema_node *n;

	GROW(s->documents, s->ndocuments, s->capdocuments);
	s->documents[s->ndocuments++] = json_copy(value);
	r = schema_add_resource(s, xstrdup(uri), s->ndocuments - 1, "", NULL);
	if (compile_node(c, value, r, r->document, xstrdup(""), &n, e) < 0)
		return -1;
	/* known by the name it was asked for, whatever its $id */
	r->root = n;
	*ret = n->resource;
	return 0;
}

/* The resource of that URI: 1, 0 when nobody knows it, -1. */
static int
need_resource(struct schema_compiler *c, const char *uri,
    struct schema_resource **ret, struct err *e)
{
	const struct schema_options *o = c->options;
	const char *text;

	if ((*ret = schema_find_resource(c->schema, uri)) != NULL) {
		*ret = (*ret)->root->resource;
		return 1;
	}
	for (size_t i = 0; o && i < o->ndocuments; i++)
		if (strcmp(o->documents[i].uri, uri) == 0)
			return compile_document(c, o->documents[i].value, uri,
			    ret, e) < 0 ? -1 : 1;
	if ((text = schema_meta_text(uri)) != NULL) {
		AUTO_JV jv value = JSON_NONE;
		if (json_parse(text, strlen(text), &value, e) < 0)
			return -1;
		return compile_document(c, &value, uri, ret, e) < 0 ? -1 : 1;
	}
	return 0;
}

/* The step of a pointer, unescaped; *p behind it. */
static char *
next_step(const char **p)
{
	struct buf b = BUF_INIT;

	buf_reset(&b);
	for (++*p; **p && **p != '/'; ++*p) {
		if ((*p)[0] == '~' && ((*p)[1] == '0' || (*p)[1] == '1'))
			buf_addc(&b, *++*p == '0' ? '~' : '/');
		else
			buf_addc(&b, **p);
	}
	return buf_steal(&b);
}

/*
 * A place in a document that may be no known subschema.  Its resource is
 * that of the innermost node on the way.
 */
static int
node_at(struct schema_compiler *c, struct schema_resource *r,
    const char *pointer, struct schema_node **ret, struct err *e)
{
	AUTO_FREE char *full = xasprintf("%s%s", r->pointer, pointer);
	AUTO_JV jv at = json_copy(&c->schema->documents[r->document]);
	const char *p = full;

	if ((*ret = find_node(c->schema, r->document, full)) != NULL)
		return 1;
	while (*p == '/') {
		AUTO_FREE char *step = next_step(&p);
		AUTO_FREE char *here = xstrndup(full, (size_t)(p - full));
		struct schema_node *n;
		int64_t i = -1;
		jv next;
		if (json_is(&at, JSON_ARRAY))
			next = num_parse_int(step, 0, INT32_MAX, &i) < 0 ?
			    JSON_NONE : json_at(&at, (size_t)i);
		else
			next = json_get(&at, step);
		json_release(&at);
		at = next;
		if ((n = find_node(c->schema, r->document, here)) != NULL)
			r = n->resource;
	}
	if (*p || json_is(&at, JSON_NOTHING))
		return 0;
	return compile_node(c, &at, r, r->document, STEAL(full), ret, e) < 0 ?
	    -1 : 1;
}

static int
resolve(struct schema_compiler *c, struct pending *p, struct err *e)
{
	const char *ref = json_string(&p->rule->value);
	AUTO_FREE char *uri = uri_resolve(p->node->resource->uri, ref);
	AUTO_FREE char *fragment = NULL;
	struct schema_resource *resource;
	struct schema_node *target = NULL;
	struct schema_anchor *anchor;
	int found;

	if (strchr(uri, '#')) {
		fragment = uri_decode(strchr(uri, '#') + 1);
		*strchr(uri, '#') = '\0';
	}
	if ((found = need_resource(c, uri, &resource, e)) < 0)
		return -1;
	if (found && (!fragment || !*fragment)) {
		target = resource->root;
	} else if (found && *fragment == '/') {
		if (node_at(c, resource, fragment, &target, e) < 0)
			return -1;
	} else if (found && (anchor = schema_find_anchor(resource, fragment))) {
		target = anchor->node;
		if (anchor->dynamic &&
		    strcmp(p->rule->keyword->name, "$dynamicRef") == 0)
			p->rule->anchor = STEAL(fragment);
	}
	if (!target)
		return schema_refuse(p->node, e, "%s '%.200s' leads nowhere%s",
		    p->rule->keyword->name, ref,
		    found ? "" : " (nothing is fetched)");
	schema_rule_add_sub(p->rule, target);
	return 0;
}

/*
 * Whether a node can lead back to itself without going deeper into the
 * value: depth first, 1 being on the way, 2 done.
 */
static int
find_loop(struct schema_node *n, int depth, struct err *e)
{
	if (n->mark == 2)
		return 0;
	if (n->mark == 1 || depth > DEPTH_MAX)
		return schema_refuse(n, e, "refers to itself without end");
	n->mark = 1;
	for (struct schema_rule *r = n->rules; r; r = r->next) {
		if (!r->keyword->in_place)
			continue;
		for (size_t i = 0; i < r->nsubs; i++)
			if (find_loop(r->subs[i], depth + 1, e) < 0)
				return -1;
		if ((r->then && find_loop(r->then, depth + 1, e) < 0) ||
		    (r->otherwise &&
		    find_loop(r->otherwise, depth + 1, e) < 0))
			return -1;
	}
	n->mark = 2;
	return 0;
}

static int
find_loops(struct schema *s, struct err *e)
{
	for (size_t b = 0; b < SCHEMA_BUCKETS; b++)
		for (struct schema_node *n = s->buckets[b]; n; n = n->chain)
			if (find_loop(n, 0, e) < 0)
				return -1;
	return 0;
}

struct schema *
schema_compile(const jv *value, const struct schema_options *options,
    struct err *e)
{
	struct schema *s = xcalloc(1, sizeof(*s));
	struct schema_compiler c = { .schema = s, .options = options };
	struct schema_resource *r = NULL;
	int failed;

	s->assert_format = options && options->assert_format;
	failed = compile_document(&c, value, "", &r, e);
	for (size_t i = 0; !failed && i < c.npending; i++) {
		/* resolving may add to the list, and move it */
		struct pending p = c.pending[i];
		failed = resolve(&c, &p, e);
	}
	free(c.pending);
	if (failed || find_loops(s, e) < 0) {
		schema_free(s);
		return NULL;
	}
	s->root = r->root;
	for (size_t b = 0; b < SCHEMA_BUCKETS; b++)
		for (struct schema_node *n = s->buckets[b]; n; n = n->chain)
			s->collects |= schema_rule(n, "unevaluatedItems") ||
			    schema_rule(n, "unevaluatedProperties");
	return s;
}
