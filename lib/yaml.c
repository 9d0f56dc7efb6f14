/*
 * yaml: YAML documents as JSON values that remember where they stood.
 *
 * libyaml's events are built into values and, beside them, into a tree of
 * nodes that knows lines and columns.  The node of an alias points to the
 * node that it stands for, so the tree is never larger than the text; values
 * are shared likewise.  Each node knows how much it expands to and how high
 * it is, so an alias that would pass the bounds is refused where it stands.
 */
#include "config.h"

#include "yaml.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#include "alloc.h"
#include "path.h"
#include "yaml-node.h"

enum {
	ANCHORS_MAX = 1000,
	NODE_WEIGHT = 16	/* what a node counts beside its text */
};

struct anchor {
	char *name;
	size_t node;
};

struct builder {
	yaml_parser_t parser;
	struct yaml_doc *doc;
	const char *text;
	size_t len;
	struct anchor *anchors;
	size_t anchor_count, anchor_cap;
	struct err *e;
};

static void
event_release(yaml_event_t *ev)
{
	yaml_event_delete(ev);
}

#define AUTO_EVENT __attribute__((cleanup(event_release)))

void
yaml_release(struct yaml_doc *doc)
{
	for (size_t i = 0; i < doc->count; i++) {
		free(doc->nodes[i].key);
		jv_free(doc->nodes[i].value);
	}
	free(doc->nodes);
	free(doc->name);
	jv_free(doc->value);
	*doc = (struct yaml_doc)YAML_DOC_INIT;
}

static struct yaml_pos
pos_of(const yaml_mark_t *m)
{
	/* a file holds at most YAML_TEXT_MAX of either */
	return (struct yaml_pos){ (int)m->line + 1, (int)m->column + 1 };
}

static int __attribute__((format(printf, 3, 4)))
fail_at(const struct builder *b, struct yaml_pos at, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(b->e, ST_CONFIG, "%s:%d:%d: %s", b->doc->name, at.line,
	    at.col, text);
}

/* Position of the byte that libyaml could not read: no mark is set then. */
static struct yaml_pos
pos_of_offset(const struct builder *b, size_t offset)
{
	struct yaml_pos at = { 1, 1 };

	for (size_t i = 0; i < offset && i < b->len; i++) {
		if (b->text[i] == '\n')
			at = (struct yaml_pos){ at.line + 1, 1 };
		else if (((unsigned char)b->text[i] & 0xc0) != 0x80)
			at.col++;
	}
	return at;
}

static int
parser_failed(const struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	const char *why = p->problem ? p->problem : "not YAML";

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return err_set(b->e, ST_SYSTEM, "out of memory");
	case YAML_READER_ERROR:
		return fail_at(b, pos_of_offset(b, p->problem_offset), "%s",
		    why);
	default:
		/* "did not find expected key" is opaque without the context */
		if (p->context)
			return fail_at(b, pos_of(&p->problem_mark), "%s, %s",
			    why, p->context);
		return fail_at(b, pos_of(&p->problem_mark), "%s", why);
	}
}

static int
next_event(struct builder *b, yaml_event_t *ret)
{
	return yaml_parser_parse(&b->parser, ret) ? 0 : parser_failed(b);
}

/* A new node, child of `parent` unless it is the first; its index. */
static int
add_node(struct builder *b, size_t parent, struct yaml_pos at, size_t *ret)
{
	struct yaml_doc *doc = b->doc;
	size_t i = doc->count;

	if (i == YAML_NODES_MAX)
		return fail_at(b, at, "more than %d values", YAML_NODES_MAX);
	GROW(doc->nodes, doc->count, doc->cap);
	doc->nodes[doc->count++] = (struct yaml_node){ .value = JSON_NONE,
	    .pos = at, .key_pos = at, .weight = NODE_WEIGHT, .height = 1 };
	if (i > 0 && doc->nodes[parent].first == 0)
		doc->nodes[parent].first = i;
	else if (i > 0)
		doc->nodes[doc->nodes[parent].last].next = i;
	doc->nodes[parent].last = i;
	*ret = i;
	return 0;
}

