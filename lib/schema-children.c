/* schema-children: whether the members or elements of a value pass. */
#include "config.h"

#include "schema-impl.h"

#include "alloc.h"

enum { NAMES_SHOWN = 300 };	/* bytes of names in a reason */

#define UNUSED ((void)k, (void)n, (void)r, (void)v, (void)at, (void)seen)

/* Arrays. */

static bool
check_element(struct schema_checker *k, const struct schema_node *sub,
    const jv *v, size_t i, const struct schema_place *at)
{
	AUTO_JV jv one = json_at(v, i);

	return schema_eval_child(k, sub, &one, NULL, i, at);
}

SCHEMA_CHECK(prefix_items)
{
	size_t count = json_count(v);
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_ARRAY))
		return true;
	for (size_t i = 0; i < count && i < r->nsubs; i++) {
		if (!check_element(k, r->subs[i], v, i, at))
			good = false;
		schema_seen_add(seen, i);
	}
	return good;
}

SCHEMA_CHECK(items)
{
	struct schema_rule *prefix = schema_rule(n, "prefixItems");
	size_t from = prefix ? prefix->nsubs : 0, count = json_count(v);
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_ARRAY))
		return true;
	if (r->subs[0]->constant == 0 && count > from)
		return schema_fail(k, at, "must have at most %zu elements, "
		    "has %zu", from, count);
	for (size_t i = from; i < count && (good || k->reasons); i++)
		if (!check_element(k, r->subs[0], v, i, at))
			good = false;
	if (seen && count > from)
		seen->all = true;
	return good;
}

SCHEMA_CHECK(contains)
{
	struct schema_rule *min = schema_rule(n, "minContains"),
	    *max = schema_rule(n, "maxContains");
	double least = min ? min->num : 1;
	struct schema_reasons *reasons = k->reasons;
	size_t fits = 0;

	UNUSED;
	if (!json_is(v, JSON_ARRAY))
		return true;
	k->reasons = NULL;
	for (size_t i = 0; i < json_count(v); i++)
		if (check_element(k, r->subs[0], v, i, at)) {
			fits++;
			schema_seen_add(seen, i);
		}
	k->reasons = reasons;
	AUTO_FREE char *what = k->reasons ? schema_show(&r->value) : NULL;
	if ((double)fits < least)
		return schema_fail(k, at, "must have at least %.0f element%s "
		    "that fit %s, has %zu", least, least == 1 ? "" : "s",
		    what, fits);
	return !max || (double)fits <= max->num || schema_fail(k, at,
	    "must have at most %.0f elements that fit %s, has %zu", max->num,
	    what, fits);
}

SCHEMA_CHECK(unevaluated_items)
{
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_ARRAY))
		return true;
	for (size_t i = 0; i < json_count(v) && (good || k->reasons); i++) {
		if (schema_seen_has(seen, i))
			continue;
		if (r->subs[0]->constant == 0)
			good = schema_fail(k, at,
			    "element %zu is not allowed", i);
		else if (!check_element(k, r->subs[0], v, i, at))
			good = false;
	}
	seen->all = true;
	return good;
}

/* Objects. */

static bool
check_member(struct schema_checker *k, const struct schema_node *sub,
    const jv *v, int i, const jv *name, const struct schema_place *at)
{
	AUTO_JV jv one = json_iter_value(v, i);

	return schema_eval_child(k, sub, &one, name, 0, at);
}

/* The number of a name among the subschemas, or -1. */
static int
find_name(const struct schema_rule *r, const jv *name)
{
	AUTO_JV jv found = json_member(&r->index, name);
	double d;

	return json_number(&found, &d) ? (int)d : -1;
}

SCHEMA_CHECK(properties)
{
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(v, i) {
		AUTO_JV jv name = json_iter_name(v, i);
		int sub = find_name(r, &name);
		if (sub < 0)
			continue;
		if (!check_member(k, r->subs[sub], v, i, &name, at))
			good = false;
		schema_seen_add(seen, (size_t)i);
	}
	return good;
}

static bool
matches(struct schema_checker *k, const struct schema_rule *r, size_t i,
    const jv *name)
{
	int found = pattern_match(r->patterns[i], json_string(name),
	    json_string_len(name));

	if (found == PATTERN_GAVE_UP)
		k->fatal = "has a pattern that takes too long";
	return found == 1;
}

SCHEMA_CHECK(pattern_properties)
{
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(v, i) {
		AUTO_JV jv name = json_iter_name(v, i);
		for (size_t p = 0; p < r->nsubs && schema_spend(k, 1); p++) {
			if (!matches(k, r, p, &name))
				continue;
			if (!check_member(k, r->subs[p], v, i, &name, at))
				good = false;
			schema_seen_add(seen, (size_t)i);
		}
	}
	return good;
}

/* "'x' is not allowed", and what is. */
static bool
refuse_member(struct schema_checker *k, const struct schema_node *n,
    const jv *name, const struct schema_place *at)
{
	const struct schema_rule *known = schema_rule(n, "properties");
	struct buf b = BUF_INIT;

	if (!k->reasons)
		return false;
	for (size_t i = 0; known && i < known->nnames &&
	    b.len < NAMES_SHOWN; i++) {
		AUTO_FREE char *one = schema_show(&known->names[i]);
		buf_addf(&b, "%s%s", i ? ", " : " (known: ", one);
	}
	if (b.len > 0)
		buf_adds(&b, b.len < NAMES_SHOWN ? ")" : ", ...)");
	AUTO_FREE char *shown = schema_show(name);
	schema_fail(k, at, "%s is not allowed%s", shown,
	    b.data ? b.data : "");
	buf_release(&b);
	return false;
}

SCHEMA_CHECK(additional)
{
	struct schema_rule *known = schema_rule(n, "properties"),
	    *like = schema_rule(n, "patternProperties");
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(v, i) {
		AUTO_JV jv name = json_iter_name(v, i);
		bool other = !known || find_name(known, &name) < 0;
		for (size_t p = 0; like && other && p < like->nsubs; p++)
			other = !matches(k, like, p, &name);
		if (!other)
			continue;
		if (r->subs[0]->constant == 0)
			good = refuse_member(k, n, &name, at);
		else if (!check_member(k, r->subs[0], v, i, &name, at))
			good = false;
		schema_seen_add(seen, (size_t)i);
	}
	return good;
}

SCHEMA_CHECK(names)
{
	struct schema_reasons *outer = k->reasons;
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(v, i) {
		AUTO_JV jv name = json_iter_name(v, i);
		struct schema_reasons why = { .max = 1 };
		struct schema_place here = { at, &name, 0 };
		bool fits;
		why.base = &here;
		k->reasons = outer ? &why : NULL;
		fits = schema_eval(k, r->subs[0], &name, &here, NULL);
		k->reasons = outer;
		if (!fits) {
			AUTO_FREE char *shown = schema_show(&name);
			good = schema_fail(k, at, "the name %s: %.*s", shown,
			    (int)(why.text.len ? why.text.len - 1 : 0),
			    why.text.data ? why.text.data : "");
		}
		buf_release(&why.text);
	}
	return good;
}

SCHEMA_CHECK(unevaluated_properties)
{
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(v, i) {
		AUTO_JV jv name = json_iter_name(v, i);
		if (schema_seen_has(seen, (size_t)i))
			continue;
		if (r->subs[0]->constant == 0)
			good = refuse_member(k, n, &name, at);
		else if (!check_member(k, r->subs[0], v, i, &name, at))
			good = false;
	}
	seen->all = true;
	return good;
}
