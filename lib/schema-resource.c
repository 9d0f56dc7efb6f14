/*
 * schema-resource: what a schema says of itself: $id, $schema, $vocabulary and
 * anchors (JSON Schema core 2020-12, section 8).
 */
#include "config.h"

#include "schema-impl.h"

#include "alloc.h"
#include "uri.h"

struct schema_resource *
schema_add_resource(struct schema *s, char *uri, size_t document,
    const char *pointer, const struct schema_resource *like)
{
	struct schema_resource *r = xcalloc(1, sizeof(*r));

	r->uri = uri;
	r->document = document;
	r->pointer = xstrdup(pointer);
	r->vocabularies = like ? like->vocabularies : VOC_ALL;
	r->old = like && like->old;
	GROW(s->resources, s->nresources, s->capresources);
	s->resources[s->nresources++] = r;
	return r;
}

struct schema_resource *
schema_find_resource(const struct schema *s, const char *uri)
{
	for (size_t i = 0; i < s->nresources; i++)
		if (strcmp(s->resources[i]->uri, uri) == 0)
			return s->resources[i];
	return NULL;
}

struct schema_anchor *
schema_find_anchor(const struct schema_resource *r, const char *name)
{
	for (size_t i = 0; i < r->nanchors; i++)
		if (strcmp(r->anchors[i].name, name) == 0)
			return &r->anchors[i];
	return NULL;
}

static int
read_id(struct schema *s, struct schema_node *n, const jv *value,
    struct err *e)
{
	const char *id = json_str(value, "$id");
	char *uri, *fragment;

	if (!id && json_has(value, "$id"))
		return schema_refuse(n, e, "$id must be a string");
	/* before 2019, "#name" was what $anchor is now */
	if (!id || (n->resource->old && id[0] == '#'))
		return 0;
	uri = uri_resolve(n->resource->uri, id);
	if ((fragment = strchr(uri, '#')) != NULL) {
		if (fragment[1]) {
			free(uri);
			return schema_refuse(n, e, "$id has a fragment");
		}
		*fragment = '\0';
	}
	n->resource = schema_add_resource(s, uri, n->document, n->pointer,
	    n->resource);
	n->resource->root = n;
	return 0;
}

/* The vocabularies of the metaschema that a document brings along. */
static int
read_vocabularies(struct schema_node *n, const jv *meta, struct err *e)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {
		{ "core", VOC_CORE }, { "applicator", VOC_APPLICATOR },
		{ "unevaluated", VOC_UNEVALUATED },
		{ "validation", VOC_VALIDATION },
		{ "format-annotation", VOC_FORMAT },
		{ "format-assertion", VOC_FORMAT | VOC_FORMAT_ASSERT },
		{ "meta-data", 0 }, { "content", 0 }
	};
	static const char prefix[] =
	    "https://json-schema.org/draft/2020-12/vocab/";
	AUTO_JV jv list = json_get(meta, "$vocabulary");

	if (!json_is(&list, JSON_OBJECT))
		return 0;
	n->resource->vocabularies = VOC_CORE;
	JSON_EACH(&list, i) {
		const char *name = json_iter_key(&list, i);
		AUTO_JV jv required = json_iter_value(&list, i);
		bool found = false;
		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
			    strcmp(name + sizeof(prefix) - 1,
			    known[k].name) == 0) {
				n->resource->vocabularies |= known[k].bit;
				found = true;
			}
		if (!found && json_is_true(&required))
			return schema_refuse(n, e,
			    "needs the unknown vocabulary '%.100s'", name);
	}
	return 0;
}

static int
read_schema(const struct schema_options *o, struct schema_node *n,
    const jv *value, struct err *e)
{
	static const char current[] =
	    "https://json-schema.org/draft/2020-12/schema";
	static const char *const old[] = {
		"://json-schema.org/draft/2019-09/schema",
		"://json-schema.org/draft-07/schema",
		"://json-schema.org/draft-06/schema"
	};
	const char *uri = json_str(value, "$schema");

	if (!uri) {
		return json_has(value, "$schema") ?
		    schema_refuse(n, e, "$schema must be a string") : 0;
	}
	AUTO_FREE char *name = xstrndup(uri, strcspn(uri, "#"));
	n->resource->old = false;
	if (strcmp(name, current) == 0) {
		n->resource->vocabularies = VOC_ALL;
		return 0;
	}
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		if (strstr(name, old[i])) {
			n->resource->old = true;
			return 0;
		}
	for (size_t i = 0; o && i < o->ndocuments; i++)
		if (strcmp(o->documents[i].uri, name) == 0)
			return read_vocabularies(n, o->documents[i].value, e);
	return schema_refuse(n, e, "unknown metaschema '%.200s'", uri);
}

static int
read_anchor(struct schema_node *n, const jv *value, const char *keyword,
    struct err *e)
{
	const char *name = json_str(value, keyword);
	struct schema_resource *r = n->resource;

	if (!name)
		return json_has(value, keyword) ?
		    schema_refuse(n, e, "%s must be a string", keyword) : 0;
	for (size_t i = 0; i < r->nanchors; i++)
		if (strcmp(r->anchors[i].name, name) == 0 &&
		    r->anchors[i].node != n)
			return schema_refuse(n, e,
			    "the anchor '%.100s' is there twice", name);
	GROW(r->anchors, r->nanchors, r->capanchors);
	r->anchors[r->nanchors++] = (struct schema_anchor){
		xstrdup(name), n, strcmp(keyword, "$dynamicAnchor") == 0
	};
	return 0;
}

/* Keywords that an older draft has not, or that mean something else there. */
static int
refuse_old(const struct schema_node *n, const jv *value, struct err *e)
{
	static const char *const changed[] = {
		"additionalItems", "$recursiveRef", "$recursiveAnchor",
		"prefixItems", "$dynamicRef"
	};
	AUTO_JV jv items = json_get(value, "items");

	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++)
		if (json_has(value, changed[i]))
			return schema_refuse(n, e,
			    "'%s' is not supported where $schema names an "
			    "older draft",
			    changed[i]);
	if (json_is(&items, JSON_ARRAY))
		return schema_refuse(n, e, "the array form of items of an "
		    "older draft is not supported: use prefixItems");
	return 0;
}

int
schema_read_resource(struct schema *s, const struct schema_options *options,
    struct schema_node *n, const jv *value, struct err *e)
{
	if (read_id(s, n, value, e) < 0 ||
	    read_schema(options, n, value, e) < 0 ||
	    (n->resource->old && refuse_old(n, value, e) < 0) ||
	    read_anchor(n, value, "$anchor", e) < 0)
		return -1;
	return read_anchor(n, value, "$dynamicAnchor", e);
}
