/* schema-rule: whether a value passes a keyword. */
#include "config.h"

#include <math.h>

#include "schema-impl.h"

#include "alloc.h"
#include "num.h"
#include "utf8.h"

/* The parameters that a rule does not look at. */
#define UNUSED ((void)k, (void)n, (void)r, (void)v, (void)at, (void)seen)

static bool
is_integer(const jv *v)
{
	double d;

	return json_number(v, &d) && d == floor(d);
}

static bool
named(const struct schema_rule *r, const char *name)
{
	return strcmp(r->keyword->name, name) == 0;
}

SCHEMA_CHECK(type)
{
	unsigned mask = (unsigned)r->num;
	struct buf b = BUF_INIT;

	UNUSED;
	if (mask >> json_kind(v) & 1 || (mask & 1 && is_integer(v)))
		return true;
	if (!k->reasons)
		return false;
	for (enum json_kind i = JSON_NOTHING; i <= JSON_OBJECT; i++)
		if (mask >> i & 1)
			buf_addf(&b, "%s%s", b.len ? " or " : "",
			    i == JSON_NOTHING ? "integer" : json_kind_name(i));
	AUTO_FREE char *got = mask & 1 && json_is(v, JSON_NUMBER) ?
	    json_text(v) : xstrdup(json_kind_name(json_kind(v)));
	schema_fail(k, at, "expected %s, got %s", b.data, got);
	buf_release(&b);
	return false;
}

SCHEMA_CHECK(enum)
{
	struct buf b = BUF_INIT;
	size_t count = json_count(&r->value);

	UNUSED;
	for (size_t i = 0; i < count; i++) {
		AUTO_JV jv one = json_at(&r->value, i);
		if (json_equal(&one, v))
			return true;
		if (!schema_spend(k, 1))
			return false;
	}
	if (!k->reasons)
		return false;
	for (size_t i = 0; i < count && b.len < 400; i++) {
		AUTO_JV jv one = json_at(&r->value, i);
		AUTO_FREE char *text = schema_show(&one);
		buf_addf(&b, "%s%s", i ? ", " : "", text);
		if (i + 1 < count && b.len >= 400)
			buf_adds(&b, ", ...");
	}
	AUTO_FREE char *got = schema_show(v);
	schema_fail(k, at, "must be %s%s, not %s", count > 1 ? "one of " : "",
	    count ? b.data : "nothing at all", got);
	buf_release(&b);
	return false;
}

SCHEMA_CHECK(const)
{
	UNUSED;
	if (json_equal(&r->value, v))
		return true;
	if (!k->reasons)
		return false;
	AUTO_FREE char *wanted = schema_show(&r->value);
	AUTO_FREE char *got = schema_show(v);
	return schema_fail(k, at, "must be %s, not %s", wanted, got);
}

/* A double as people wrote it: digits and a power of ten. */
struct decimal {
	uint64_t digits;
	int exponent;
};

static struct decimal
decimal_of(double d)
{
	struct decimal ret = { 0, 0 };
	char text[40];
	int64_t exponent = 0;

	for (int precision = 0; precision <= 16; precision++) {
		double back;
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (num_parse_double(text, &back) == 0 && back == d)
			break;
	}
	for (const char *s = text; *s && *s != 'e'; s++)
		if (*s >= '0' && *s <= '9') {
			ret.digits = ret.digits * 10 + (uint64_t)(*s - '0');
			ret.exponent--;
		}
	const char *e = strchr(text, 'e');
	if (e)
		num_parse_int(e + (e[1] == '+' ? 2 : 1), -400, 400, &exponent);
	ret.exponent += (int)exponent + 1;
	while (ret.digits > 0 && ret.digits % 10 == 0) {
		ret.digits /= 10;
		ret.exponent++;
	}
	return ret;
}

/* Exact for the decimal numbers: 0.0075 is a multiple of 0.0001. */
static bool
is_multiple(double value, double of)
{
	struct decimal a, b;

	if (value == 0)
		return true;
	if (!isfinite(value) || !isfinite(of))
		return false;
	a = decimal_of(fabs(value));
	b = decimal_of(of);
	if (b.digits == 0)
		return false;
	for (; a.exponent > b.exponent; a.exponent--)
		a.digits = a.digits % b.digits * 10;
	for (; a.exponent < b.exponent; b.exponent--)
		if (__builtin_mul_overflow(b.digits, 10, &b.digits))
			return false;
	return a.digits % b.digits == 0;
}

SCHEMA_CHECK(multiple)
{
	double d;

	UNUSED;
	if (!json_number(v, &d) || is_multiple(d, r->num))
		return true;
	AUTO_FREE char *of = json_text(&r->value);
	AUTO_FREE char *got = json_text(v);
	return schema_fail(k, at, "%s is no multiple of %s", got, of);
}