/* Adds a finished child's weight and height to those of its parent. */
static int
weigh(struct builder *b, size_t parent, size_t child)
{
	struct yaml_node *p = &b->doc->nodes[parent];
	const struct yaml_node *c = &b->doc->nodes[child];

	p->weight += c->weight;
	if (p->height <= c->height)
		p->height = c->height + 1;
	if (p->weight > YAML_EXPANDED_MAX)
		return fail_at(b, c->pos, "aliases expand to too much");
	return 0;
}

enum tag { TAG_NONE, TAG_STRING, TAG_CORE, TAG_OTHER };

static enum tag
tag_of(const yaml_char_t *tag)
{
	static const char *const core[] = { YAML_NULL_TAG, YAML_BOOL_TAG,
	    YAML_INT_TAG, YAML_FLOAT_TAG, YAML_SEQ_TAG, YAML_MAP_TAG };
	const char *s = (const char *)tag;

	if (!s)
		return TAG_NONE;
	if (strcmp(s, "!") == 0 || strcmp(s, YAML_STR_TAG) == 0)
		return TAG_STRING;
	for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++)
		if (strcmp(s, core[i]) == 0)
			return TAG_CORE;
	return TAG_OTHER;
}

/* Whether a value resolved from text is what its tag promises. */
static bool
fits_tag(const jv *v, const char *tag)
{
	double d;

	if (strcmp(tag, YAML_NULL_TAG) == 0)
		return json_is(v, JSON_NULL);
	if (strcmp(tag, YAML_BOOL_TAG) == 0)
		return json_is(v, JSON_BOOL);
	if (strcmp(tag, YAML_INT_TAG) == 0)
		return json_number(v, &d) && d == floor(d);
	return strcmp(tag, YAML_FLOAT_TAG) == 0 && json_is(v, JSON_NUMBER);
}

static int
build_scalar(struct builder *b, const yaml_event_t *ev, size_t at)
{
	struct yaml_node *n = &b->doc->nodes[at];
	const char *s = (const char *)ev->data.scalar.value;
	const char *tag = (const char *)ev->data.scalar.tag;
	size_t len = ev->data.scalar.length;
	enum tag kind = tag_of(ev->data.scalar.tag);
	struct err why;

	if (memchr(s, '\0', len))
		return fail_at(b, n->pos, "NUL in a string");
	if (kind == TAG_OTHER)
		return fail_at(b, n->pos, "unknown tag '%.*s'", YAML_SHOWN_MAX,
		    tag);
	n->weight += len;
	if (kind == TAG_STRING || (kind == TAG_NONE &&
	    ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)) {
		n->value = json_from_bytes(s, len);
		return 0;
	}
	if (yaml_scalar(s, len, &n->value, &why) < 0)
		return fail_at(b, n->pos, "%s", why.text);
	if (kind == TAG_CORE && !fits_tag(&n->value, tag))
		return fail_at(b, n->pos, "'%.*s' does not fit its tag",
		    YAML_SHOWN_MAX, s);
	return 0;
}

/* Remembers the anchor of a node, if it has one; the last of a name wins. */
static int
add_anchor(struct builder *b, const yaml_char_t *name, size_t node)
{
	if (!name)
		return 0;
	if (b->anchor_count == ANCHORS_MAX)
		return fail_at(b, b->doc->nodes[node].pos,
		    "more than %d anchors", ANCHORS_MAX);
	GROW(b->anchors, b->anchor_count, b->anchor_cap);
	b->anchors[b->anchor_count++] = (struct anchor){
	    xstrdup((const char *)name), node };
	return 0;
}

static int
build_alias(struct builder *b, const yaml_event_t *ev, size_t at, int depth)
{
	struct yaml_node *n = &b->doc->nodes[at];
	const char *name = (const char *)ev->data.alias.anchor;
	size_t i = b->anchor_count;
	const struct yaml_node *target;

	while (i > 0 && strcmp(b->anchors[i - 1].name, name) != 0)
		i--;
	if (i == 0)
		return fail_at(b, n->pos, "alias '*%.*s' has no anchor",
		    YAML_SHOWN_MAX, name);
	n->alias = b->anchors[i - 1].node;
	target = &b->doc->nodes[n->alias];
	if (json_is(&target->value, JSON_NOTHING))
		return fail_at(b, n->pos, "alias '*%.*s' is inside what it "
		    "stands for", YAML_SHOWN_MAX, name);
	if (depth + target->height > YAML_DEPTH_MAX)
		return fail_at(b, n->pos, "nested more than %d deep",
		    YAML_DEPTH_MAX);
	n->weight = target->weight;
	n->height = target->height;
	n->value = json_copy(&target->value);
	return 0;
}

