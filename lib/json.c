/*
 * json: JSON values, over libjq.
 *
 * Each jv handed to libjq is written jv_copy(*x), which keeps ours, or take(),
 * which gives it away.  Borrowed by libjq 1.6 are only jv_get_kind,
 * jv_is_valid, jv_string_value, jv_number_value and the iterators.
 */
#include "config.h"

#include "json.h"

#include <limits.h>
#include <math.h>

#include "alloc.h"
#include "num.h"
#include "strs.h"

/* Integers of a double are exact up to here. */
static const double exact_max = 9007199254740992.0;

static jv
take(jv *v)
{
	jv given = *v;

	*v = jv_invalid();
	return given;
}

enum json_kind
json_kind(const jv *v)
{
	switch (jv_get_kind(*v)) {
	case JV_KIND_NULL:
		return JSON_NULL;
	case JV_KIND_FALSE:
	case JV_KIND_TRUE:
		return JSON_BOOL;
	case JV_KIND_NUMBER:
		return JSON_NUMBER;
	case JV_KIND_STRING:
		return JSON_STRING;
	case JV_KIND_ARRAY:
		return JSON_ARRAY;
	case JV_KIND_OBJECT:
		return JSON_OBJECT;
	case JV_KIND_INVALID:
		break;
	}
	return JSON_NOTHING;
}

const char *
json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		"nothing", "null", "boolean", "number", "string", "array",
		"object"
	};

	return names[kind];
}

bool
json_is(const jv *v, enum json_kind kind)
{
	return json_kind(v) == kind;
}

bool
json_equal(const jv *a, const jv *b)
{
	return jv_equal(jv_copy(*a), jv_copy(*b));
}

int
json_compare(const jv *a, const jv *b)
{
	int r = jv_cmp(jv_copy(*a), jv_copy(*b));

	return (r > 0) - (r < 0);
}

jv
json_copy(const jv *v)
{
	return jv_copy(*v);
}

/*
 * A key as libjq wants it.  Nearly all are literals of ours, asked for again
 * and again, and making a string costs more than finding it: so the last ones
 * are kept, by the address of the literal, and compared, since a buffer may
 * hold another word by now.  The only state of this module.
 */
static jv
key_string(const char *key)
{
	static struct {
		const char *at;
		jv string;
	} kept[256];
	size_t i = ((uintptr_t)key ^ (uintptr_t)key >> 8) & 255;

	if (kept[i].at == key && strcmp(jv_string_value(kept[i].string),
	    key) == 0)
		return jv_copy(kept[i].string);
	if (strlen(key) > 32)
		return jv_string(key);
	if (kept[i].at)
		jv_free(kept[i].string);
	kept[i].at = key;
	kept[i].string = jv_string(key);
	return jv_copy(kept[i].string);
}

jv
json_get(const jv *object, const char *key)
{
	if (!json_is(object, JSON_OBJECT))
		return JSON_NONE;
	return jv_object_get(jv_copy(*object), key_string(key));
}

jv
json_member(const jv *object, const jv *key)
{
	if (!json_is(object, JSON_OBJECT) || !json_is(key, JSON_STRING))
		return JSON_NONE;
	return jv_object_get(jv_copy(*object), jv_copy(*key));
}

jv
json_at(const jv *array, size_t i)
{
	if (!json_is(array, JSON_ARRAY) || i >= json_count(array))
		return JSON_NONE;
	return jv_array_get(jv_copy(*array), (int)i);
}

bool
json_has(const jv *object, const char *key)
{
	return json_is(object, JSON_OBJECT) &&
	    jv_object_has(jv_copy(*object), key_string(key));
}

bool
json_has_string(const jv *array, const char *text)
{
	for (size_t i = 0; i < json_count(array); i++) {
		AUTO_JV jv v = json_at(array, i);

		if (json_string(&v) && strcmp(json_string(&v), text) == 0)
			return true;
	}
	return false;
}

size_t
json_count(const jv *v)
{
	if (json_is(v, JSON_ARRAY))
		return (size_t)jv_array_length(jv_copy(*v));
	if (json_is(v, JSON_OBJECT))
		return (size_t)jv_object_length(jv_copy(*v));
	return 0;
}

/* The step of a path that is the `len` bytes at `name`. */
static jv
path_step(const jv *v, const char *name, size_t len)
{
	AUTO_FREE char *key = xstrndup(name, len);
	int64_t i;

	if (!json_is(v, JSON_ARRAY))
		return json_get(v, key);
	if (num_parse_int(key, 0, INT_MAX, &i) < 0)
		return JSON_NONE;
	return json_at(v, (size_t)i);
}

jv
json_path(const jv *v, const char *path)
{
	jv at = json_copy(v);

	while (*path) {
		size_t len = strcspn(path, ".");
		jv next = path_step(&at, path, len);
		jv_free(at);
		at = next;
		path += len + (path[len] == '.');
	}
	return at;
}

/*
 * The value stays alive in the object that it was found in, so the pointer
 * does too.
 */