SCHEMA_CHECK(bound)
{
	double d;
	bool good;
	const char *words;

	UNUSED;
	if (!json_number(v, &d))
		return true;
	if (named(r, "maximum")) {
		good = d <= r->num;
		words = "must be at most";
	} else if (named(r, "minimum")) {
		good = d >= r->num;
		words = "must be at least";
	} else if (named(r, "exclusiveMaximum")) {
		good = d < r->num;
		words = "must be less than";
	} else {
		good = d > r->num;
		words = "must be greater than";
	}
	if (good)
		return true;
	AUTO_FREE char *bound = json_text(&r->value);
	AUTO_FREE char *got = json_text(v);
	return schema_fail(k, at, "%s %s, not %s", words, bound, got);
}

SCHEMA_CHECK(length)
{
	size_t len, count;

	UNUSED;
	if (!json_is(v, JSON_STRING))
		return true;
	len = json_string_len(v);
	count = utf8_count(json_string(v), len);
	if (named(r, "maxLength"))
		return (double)count <= r->num || schema_fail(k, at,
		    "must have at most %.0f characters, has %zu", r->num,
		    count);
	return (double)count >= r->num || schema_fail(k, at,
	    "must have at least %.0f characters, has %zu", r->num, count);
}

SCHEMA_CHECK(pattern)
{
	int found;

	UNUSED;
	if (!json_is(v, JSON_STRING) || !schema_spend(k,
	    json_string_len(v) / 16))
		return true;
	found = pattern_match(r->patterns[0], json_string(v),
	    json_string_len(v));
	if (found == 1)
		return true;
	if (found == PATTERN_GAVE_UP)
		k->fatal = "has a pattern that takes too long";
	AUTO_FREE char *got = schema_show(v);
	return schema_fail(k, at, "%s does not match the pattern %s", got,
	    json_string(&r->value));
}

/* maxItems, minItems, maxProperties, minProperties */
SCHEMA_CHECK(count)
{
	bool items = named(r, "maxItems") || named(r, "minItems");
	bool most = r->keyword->name[1] == 'a';
	size_t count = json_count(v);

	UNUSED;
	if (!json_is(v, items ? JSON_ARRAY : JSON_OBJECT) ||
	    (most ? (double)count <= r->num : (double)count >= r->num))
		return true;
	return schema_fail(k, at, "must have at %s %.0f %s, has %zu",
	    most ? "most" : "least", r->num, items ? "elements" : "members",
	    count);
}

struct element {
	jv value;
	size_t index;
};

static int
by_value(const void *a, const void *b)
{
	const struct element *x = a, *y = b;

	return json_compare(&x->value, &y->value);
}

SCHEMA_CHECK(unique)
{
	size_t count = json_count(v);
	bool good = true;

	UNUSED;
	if (!json_is_true(&r->value) || !json_is(v, JSON_ARRAY) || count < 2 ||
	    !schema_spend(k, count))
		return true;
	AUTO_FREE struct element *list = xcalloc(count, sizeof(*list));
	for (size_t i = 0; i < count; i++)
		list[i] = (struct element){ json_at(v, i), i };
	qsort(list, count, sizeof(*list), by_value);
	for (size_t i = 1; i < count && good; i++)
		if (by_value(&list[i - 1], &list[i]) == 0)
			good = schema_fail(k, at,
			    "elements %zu and %zu are equal",
			    list[i - 1].index, list[i].index);
	for (size_t i = 0; i < count; i++)
		json_release(&list[i].value);
	return good;
}

static bool
has_member(const jv *object, const jv *name)
{
	AUTO_JV jv v = json_member(object, name);

	return !json_is(&v, JSON_NOTHING);
}

SCHEMA_CHECK(required)
{
	bool good = true;

	UNUSED;
	for (size_t i = 0; json_is(v, JSON_OBJECT) &&
	    i < json_count(&r->value) && schema_spend(k, 1); i++) {
		AUTO_JV jv name = json_at(&r->value, i);
		if (has_member(v, &name))
			continue;
		AUTO_FREE char *shown = schema_show(&name);
		good = schema_fail(k, at, "lacks %s", shown);
	}
	return good;
}

/* Whether all the names in a list are there, given that `because` is. */
static bool
check_names(struct schema_checker *k, const jv *v, const jv *names,
    const jv *because, const struct schema_place *at)
{
	bool good = true;

	for (size_t i = 0; i < json_count(names) && schema_spend(k, 1); i++) {
		AUTO_JV jv name = json_at(names, i);
		if (has_member(v, &name))
			continue;
		AUTO_FREE char *shown = schema_show(&name);
		AUTO_FREE char *reason = schema_show(because);
		good = schema_fail(k, at, "lacks %s, which %s needs", shown,
		    reason);
	}
	return good;
}

SCHEMA_CHECK(dependent_required)
{
	bool good = true;

	UNUSED;
	if (!json_is(v, JSON_OBJECT))
		return true;
	JSON_EACH(&r->value, i) {
		AUTO_JV jv name = json_iter_name(&r->value, i);
		AUTO_JV jv names = json_iter_value(&r->value, i);
		if (json_is(&names, JSON_ARRAY) && has_member(v, &name) &&
		    !check_names(k, v, &names, &name, at))
			good = false;
	}
	return good;
}

