/* schema-keyword: the keywords, and what their values must look like. */
#include "config.h"

#include <math.h>

#include "schema-impl.h"

#include "alloc.h"

static int
wrong_kind(const struct schema_node *n, const struct schema_rule *r,
    const char *wanted, struct err *e)
{
	return schema_refuse(n, e, "'%s' must be %s, not %s", r->keyword->name,
	    wanted, json_kind_name(json_kind(&r->value)));
}

static void
add_name(struct schema_rule *r, jv name)
{
	r->names = xreallocarray(r->names, r->nnames + 1, sizeof(*r->names));
	r->names[r->nnames++] = name;
}

static int
add_pattern(const struct schema_node *n, struct schema_rule *r,
    const jv *text, struct err *e)
{
	struct err why = ERR_INIT;
	struct pattern *p = pattern_compile(json_string(text),
	    json_string_len(text), &why);

	if (!p)
		return schema_refuse(n, e, "'%s': %.400s", r->keyword->name,
		    why.text);
	r->patterns = xreallocarray(r->patterns, r->npatterns + 1,
	    sizeof(struct pattern *));
	r->patterns[r->npatterns++] = p;
	return 0;
}

static int
compile_type(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	static const char *const known[] = {
		"null", "boolean", "number", "string", "array", "object",
		"integer"
	};
	AUTO_JV jv list = JSON_NONE;
	unsigned mask = 0;

	(void)c;
	if (json_is(&r->value, JSON_STRING)) {
		list = json_array();
		json_append(&list, json_copy(&r->value));
	} else if (json_is(&r->value, JSON_ARRAY) &&
	    json_count(&r->value) > 0) {
		list = json_copy(&r->value);
	} else {
		return wrong_kind(n, r, "a string or a list of strings", e);
	}
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv name = json_at(&list, i);
		const char *s = json_string(&name);
		size_t k = 0;
		while (s && k < sizeof(known) / sizeof(*known) &&
		    strcmp(known[k], s) != 0)
			k++;
		if (!s || k == sizeof(known) / sizeof(*known))
			return schema_refuse(n, e, "unknown type '%.60s'",
			    s ? s : json_kind_name(json_kind(&name)));
		mask |= k == 6 ? 1u : 1u << (k + JSON_NULL);
	}
	r->num = mask;
	return 0;
}

static int
compile_any(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c, (void)n, (void)r, (void)e;
	return 0;
}

static int
compile_array(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	return json_is(&r->value, JSON_ARRAY) ? 0 :
	    wrong_kind(n, r, "an array", e);
}

static int
compile_bool(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	return json_is(&r->value, JSON_BOOL) ? 0 :
	    wrong_kind(n, r, "a boolean", e);
}

static int
compile_number(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	if (!json_number(&r->value, &r->num))
		return wrong_kind(n, r, "a number", e);
	if (r->num <= 0 && strcmp(r->keyword->name, "multipleOf") == 0)
		return schema_refuse(n, e, "'multipleOf' must be above 0");
	return 0;
}

static int
compile_count(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	if (!json_number(&r->value, &r->num))
		return wrong_kind(n, r, "a number", e);
	if (r->num < 0 || r->num != floor(r->num))
		return schema_refuse(n, e, "'%s' must be a whole number, not "
		    "%g", r->keyword->name, r->num);
	return 0;
}

static int
compile_pattern(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	if (!json_is(&r->value, JSON_STRING))
		return wrong_kind(n, r, "a string", e);
	return add_pattern(n, r, &r->value, e);
}

static int
compile_format(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	const char *name = json_string(&r->value);

	r->format = -1;
	if (!name)
		return wrong_kind(n, r, "a string", e);
	if (!schema_asserts_format(c, n))
		return 0;
	if ((r->format = schema_format(name)) == -2)
		return schema_refuse(n, e, "format '%.60s' is not supported",
		    name);
	return 0;
}

static int
check_strings(const struct schema_node *n, const struct schema_rule *r,
    const jv *list, struct err *e)
{
	if (!json_is(list, JSON_ARRAY))
		return wrong_kind(n, r, "lists of strings", e);
	for (size_t i = 0; i < json_count(list); i++) {
		AUTO_JV jv s = json_at(list, i);
		if (!json_is(&s, JSON_STRING))
			return schema_refuse(n, e, "'%s' must hold strings, "
			    "not %s", r->keyword->name,
			    json_kind_name(json_kind(&s)));
	}
	return 0;
}