static int build_node(struct builder *b, const yaml_event_t *ev, size_t at,
    int depth);

static int
build_sequence(struct builder *b, size_t at, int depth)
{
	AUTO_JV jv array = json_array();

	for (;;) {
		AUTO_EVENT yaml_event_t ev = { 0 };
		size_t child;

		if (next_event(b, &ev) < 0)
			return -1;
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (add_node(b, at, pos_of(&ev.start_mark), &child) < 0 ||
		    build_node(b, &ev, child, depth + 1) < 0 ||
		    weigh(b, at, child) < 0)
			return -1;
		json_append(&array, json_copy(&b->doc->nodes[child].value));
	}
	b->doc->nodes[at].value = json_copy(&array);
	return 0;
}

/* Whether a key asks for a merge: quoted it is a key like any other. */
static bool
is_merge(const yaml_event_t *ev)
{
	return ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp((const char *)ev->data.scalar.value, "<<") == 0;
}

/* The node for the value of a key, which must be new to `object`. */
static int
add_member(struct builder *b, const yaml_event_t *ev, const jv *object,
    size_t parent, size_t *ret)
{
	struct yaml_pos at = pos_of(&ev->start_mark);
	const char *key = (const char *)ev->data.scalar.value;
	enum tag tag;

	if (ev->type != YAML_SCALAR_EVENT)
		return fail_at(b, at, "a key must be a word");
	tag = tag_of(ev->data.scalar.tag);
	if (tag != TAG_NONE && tag != TAG_STRING)
		return fail_at(b, at, "a key with a tag");
	if (strlen(key) != ev->data.scalar.length)
		return fail_at(b, at, "NUL in a key");
	if (!is_merge(ev) && json_has(object, key))
		return fail_at(b, at, "key '%.*s' occurs twice", YAML_SHOWN_MAX,
		    key);
	if (add_node(b, parent, at, ret) < 0)
		return -1;
	b->doc->nodes[*ret].key = xstrdup(key);
	b->doc->nodes[*ret].weight += strlen(key);
	b->doc->nodes[*ret].merge = is_merge(ev);
	return 0;
}

/* Adds the members of `from` that `object` has not. */
static void
merge_into(jv *object, const jv *from)
{
	JSON_EACH(from, i) {
		const char *key = json_iter_key(from, i);
		if (!json_has(object, key))
			json_set(object, key, json_iter_value(from, i));
	}
}

/* What the merge keys of a mapping bring: its own keys win, then the first. */
static int
merge_members(struct builder *b, size_t at, jv *object)
{
	const struct yaml_node *nodes = b->doc->nodes;

	for (size_t i = nodes[at].first; i; i = nodes[i].next) {
		const jv *v = &nodes[i].value;

		if (!nodes[i].merge)
			continue;
		if (json_is(v, JSON_OBJECT))
			merge_into(object, v);
		else if (!json_is(v, JSON_ARRAY))
			return fail_at(b, nodes[i].pos,
			    "'<<' takes a mapping or a list of mappings");
		for (size_t k = 0; k < json_count(v); k++) {
			AUTO_JV jv one = json_at(v, k);
			if (json_is(v, JSON_OBJECT))
				break;
			if (!json_is(&one, JSON_OBJECT))
				return fail_at(b, nodes[i].pos, "'<<' takes "
				    "a mapping or a list of mappings");
			merge_into(object, &one);
		}
	}
	return 0;
}

static int
build_mapping(struct builder *b, size_t at, int depth)
{
	AUTO_JV jv object = json_object();

	for (;;) {
		AUTO_EVENT yaml_event_t key = { 0 };
		AUTO_EVENT yaml_event_t value = { 0 };
		const struct yaml_node *n;
		size_t child;

		if (next_event(b, &key) < 0)
			return -1;
		if (key.type == YAML_MAPPING_END_EVENT)
			break;
		if (add_member(b, &key, &object, at, &child) < 0 ||
		    next_event(b, &value) < 0)
			return -1;
		b->doc->nodes[child].pos = pos_of(&value.start_mark);
		if (build_node(b, &value, child, depth + 1) < 0 ||
		    weigh(b, at, child) < 0)
			return -1;
		n = &b->doc->nodes[child];
		if (!n->merge)
			json_set(&object, n->key, json_copy(&n->value));
	}
	if (merge_members(b, at, &object) < 0)
		return -1;
	b->doc->nodes[at].value = json_copy(&object);
	return 0;
}

