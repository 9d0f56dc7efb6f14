/*
 * json: JSON values, over libjq.
 *
 * The only module that calls libjq's jv_* functions (filter.c, which runs jq
 * programs, apart).  libjq consumes most of its arguments and aborts on a
 * value of the wrong kind; here it is the other way round:
 *
 *  - a `const jv *` is borrowed, a `jv` passed by value is taken over;
 *  - a result of type jv is owned: declare it AUTO_JV;
 *  - a value of another kind than asked for counts as not there.
 *
 * A `const char *` result points into the value it was asked of and lives as
 * long as that.  Printed objects are sorted by key.  Numbers are
 * doubles: above 2^53 digits are lost, which is why filters splice the lines
 * that they pass on (ndjson.h) and never print what they parsed.
 */
#ifndef AGENT_JSON_H
#define AGENT_JSON_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

static inline void
json_release(jv *v)
{
	jv_free(*v);
}

#define AUTO_JV __attribute__((cleanup(json_release)))

/* "Not there"; what a failed look-up gives.  Needs no release. */
#define JSON_NONE jv_invalid()

enum json_kind {
	JSON_NOTHING,		/* JSON_NONE */
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum json_kind json_kind(const jv *v);
const char *json_kind_name(enum json_kind kind);	/* "object" */
bool	json_is(const jv *v, enum json_kind kind);
bool	json_equal(const jv *a, const jv *b);
int	json_compare(const jv *a, const jv *b);	/* jq's order: -1, 0, 1 */

/*
 * Parses exactly one value.  ST_DATA on failure, with the reason but never
 * the input.  Nesting is bounded (256); invalid UTF-8 becomes U+FFFD; NaN,
 * a byte order mark and trailing text are refused.  A number beyond a double
 * is the largest double.
 */
int	json_parse(const char *text, size_t len, jv *ret, struct err *e);

/* Another reference to the same value: cheap. */
jv	json_copy(const jv *v);

/* Looking: a member, an element; JSON_NONE when there is none. */
jv	json_get(const jv *object, const char *key);
jv	json_member(const jv *object, const jv *key);	/* may contain NUL */
jv	json_at(const jv *array, size_t i);
bool	json_has(const jv *object, const char *key);
size_t	json_count(const jv *v);	/* of members or elements; else 0 */

bool	json_has_string(const jv *array, const char *s);

/* "choices.0.delta.content": members and, for arrays, elements by number. */
jv	json_path(const jv *v, const char *path);

/*
 * Typed members.  json_str gives NULL when there is no such string; a string
 * that contains NUL counts as one that ends there.  The others say whether
 * they found one.
 */
const char *json_str(const jv *object, const char *key);
const char *json_path_str(const jv *v, const char *path);
bool	json_int(const jv *object, const char *key, int64_t *ret);
bool	json_num(const jv *object, const char *key, double *ret);
bool	json_bool(const jv *object, const char *key, bool *ret);

/* The value itself as a string or number: NULL, false when it is none. */
const char *json_string(const jv *v);
size_t	json_string_len(const jv *v);		/* bytes; NUL may be inside */
bool	json_number(const jv *v, double *ret);
bool	json_is_true(const jv *v);	/* neither null, false nor none */

/* Making. */
jv	json_object(void);
jv	json_array(void);
jv	json_null(void);
jv	json_from_bool(bool b);
jv	json_from_num(double d);
jv	json_from_int(int64_t i);
jv	json_from_str(const char *s);		/* NULL gives null */
jv	json_from_bytes(const char *s, size_t len);
struct strs;
jv	json_from_strs(const struct strs *list);

/*
 * Changing, in place: `*object` must be an object, `*array` an array (else
 * nothing happens and the value is released).  JSON_NONE as value: no change.
 */
void	json_set(jv *object, const char *key, jv value);
void	json_set_str(jv *object, const char *key, const char *s); /* not NULL */
void	json_set_int(jv *object, const char *key, int64_t i);
void	json_set_num(jv *object, const char *key, double d);
void	json_set_bool(jv *object, const char *key, bool b);
void	json_unset(jv *object, const char *key);
void	json_append(jv *array, jv value);

/* `b`'s members over `a`'s, objects within objects likewise. */
jv	json_merge(const jv *a, const jv *b);

/*
 * Walking over an object, in no particular order:
 *	JSON_EACH(&v, i) { ... json_iter_key(&v, i) ... }
 * The key lives as long as the object; it may hold NUL, as any string.
 */
#define JSON_EACH(object, i)						\
	for (int i = json_iter_first(object); i >= 0;			\
	    i = json_iter_next(object, i))
int	json_iter_first(const jv *object);
int	json_iter_next(const jv *object, int i);
const char *json_iter_key(const jv *object, int i);
size_t	json_iter_key_len(const jv *object, int i);
jv	json_iter_name(const jv *object, int i);	/* the key as a value */
jv	json_iter_value(const jv *object, int i);

/* Printing: on one line, without spaces; or for people, indented. */
void	json_write(const jv *v, struct buf *out);
void	json_write_pretty(const jv *v, struct buf *out);
char	*json_text(const jv *v);		/* json_write as a string */

/* "text" with quotes and escapes; invalid UTF-8 becomes U+FFFD. */
void	json_quote(const char *s, size_t len, struct buf *out);

#endif