static int
compile_required(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	return check_strings(n, r, &r->value, e);
}

static int
compile_dependent_required(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	(void)c;
	if (!json_is(&r->value, JSON_OBJECT))
		return wrong_kind(n, r, "an object", e);
	JSON_EACH(&r->value, i) {
		AUTO_JV jv list = json_iter_value(&r->value, i);
		if (check_strings(n, r, &list, e) < 0)
			return -1;
	}
	return 0;
}

/* Keywords whose value is one schema. */
static int
compile_schema(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	struct schema_node *sub = NULL;

	if (schema_compile_sub(c, n, &r->value, r->keyword->name, NULL, &sub,
	    e) < 0)
		return -1;
	schema_rule_add_sub(r, sub);
	return 0;
}

/* ... a list of them ... */
static int
compile_schemas(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	if (!json_is(&r->value, JSON_ARRAY))
		return wrong_kind(n, r, "a list of schemas", e);
	for (size_t i = 0; i < json_count(&r->value); i++) {
		AUTO_JV jv v = json_at(&r->value, i);
		AUTO_FREE char *step = xasprintf("%zu", i);
		struct schema_node *sub = NULL;
		if (schema_compile_sub(c, n, &v, r->keyword->name, step, &sub,
		    e) < 0)
			return -1;
		schema_rule_add_sub(r, sub);
	}
	return 0;
}

static int
add_named(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, const jv *name, const jv *v, struct err *e)
{
	struct schema_node *sub = NULL;

	if (schema_compile_sub(c, n, v, r->keyword->name, json_string(name),
	    &sub, e) < 0)
		return -1;
	if (json_is(&r->index, JSON_NOTHING))
		r->index = json_object();
	json_set(&r->index, json_string(name), json_from_int((int)r->nsubs));
	add_name(r, json_copy(name));
	schema_rule_add_sub(r, sub);
	return 0;
}

/* ... one by name.  A name with NUL in it could not be found again. */
static int
compile_named(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	if (!json_is(&r->value, JSON_OBJECT))
		return wrong_kind(n, r, "an object of schemas", e);
	JSON_EACH(&r->value, i) {
		AUTO_JV jv name = json_iter_name(&r->value, i);
		AUTO_JV jv v = json_iter_value(&r->value, i);
		if (strlen(json_string(&name)) != json_string_len(&name))
			return schema_refuse(n, e, "a name in '%s' contains "
			    "NUL", r->keyword->name);
		if (add_named(c, n, r, &name, &v, e) < 0)
			return -1;
	}
	return 0;
}

