/*
 * jq-late: libjq, loaded when it is first needed.
 *
 * With what it needs itself it costs 0.2 ms and 0.8 MB at every start, and a
 * sandbox that was given no manifest and makes no report has no JSON.  Linked
 * into agent-sandbox in place of libjq: the functions that json.c and
 * filter.c call, each of which asks the real one.
 *
 * Before that there is only one value: JSON_NONE, which is all zeros in every
 * release of libjq (t/unit/json.c looks), and needs nobody's help.
 */
#include "config.h"

#include <dlfcn.h>

#include "alloc.h"
#include "err.h"
#include "filter-impl.h"
#include "json.h"

static void *libjq;

static void
find(const char *name, void *ret_function)
{
	struct err e = ERR_INIT;
	void *found;

	if (!libjq)
		libjq = dlopen(JQ_SONAME, RTLD_NOW | RTLD_LOCAL);
	found = libjq ? dlsym(libjq, name) : NULL;
	if (!found) {
		err_set(&e, ST_WRAPPER, "cannot load '%s': %s", JQ_SONAME,
		    dlerror());
		exit(err_report(&e));
	}
	/* ISO C has no cast from an object to a function */
	memcpy(ret_function, &found, sizeof(found));
}

#define LATE(type, name, params, args)					\
	type name params						\
	{								\
		static type (*real) params;				\
		if (!real)						\
			find(#name, &real);				\
		return real args;					\
	}

#define LATE_VOID(name, params, args)					\
	void name params						\
	{								\
		static void (*real) params;				\
		if (!real)						\
			find(#name, &real);				\
		real args;						\
	}

/* As LATE, with an answer for as long as there is no value but JSON_NONE. */
#define LATE_OR(type, name, params, early, args)			\
	type name params						\
	{								\
		static type (*real) params;				\
		if (!libjq)						\
			return early;					\
		if (!real)						\
			find(#name, &real);				\
		return real args;					\
	}

static const jv none;

LATE_OR(jv, jv_invalid, (void), none, ())
LATE_OR(jv, jv_copy, (jv v), v, (v))
LATE_OR(jv_kind, jv_get_kind, (jv v), JV_KIND_INVALID, (v))

void
jv_free(jv v)
{
	static void (*real)(jv);

	if (!libjq)
		return;
	if (!real)
		find("jv_free", &real);
	real(v);
}

LATE(jv, jv_null, (void), ())
LATE(jv, jv_bool, (int b), (b))
LATE(jv, jv_number, (double d), (d))
LATE(double, jv_number_value, (jv v), (v))
LATE(jv, jv_invalid_get_msg, (jv v), (v))
LATE(int, jv_equal, (jv a, jv b), (a, b))
LATE(int, jv_cmp, (jv a, jv b), (a, b))
LATE(jv, jv_parse_sized, (const char *s, int len), (s, len))
LATE(jv, jv_dump_string, (jv v, int flags), (v, flags))

LATE(jv, jv_string, (const char *s), (s))
LATE(jv, jv_string_sized, (const char *s, int len), (s, len))
LATE(const char *, jv_string_value, (jv v), (v))
LATE(int, jv_string_length_bytes, (jv v), (v))

LATE(jv, jv_array, (void), ())
LATE(int, jv_array_length, (jv v), (v))
LATE(jv, jv_array_get, (jv v, int i), (v, i))
LATE(jv, jv_array_append, (jv v, jv item), (v, item))

LATE(jv, jv_object, (void), ())
LATE(int, jv_object_length, (jv v), (v))
LATE(int, jv_object_has, (jv v, jv key), (v, key))
LATE(jv, jv_object_get, (jv v, jv key), (v, key))
LATE(jv, jv_object_set, (jv v, jv key, jv value), (v, key, value))
LATE(jv, jv_object_delete, (jv v, jv key), (v, key))
LATE(jv, jv_object_merge_recursive, (jv a, jv b), (a, b))
LATE(int, jv_object_iter, (jv v), (v))
LATE(int, jv_object_iter_next, (jv v, int i), (v, i))
LATE(int, jv_object_iter_valid, (jv v, int i), (v, i))
LATE(jv, jv_object_iter_key, (jv v, int i), (v, i))
LATE(jv, jv_object_iter_value, (jv v, int i), (v, i))

LATE(jq_state *, jq_init, (void), ())
LATE_VOID(jq_teardown, (jq_state **jq), (jq))
LATE_VOID(jq_set_error_cb, (jq_state *jq, jq_msg_cb told, void *arg),
    (jq, told, arg))
LATE(jv, jq_format_error, (jv v), (v))
LATE(int, jq_compile, (jq_state *jq, const char *program), (jq, program))
LATE_VOID(jq_start, (jq_state *jq, jv v, int flags), (jq, v, flags))
LATE(jv, jq_next, (jq_state *jq), (jq))
