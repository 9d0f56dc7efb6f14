/*
 * schema-impl: what the parts of schema share.
 *
 *	schema.c		the interface
 *	schema-compile.c	a schema into nodes, references resolved
 *	schema-keyword.c	one function a keyword that reads its value
 *	schema-check.c		a value against nodes
 *	schema-rule.c		one function a keyword that checks
 *	schema-format.c		the formats
 *	schema-meta.c		the draft's own metaschemas
 *
 * A node is one (sub)schema, a rule one keyword of it with its value made
 * ready.  Nodes are found by document and JSON pointer, resources by URI.
 */
#ifndef AGENT_SCHEMA_IMPL_H
#define AGENT_SCHEMA_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "pattern.h"
#include "schema.h"

struct schema_checker;
struct schema_compiler;
struct schema_node;
struct schema_place;
struct schema_rule;
struct schema_seen;

/* Vocabularies, as bits. */
enum {
	VOC_CORE = 1, VOC_APPLICATOR = 2, VOC_UNEVALUATED = 4,
	VOC_VALIDATION = 8, VOC_FORMAT = 16, VOC_FORMAT_ASSERT = 32,
	VOC_ALL = 31
};

struct schema_keyword {
	const char *name;
	unsigned vocabulary;
	/* makes the rule ready; 0, or -1 */
	int (*compile)(struct schema_compiler *c, struct schema_node *n,
	    struct schema_rule *r, struct err *e);
	/* whether the value passes; NULL when there is nothing to check */
	bool (*check)(struct schema_checker *k, const struct schema_node *n,
	    const struct schema_rule *r, const jv *v,
	    const struct schema_place *at, struct schema_seen *seen);
	bool in_place;		/* its subschemas see the same value */
};

/* Those of the draft, in the order in which they are checked. */
extern const struct schema_keyword schema_keywords[];

struct schema_rule {
	struct schema_rule *next;
	const struct schema_keyword *keyword;
	jv value;			/* of the keyword */
	double num;
	struct schema_node **subs;	/* not owned */
	struct pattern **patterns;	/* one for each of subs, or one */
	jv *names;			/* one for each of subs */
	size_t nsubs, npatterns, nnames;
	jv index;			/* name to number in subs */
	struct schema_node *then, *otherwise;
	char *anchor;			/* of a dynamic reference */
	int format;
};

struct schema_anchor {
	char *name;
	struct schema_node *node;
	bool dynamic;
};

struct schema_resource {
	char *uri;			/* without fragment */
	size_t document;
	char *pointer;			/* to its root in the document */
	struct schema_node *root;
	struct schema_anchor *anchors;
	size_t nanchors, capanchors;
	unsigned vocabularies;
	bool old;			/* of an older draft */
};

struct schema_node {
	struct schema_node *chain;	/* in the table */
	struct schema_resource *resource;
	size_t document;
	char *pointer;
	int constant;			/* 0, 1 for false, true; else -1 */
	struct schema_rule *rules, **tail;
	int mark;			/* for the search for loops */
};

enum { SCHEMA_BUCKETS = 256 };

struct schema {
	struct schema_node *buckets[SCHEMA_BUCKETS];
	size_t nnodes;
	struct schema_resource **resources;
	size_t nresources, capresources;
	jv *documents;
	size_t ndocuments, capdocuments;
	struct schema_node *root;
	bool assert_format;
	bool collects;			/* something is unevaluated* */
};

/*
 * schema-resource.c.  Resources by their URI; `like` (or NULL) is the one
 * around, whose draft holds within; takes `uri`.  Reading fills the node's
 * resource, and gives it one of its own where it has an $id.
 */
struct schema_resource *schema_add_resource(struct schema *s, char *uri,
	    size_t document, const char *pointer,
	    const struct schema_resource *like);
struct schema_resource *schema_find_resource(const struct schema *s,
	    const char *uri);
struct schema_anchor *schema_find_anchor(const struct schema_resource *r,
	    const char *name);
int	schema_read_resource(struct schema *s,
	    const struct schema_options *options, struct schema_node *n,
	    const jv *value, struct err *e);

/* schema-compile.c, for the keywords. */
int	schema_compile_sub(struct schema_compiler *c, struct schema_node *n,
	    const jv *value, const char *step, const char *step2,
	    struct schema_node **ret, struct err *e);