static int
compile_pattern_properties(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	if (compile_named(c, n, r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->nnames; i++)
		if (add_pattern(n, r, &r->names[i], e) < 0)
			return -1;
	return 0;
}

/* `dependencies` of older drafts: schemas or lists of names. */
static int
compile_dependencies(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	if (!json_is(&r->value, JSON_OBJECT))
		return wrong_kind(n, r, "an object", e);
	JSON_EACH(&r->value, i) {
		AUTO_JV jv name = json_iter_name(&r->value, i);
		AUTO_JV jv v = json_iter_value(&r->value, i);
		if (json_is(&v, JSON_ARRAY) ? check_strings(n, r, &v, e) < 0 :
		    add_named(c, n, r, &name, &v, e) < 0)
			return -1;
	}
	return 0;
}

/* `then` and `else` come before it in the table. */
static int
compile_if(struct schema_compiler *c, struct schema_node *n,
    struct schema_rule *r, struct err *e)
{
	struct schema_rule *then = schema_rule(n, "then"),
	    *otherwise = schema_rule(n, "else");

	if (compile_schema(c, n, r, e) < 0)
		return -1;
	r->then = then ? then->subs[0] : NULL;
	r->otherwise = otherwise ? otherwise->subs[0] : NULL;
	return 0;
}

const struct schema_keyword schema_keywords[] = {
	{ "$defs", VOC_CORE, compile_named, NULL, false },
	{ "definitions", VOC_CORE, compile_named, NULL, false },
	{ "$ref", VOC_CORE, schema_compile_ref, schema_check_ref, true },
	{ "$dynamicRef", VOC_CORE, schema_compile_ref,
	    schema_check_dynamic_ref, false },
	{ "type", VOC_VALIDATION, compile_type, schema_check_type, false },
	{ "enum", VOC_VALIDATION, compile_array, schema_check_enum, false },
	{ "const", VOC_VALIDATION, compile_any, schema_check_const, false },
	{ "multipleOf", VOC_VALIDATION, compile_number,
	    schema_check_multiple, false },
	{ "maximum", VOC_VALIDATION, compile_number, schema_check_bound,
	    false },
	{ "exclusiveMaximum", VOC_VALIDATION, compile_number,
	    schema_check_bound, false },
	{ "minimum", VOC_VALIDATION, compile_number, schema_check_bound,
	    false },
	{ "exclusiveMinimum", VOC_VALIDATION, compile_number,
	    schema_check_bound, false },
	{ "maxLength", VOC_VALIDATION, compile_count, schema_check_length,
	    false },
	{ "minLength", VOC_VALIDATION, compile_count, schema_check_length,
	    false },
	{ "pattern", VOC_VALIDATION, compile_pattern, schema_check_pattern,
	    false },
	{ "maxItems", VOC_VALIDATION, compile_count, schema_check_count,
	    false },
	{ "minItems", VOC_VALIDATION, compile_count, schema_check_count,
	    false },
	{ "uniqueItems", VOC_VALIDATION, compile_bool, schema_check_unique,
	    false },
	{ "maxContains", VOC_VALIDATION, compile_count, NULL, false },
	{ "minContains", VOC_VALIDATION, compile_count, NULL, false },
	{ "maxProperties", VOC_VALIDATION, compile_count, schema_check_count,
	    false },
	{ "minProperties", VOC_VALIDATION, compile_count, schema_check_count,
	    false },
	{ "required", VOC_VALIDATION, compile_required,
	    schema_check_required, false },
	{ "dependentRequired", VOC_VALIDATION, compile_dependent_required,
	    schema_check_dependent_required, false },
	{ "format", VOC_FORMAT, compile_format, schema_check_format, false },
	{ "prefixItems", VOC_APPLICATOR, compile_schemas,
	    schema_check_prefix_items, false },
	{ "items", VOC_APPLICATOR, compile_schema, schema_check_items,
	    false },
	{ "contains", VOC_APPLICATOR, compile_schema, schema_check_contains,
	    false },
	{ "properties", VOC_APPLICATOR, compile_named,
	    schema_check_properties, false },
	{ "patternProperties", VOC_APPLICATOR, compile_pattern_properties,
	    schema_check_pattern_properties, false },
	{ "additionalProperties", VOC_APPLICATOR, compile_schema,
	    schema_check_additional, false },
	{ "propertyNames", VOC_APPLICATOR, compile_schema,
	    schema_check_names, false },
	{ "allOf", VOC_APPLICATOR, compile_schemas, schema_check_all_of,
	    true },
	{ "anyOf", VOC_APPLICATOR, compile_schemas, schema_check_any_of,
	    true },
	{ "oneOf", VOC_APPLICATOR, compile_schemas, schema_check_one_of,
	    true },
	{ "not", VOC_APPLICATOR, compile_schema, schema_check_not, true },
	{ "then", VOC_APPLICATOR, compile_schema, NULL, false },
	{ "else", VOC_APPLICATOR, compile_schema, NULL, false },
	{ "if", VOC_APPLICATOR, compile_if, schema_check_if, true },
	{ "dependentSchemas", VOC_APPLICATOR, compile_named,
	    schema_check_dependent_schemas, true },
	{ "dependencies", VOC_APPLICATOR, compile_dependencies,
	    schema_check_dependencies, true },
	{ "unevaluatedItems", VOC_UNEVALUATED, compile_schema,
	    schema_check_unevaluated_items, false },
	{ "unevaluatedProperties", VOC_UNEVALUATED, compile_schema,
	    schema_check_unevaluated_properties, false },
	{ NULL, 0, NULL, NULL, false }
};