static const char *
borrow_string(jv found)
{
	const char *s = json_string(&found);

	jv_free(found);
	return s;
}

const char *
json_str(const jv *object, const char *key)
{
	return borrow_string(json_get(object, key));
}

const char *
json_path_str(const jv *v, const char *path)
{
	return borrow_string(json_path(v, path));
}

bool
json_num(const jv *object, const char *key, double *ret)
{
	AUTO_JV jv v = json_get(object, key);

	return json_number(&v, ret);
}

bool
json_int(const jv *object, const char *key, int64_t *ret)
{
	double d;

	if (!json_num(object, key, &d) || fabs(d) > exact_max ||
	    d != floor(d))
		return false;
	*ret = (int64_t)d;
	return true;
}

bool
json_bool(const jv *object, const char *key, bool *ret)
{
	AUTO_JV jv v = json_get(object, key);

	if (!json_is(&v, JSON_BOOL))
		return false;
	*ret = jv_get_kind(v) == JV_KIND_TRUE;
	return true;
}

const char *
json_string(const jv *v)
{
	return json_is(v, JSON_STRING) ? jv_string_value(*v) : NULL;
}

size_t
json_string_len(const jv *v)
{
	if (!json_is(v, JSON_STRING))
		return 0;
	return (size_t)jv_string_length_bytes(jv_copy(*v));
}

bool
json_number(const jv *v, double *ret)
{
	if (!json_is(v, JSON_NUMBER))
		return false;
	*ret = jv_number_value(*v);
	return true;
}

bool
json_is_true(const jv *v)
{
	switch (jv_get_kind(*v)) {
	case JV_KIND_INVALID:
	case JV_KIND_NULL:
	case JV_KIND_FALSE:
		return false;
	default:
		return true;
	}
}

jv
json_object(void)
{
	return jv_object();
}

jv
json_array(void)
{
	return jv_array();
}

jv
json_null(void)
{
	return jv_null();
}

jv
json_from_bool(bool b)
{
	return jv_bool(b);
}

jv
json_from_num(double d)
{
	return jv_number(d);
}

jv
json_from_int(int64_t i)
{
	return jv_number((double)i);
}

jv
json_from_str(const char *s)
{
	return s ? json_from_bytes(s, strlen(s)) : jv_null();
}

jv
json_from_bytes(const char *s, size_t len)
{
	/* libjq counts in int; nothing of ours comes near */
	return jv_string_sized(s, len > INT_MAX ? INT_MAX : (int)len);
}

jv
json_from_strs(const struct strs *list)
{
	jv array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_append(&array, json_from_str(list->v[i]));
	return array;
}

void
json_set(jv *object, const char *key, jv value)
{
	if (!json_is(object, JSON_OBJECT) || !jv_is_valid(value)) {
		jv_free(value);
		return;
	}
	*object = jv_object_set(take(object), key_string(key), value);
}

void
json_set_str(jv *object, const char *key, const char *s)
{
	if (s)
		json_set(object, key, json_from_str(s));
}

void
json_set_int(jv *object, const char *key, int64_t i)
{
	json_set(object, key, json_from_int(i));
}

void
json_set_num(jv *object, const char *key, double d)
{
	json_set(object, key, jv_number(d));
}

void
json_set_bool(jv *object, const char *key, bool b)
{
	json_set(object, key, jv_bool(b));
}

void
json_unset(jv *object, const char *key)
{
	if (json_is(object, JSON_OBJECT))
		*object = jv_object_delete(take(object), key_string(key));
}

void
json_append(jv *array, jv value)
{
	if (!json_is(array, JSON_ARRAY) || !jv_is_valid(value)) {
		jv_free(value);
		return;
	}
	*array = jv_array_append(take(array), value);
}

jv
json_merge(const jv *a, const jv *b)
{
	if (!json_is(a, JSON_OBJECT) || !json_is(b, JSON_OBJECT))
		return json_copy(jv_is_valid(*b) ? b : a);
	if (json_count(a) == 0)
		return json_copy(b);
	return jv_object_merge_recursive(jv_copy(*a), jv_copy(*b));
}

int
json_iter_first(const jv *object)
{
	int i;

	if (!json_is(object, JSON_OBJECT))
		return -1;
	i = jv_object_iter(*object);
	return jv_object_iter_valid(*object, i) ? i : -1;
}

int
json_iter_next(const jv *object, int i)
{
	i = jv_object_iter_next(*object, i);
	return jv_object_iter_valid(*object, i) ? i : -1;
}

const char *
json_iter_key(const jv *object, int i)
{
	return borrow_string(jv_object_iter_key(*object, i));
}

jv
json_iter_name(const jv *object, int i)
{
	return jv_object_iter_key(*object, i);
}

size_t
json_iter_key_len(const jv *object, int i)
{
	AUTO_JV jv key = jv_object_iter_key(*object, i);

	return json_string_len(&key);
}

jv
json_iter_value(const jv *object, int i)
{
	return jv_object_iter_value(*object, i);
}