int	schema_compile_ref(struct schema_compiler *c, struct schema_node *n,
	    struct schema_rule *r, struct err *e);
int	schema_refuse(const struct schema_node *n, struct err *e,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool	schema_asserts_format(const struct schema_compiler *c,
	    const struct schema_node *n);
struct schema_rule *schema_rule(const struct schema_node *n,
	    const char *keyword);
void	schema_rule_add_sub(struct schema_rule *r, struct schema_node *sub);

/* schema-check.c, for the rules. */

/* Where we are in the value: a list from the inside out. */
struct schema_place {
	const struct schema_place *up;
	const jv *key;			/* of a member, or NULL */
	size_t index;			/* of an element */
};

/* Which members (by iterator) or elements (by index) were evaluated. */
struct schema_seen {
	unsigned char *bits;
	size_t size;			/* bytes */
	bool all;
};

struct schema_scope {
	const struct schema_scope *up;
	const struct schema_resource *resource;
};

/* Where reasons go; NULL in the checker when nobody asks. */
struct schema_reasons {
	struct buf text;		/* "at /a: ...\n" each */
	size_t n;			/* how many there were */
	size_t max;
	const struct schema_place *base;	/* not named in reasons */
};

struct schema_checker {
	const struct schema *schema;
	struct schema_reasons *reasons;
	const struct schema_scope *scope;
	long budget;
	int depth;			/* of all calls */
	int still;			/* of calls on the same value */
	const char *fatal;		/* why the check was given up */
};

bool	schema_eval(struct schema_checker *k, const struct schema_node *n,
	    const jv *v, const struct schema_place *at,
	    struct schema_seen *seen);		/* on the same value */
bool	schema_eval_child(struct schema_checker *k,
	    const struct schema_node *n, const jv *v, const jv *key,
	    size_t index, const struct schema_place *up);
/* without reasons */
bool	schema_eval_quiet(struct schema_checker *k,
	    const struct schema_node *n, const jv *v,
	    const struct schema_place *at, struct schema_seen *seen);
bool	schema_fail(struct schema_checker *k, const struct schema_place *at,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool	schema_spend(struct schema_checker *k, size_t steps);
void	schema_seen_add(struct schema_seen *seen, size_t i);
bool	schema_seen_has(const struct schema_seen *seen, size_t i);
/* a value, cut, for a reason; the caller frees */
char	*schema_show(const jv *v);

/* schema-rule.c: the check functions. */
#define SCHEMA_CHECK(name)						\
bool	schema_check_##name(struct schema_checker *k,			\
	    const struct schema_node *n, const struct schema_rule *r,	\
	    const jv *v, const struct schema_place *at,			\
	    struct schema_seen *seen)
SCHEMA_CHECK(type);
SCHEMA_CHECK(enum);
SCHEMA_CHECK(const);
SCHEMA_CHECK(multiple);
SCHEMA_CHECK(bound);
SCHEMA_CHECK(length);
SCHEMA_CHECK(pattern);
SCHEMA_CHECK(count);
SCHEMA_CHECK(unique);
SCHEMA_CHECK(required);
SCHEMA_CHECK(dependent_required);
SCHEMA_CHECK(format);
SCHEMA_CHECK(ref);
SCHEMA_CHECK(dynamic_ref);
SCHEMA_CHECK(all_of);
SCHEMA_CHECK(any_of);
SCHEMA_CHECK(one_of);
SCHEMA_CHECK(not);
SCHEMA_CHECK(if);
SCHEMA_CHECK(dependent_schemas);
SCHEMA_CHECK(dependencies);
SCHEMA_CHECK(prefix_items);
SCHEMA_CHECK(items);
SCHEMA_CHECK(contains);
SCHEMA_CHECK(properties);
SCHEMA_CHECK(pattern_properties);
SCHEMA_CHECK(additional);
SCHEMA_CHECK(names);
SCHEMA_CHECK(unevaluated_items);
SCHEMA_CHECK(unevaluated_properties);

/* schema-format.c: the number of a format, -1 unknown, -2 never checked. */
int	schema_format(const char *name);
bool	schema_format_holds(int format, const char *s, size_t len);

/* schema-meta.c */
const char *schema_meta_text(const char *uri);

#endif