SCHEMA_CHECK(format)
{
	UNUSED;
	if (r->format < 0 || !json_is(v, JSON_STRING) ||
	    schema_format_holds(r->format, json_string(v),
	    json_string_len(v)))
		return true;
	AUTO_FREE char *got = schema_show(v);
	return schema_fail(k, at, "%s is no %s", got, json_string(&r->value));
}

/* References. */

SCHEMA_CHECK(ref)
{
	UNUSED;
	return schema_eval(k, r->subs[0], v, at, seen);
}

/* The outermost resource on the way here that has the anchor wins. */
SCHEMA_CHECK(dynamic_ref)
{
	struct schema_node *target = r->subs[0];

	UNUSED;
	for (const struct schema_scope *s = k->scope; s && r->anchor;
	    s = s->up)
		for (size_t i = 0; i < s->resource->nanchors; i++)
			if (s->resource->anchors[i].dynamic &&
			    strcmp(s->resource->anchors[i].name,
			    r->anchor) == 0)
				target = s->resource->anchors[i].node;
	return schema_eval(k, target, v, at, seen);
}

/* Combining. */

/* One alternative; its first reason goes to `why`. */
static bool
eval_branch(struct schema_checker *k, const struct schema_node *n,
    const jv *v, const struct schema_place *at, struct schema_seen *seen,
    struct schema_reasons *why)
{
	struct schema_reasons *outer = k->reasons;
	bool good;

	*why = (struct schema_reasons){ .max = 1, .base = at };
	k->reasons = outer ? why : NULL;
	good = schema_eval(k, n, v, at, seen);
	k->reasons = outer;
	return good;
}

static void
add_branch(struct buf *to, size_t i, struct schema_reasons *why)
{
	const char *text = why->text.data ? why->text.data : "";

	if (to->len < 600)
		buf_addf(to, "%s(%zu) %.*s", to->len ? "; " : "", i + 1,
		    (int)strcspn(text, "\n"), text);
	buf_release(&why->text);
}

SCHEMA_CHECK(all_of)
{
	bool good = true;

	UNUSED;
	for (size_t i = 0; i < r->nsubs && (good || k->reasons); i++)
		if (!schema_eval(k, r->subs[i], v, at, seen))
			good = false;
	return good;
}

SCHEMA_CHECK(any_of)
{
	struct buf reasons = BUF_INIT;
	bool any = false;

	UNUSED;
	for (size_t i = 0; i < r->nsubs && !(any && !seen); i++) {
		struct schema_reasons why;
		if (eval_branch(k, r->subs[i], v, at, seen, &why))
			any = true;
		add_branch(&reasons, i, &why);
	}
	if (!any)
		schema_fail(k, at, "fits none of the %zu alternatives: %s",
		    r->nsubs, reasons.data ? reasons.data : "");
	buf_release(&reasons);
	return any;
}

SCHEMA_CHECK(one_of)
{
	struct buf reasons = BUF_INIT;
	size_t fits = 0, first = 0, last = 0;

	UNUSED;
	for (size_t i = 0; i < r->nsubs; i++) {
		struct schema_reasons why;
		if (eval_branch(k, r->subs[i], v, at, seen, &why)) {
			first = fits++ ? first : i;
			last = i;
		}
		add_branch(&reasons, i, &why);
	}
	if (fits == 0)
		schema_fail(k, at, "fits none of the %zu alternatives: %s",
		    r->nsubs, reasons.data ? reasons.data : "");
	else if (fits > 1)
		schema_fail(k, at, "fits %zu alternatives (%zu and %zu), "
		    "where only one may", fits, first + 1, last + 1);
	buf_release(&reasons);
	return fits == 1;
}

SCHEMA_CHECK(not)
{
	UNUSED;
	if (!schema_eval_quiet(k, r->subs[0], v, at, NULL))
		return !k->fatal;
	AUTO_FREE char *what = schema_show(&r->value);
	return schema_fail(k, at, "is what is not allowed: %s", what);
}

SCHEMA_CHECK(if)
{
	const struct schema_node *then;

	UNUSED;
	then = schema_eval_quiet(k, r->subs[0], v, at, seen) ? r->then :
	    r->otherwise;
	return !then || schema_eval(k, then, v, at, seen);
}

SCHEMA_CHECK(dependent_schemas)
{
	bool good = true;

	UNUSED;
	for (size_t i = 0; i < r->nsubs; i++)
		if (has_member(v, &r->names[i]) &&
		    !schema_eval(k, r->subs[i], v, at, seen))
			good = false;
	return good;
}

SCHEMA_CHECK(dependencies)
{
	bool names = schema_check_dependent_required(k, n, r, v, at, seen);

	return schema_check_dependent_schemas(k, n, r, v, at, seen) && names;
}
