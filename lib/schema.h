/*
 * schema: JSON Schema, draft 2020-12.
 *
 * A schema is compiled once and then checks any number of values.  What it
 * says about a bad value is meant for a person or a model that is to mend it:
 *
 *	at /tasks/0/name: expected string, got number
 *	at /tasks/1: lacks "name"
 *
 * Everything in the draft's vocabularies is understood.  `format` is an
 * annotation unless asked otherwise; content* always are.  What we cannot
 * honour makes compiling fail, never passes silently: a reference to what is
 * not there (nothing is fetched), a pattern that pattern.h refuses, a
 * vocabulary that is required but unknown, draft-04.  Schemas that name
 * draft-06, draft-07 or 2019-09 are taken as long as they do not use a
 * keyword whose meaning has changed (the array form of items,
 * additionalItems, $recursiveRef); `dependencies` is understood.  Asserted
 * formats are all but the international ones and uri-template; a host name is
 * not decoded (xn--).
 *
 * Schemas may be hostile: a reference that leads back to itself, too many
 * parts, too many steps of checking are errors.
 *
 * Numbers are doubles, as everywhere here: integers above 2^53 that differ
 * in their last digits only count as equal.
 */
#ifndef AGENT_SCHEMA_H
#define AGENT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"

struct schema;

/* A schema that others may refer to by its URI. */
struct schema_document {
	const char *uri;
	const jv *value;
};

struct schema_options {
	bool assert_format;	/* an unknown format is still fine, one that
				 * is known but never checked is refused */
	const struct schema_document *documents;	/* used only while */
	size_t ndocuments;				/* compiling */
};

/*
 * NULL on failure: ST_DATA and "schema, at #/properties/a: reason".  The
 * options may be NULL.
 */
struct schema *schema_compile(const jv *schema,
	    const struct schema_options *options, struct err *e);
void	schema_free(struct schema *s);		/* NULL is fine */

/*
 * Checks a value.  0, or -1 and ST_DATA: `e` says the first thing that is
 * wrong and how many there are; `why` (which may be NULL) gets them all, up
 * to SCHEMA_REASONS, a line each.
 */
enum { SCHEMA_REASONS = 10 };
int	schema_check(const struct schema *s, const jv *value, struct buf *why,
	    struct err *e);

/* schema_compile and schema_check in one. */
int	schema_check_once(const jv *schema, const jv *value, struct buf *why,
	    struct err *e);

/*
 * The short form of an object: fields separated by commas or, when there is
 * more than one line, by newlines; each is NAME [TYPE] [: DESCRIPTION].  A
 * TYPE is str (when left out), int, num (float), bool, any, an enumeration
 * a|b|c, or one of them in brackets for an array.  NAME? may be missing.
 *
 *	name, age int, tags [string]
 *	mood happy|sad: how they feel
 *
 * All other fields are required and no others are allowed.  ST_USAGE.
 */
int	schema_from_short(const char *text, jv *ret, struct err *e);

/*
 * What the value of a --schema option means: JSON when it begins with '{', a
 * file when there is one of that name (or it ends in .json), else the short
 * form.
 */
int	schema_from_option(const char *text, jv *ret, struct err *e);
bool	schema_option_is_file(const char *text);

#endif
