/* schema: JSON Schema, draft 2020-12: the interface, and the short form. */
#include "config.h"

#include "schema.h"

#include "alloc.h"
#include "path.h"
#include "schema-impl.h"

enum { FILE_MAX = 16 << 20 };

static void
rule_free(struct schema_rule *r)
{
	for (size_t i = 0; i < r->npatterns; i++)
		pattern_free(r->patterns[i]);
	for (size_t i = 0; i < r->nnames; i++)
		json_release(&r->names[i]);
	json_release(&r->value);
	json_release(&r->index);
	free(r->patterns);
	free(r->names);
	free(r->subs);
	free(r->anchor);
	free(r);
}

static void
node_free(struct schema_node *n)
{
	while (n->rules) {
		struct schema_rule *next = n->rules->next;
		rule_free(n->rules);
		n->rules = next;
	}
	free(n->pointer);
	free(n);
}

static void
resource_free(struct schema_resource *r)
{
	for (size_t i = 0; i < r->nanchors; i++)
		free(r->anchors[i].name);
	free(r->anchors);
	free(r->uri);
	free(r->pointer);
	free(r);
}

void
schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t b = 0; b < SCHEMA_BUCKETS; b++)
		while (s->buckets[b]) {
			struct schema_node *next = s->buckets[b]->chain;
			node_free(s->buckets[b]);
			s->buckets[b] = next;
		}
	for (size_t i = 0; i < s->nresources; i++)
		resource_free(s->resources[i]);
	for (size_t i = 0; i < s->ndocuments; i++)
		json_release(&s->documents[i]);
	free(s->resources);
	free(s->documents);
	free(s);
}

int
schema_check_once(const jv *schema, const jv *value, struct buf *why,
    struct err *e)
{
	struct schema *s = schema_compile(schema, NULL, e);
	int r;

	if (!s)
		return -1;
	r = schema_check(s, value, why, e);
	schema_free(s);
	return r;
}

/* The short form. */

static void
trim(const char **s, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n", **s)) {
		++*s;
		--*len;
	}
	while (*len > 0 && strchr(" \t\r\n", (*s)[*len - 1]))
		--*len;
}

/* a|b|c */
static jv
short_enum(const char *s, size_t len)
{
	AUTO_JV jv list = json_array();
	jv type = json_object();

	for (;;) {
		const char *bar = memchr(s, '|', len);
		size_t n = bar ? (size_t)(bar - s) : len;
		json_append(&list, json_from_bytes(s, n));
		if (!bar)
			break;
		s += n + 1;
		len -= n + 1;
	}
	json_set(&type, "enum", json_copy(&list));
	return type;
}

static int
short_type(const char *s, size_t len, jv *ret, struct err *e)
{
	static const struct {
		const char *name, *type;
	} types[] = {
		{ "str", "string" }, { "string", "string" },
		{ "int", "integer" }, { "integer", "integer" },
		{ "num", "number" }, { "number", "number" },
		{ "float", "number" }, { "bool", "boolean" },
		{ "boolean", "boolean" }, { "any", NULL }
	};

	trim(&s, &len);
	if (len >= 2 && s[0] == '[' && s[len - 1] == ']') {
		AUTO_JV jv items = JSON_NONE;
		if (short_type(s + 1, len - 2, &items, e) < 0)
			return -1;
		*ret = json_object();
		json_set_str(ret, "type", "array");
		json_set(ret, "items", json_copy(&items));
		return 0;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (len == strlen(types[i].name) &&
		    memcmp(s, types[i].name, len) == 0) {
			*ret = json_object();
			json_set_str(ret, "type", types[i].type);
			return 0;
		}
	if (!memchr(s, '|', len))
		return err_set(e, ST_USAGE, "schema: unknown type '%.*s': "
		    "str, int, num, bool, any, a|b or one in brackets",
		    len > 60 ? 60 : (int)len, s);
	*ret = short_enum(s, len);
	return 0;
}

/* NAME[?] [TYPE] [: DESCRIPTION] */
static int
short_field(const char *s, size_t len, jv *properties, jv *required,
    struct err *e)
{
	const char *colon = memchr(s, ':', len);
	const char *what = colon ? colon + 1 : s + len;
	size_t nwhat = (size_t)(s + len - what), n = 0, nname;
	AUTO_JV jv field = JSON_NONE;

	len = colon ? (size_t)(colon - s) : len;
	trim(&s, &len);
	trim(&what, &nwhat);
	while (n < len && !strchr(" \t", s[n]))
		n++;
	nname = n > 0 && s[n - 1] == '?' ? n - 1 : n;
	if (nname == 0)
		return err_set(e, ST_USAGE, "schema: a field without a name");
	AUTO_FREE char *name = xstrndup(s, nname);
	if (json_has(properties, name))
		return err_set(e, ST_USAGE, "schema: '%.60s' is there twice",
		    name);
	if (short_type(n < len ? s + n : "str", n < len ? len - n : 3, &field,
	    e) < 0)
		return -1;
	if (nwhat > 0)
		json_set(&field, "description", json_from_bytes(what, nwhat));
	json_set(properties, name, json_copy(&field));
	if (nname == n)
		json_append(required, json_from_str(name));
	return 0;
}

int
schema_from_short(const char *text, jv *ret, struct err *e)
{
	AUTO_JV jv properties = json_object();
	AUTO_JV jv required = json_array();
	size_t len = strlen(text);
	const char *s = text;
	char separator;

	trim(&s, &len);
	separator = memchr(s, '\n', len) ? '\n' : ',';
	while (len > 0) {
		const char *end = memchr(s, separator, len);
		size_t n = end ? (size_t)(end - s) : len, rest = n;
		const char *field = s;
		trim(&field, &rest);
		if (rest > 0 && short_field(field, rest, &properties,
		    &required, e) < 0)
			return -1;
		s += n + (end != NULL);
		len -= n + (end != NULL);
	}
	if (json_count(&properties) == 0)
		return err_set(e, ST_USAGE, "schema: no fields");
	*ret = json_object();
	json_set_str(ret, "type", "object");
	json_set(ret, "properties", json_copy(&properties));
	json_set(ret, "required", json_copy(&required));
	json_set_bool(ret, "additionalProperties", false);
	return 0;
}

bool
schema_option_is_file(const char *text)
{
	size_t len = strlen(text);

	return text[strspn(text, " \t\r\n")] != '{' && (path_exists(text) ||
	    (len > 5 && strcmp(text + len - 5, ".json") == 0));
}

int
schema_from_option(const char *text, jv *ret, struct err *e)
{
	size_t len = strlen(text);

	if (text[strspn(text, " \t\r\n")] == '{') {
		if (json_parse(text, len, ret, e) == 0)
			return 0;
		return err_prefix(e, "schema");
	}
	if (schema_option_is_file(text)) {
		AUTO_BUF struct buf b = BUF_INIT;
		if (path_read(text, FILE_MAX, &b, e) < 0)
			return -1;
		if (json_parse(b.data ? b.data : "", b.len, ret, e) == 0)
			return 0;
		return err_prefix(e, "'%s'", text);
	}
	return schema_from_short(text, ret, e);
}