/* Fills node `at` with the value that `ev` begins; recursion is bounded. */
static int
build_node(struct builder *b, const yaml_event_t *ev, size_t at, int depth)
{
	struct yaml_pos pos = b->doc->nodes[at].pos;
	bool map = ev->type == YAML_MAPPING_START_EVENT;
	enum tag tag;

	if (depth > YAML_DEPTH_MAX)
		return fail_at(b, pos, "nested more than %d deep",
		    YAML_DEPTH_MAX);
	if (ev->type == YAML_ALIAS_EVENT)
		return build_alias(b, ev, at, depth);
	if (ev->type == YAML_SCALAR_EVENT) {
		if (add_anchor(b, ev->data.scalar.anchor, at) < 0)
			return -1;
		return build_scalar(b, ev, at);
	}
	tag = tag_of(map ? ev->data.mapping_start.tag :
	    ev->data.sequence_start.tag);
	if (tag != TAG_NONE && tag != TAG_CORE)
		return fail_at(b, pos, "unknown tag on a %s",
		    map ? "mapping" : "list");
	if (add_anchor(b, map ? ev->data.mapping_start.anchor :
	    ev->data.sequence_start.anchor, at) < 0)
		return -1;
	return map ? build_mapping(b, at, depth) :
	    build_sequence(b, at, depth);
}

/* Skips to the first event of the document; false at the end of the text. */
static int
skip_to_document(struct builder *b, yaml_event_t *ev)
{
	for (;;) {
		if (next_event(b, ev) < 0)
			return -1;
		if (ev->type != YAML_STREAM_START_EVENT &&
		    ev->type != YAML_DOCUMENT_START_EVENT &&
		    ev->type != YAML_DOCUMENT_END_EVENT)
			return ev->type != YAML_STREAM_END_EVENT;
		yaml_event_delete(ev);
	}
}

static int
build_document(struct builder *b)
{
	AUTO_EVENT yaml_event_t ev = { 0 };
	AUTO_EVENT yaml_event_t rest = { 0 };
	int more = skip_to_document(b, &ev);
	size_t root;

	if (more < 0)
		return -1;
	if (add_node(b, 0, pos_of(&ev.start_mark), &root) < 0)
		return -1;
	if (!more) {
		b->doc->nodes[root].value = json_null();
	} else {
		if (build_node(b, &ev, root, 1) < 0)
			return -1;
		more = skip_to_document(b, &rest);
		if (more < 0)
			return -1;
		if (more)
			return fail_at(b, pos_of(&rest.start_mark),
			    "a second document");
	}
	b->doc->value = json_copy(&b->doc->nodes[root].value);
	return 0;
}

int
yaml_parse(const char *name, const char *text, size_t len,
    struct yaml_doc *ret, struct err *e)
{
	struct yaml_doc doc = YAML_DOC_INIT;
	struct builder b = { .doc = &doc, .text = text, .len = len, .e = e };
	int status;

	doc.name = xstrdup(name);
	if (!yaml_parser_initialize(&b.parser)) {
		yaml_release(&doc);
		return err_set(e, ST_SYSTEM, "out of memory");
	}
	yaml_parser_set_input_string(&b.parser,
	    (const unsigned char *)text, len);
	status = build_document(&b);
	yaml_parser_delete(&b.parser);
	for (size_t i = 0; i < b.anchor_count; i++)
		free(b.anchors[i].name);
	free(b.anchors);
	if (status < 0) {
		yaml_release(&doc);
		return -1;
	}
	yaml_release(ret);
	*ret = doc;
	return 0;
}

int
yaml_read(const char *path, struct yaml_doc *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (path_read(path, YAML_TEXT_MAX, &text, e) < 0) {
		if (e->status == ST_DATA)
			e->status = ST_CONFIG;
		return -1;
	}
	return yaml_parse(path, text.data, text.len, ret, e);
}
