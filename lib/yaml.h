/*
 * yaml: YAML documents as JSON values that remember where they stood.
 *
 * The only module that sees libyaml.  One document a file.  Plain scalars are
 * read by the YAML 1.2 core schema: null, true and false, integers (also
 * 0o17, 0x1f) and decimals; "yes", "no" and "on" are strings, so is whatever
 * is quoted.  JSON is YAML.
 *
 * Anchors, aliases and merge keys (<<) work; what they expand to is bounded,
 * like nesting and size, so that a hostile file costs neither memory nor
 * stack.  Refused, each with file, line and column: a key that occurs twice
 * or is no scalar, tags beyond the core schema's, NUL in a string, and
 * numbers that a double cannot hold (quote them).
 *
 * A place in a document is told by a path of keys and element numbers:
 * "agents.0.model".  A key that contains dots matches too.
 */
#ifndef AGENT_YAML_H
#define AGENT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"

enum {
	YAML_TEXT_MAX = 4 << 20,	/* bytes of a file */
	YAML_NODES_MAX = 100000,
	YAML_DEPTH_MAX = 64,
	YAML_EXPANDED_MAX = 16 << 20	/* bytes, with aliases followed */
};

struct yaml_node;

struct yaml_doc {
	char *name;		/* as errors call it: the path */
	jv value;		/* null for an empty file */
	struct yaml_node *nodes;	/* private; the first is the root */
	size_t count, cap;
};

#define YAML_DOC_INIT { .value = JSON_NONE }

void	yaml_release(struct yaml_doc *doc);
#define AUTO_YAML __attribute__((cleanup(yaml_release)))

/*
 * Parses a file, or a text that errors call `name`.  0, or -1: ST_NOINPUT
 * when it cannot be opened, ST_CONFIG with "agents.yaml:12:7: reason" when
 * it is not what it should be.  `*ret` must be initialised or released.
 */
int	yaml_read(const char *path, struct yaml_doc *ret, struct err *e);
int	yaml_parse(const char *name, const char *text, size_t len,
	    struct yaml_doc *ret, struct err *e);

/* Lines and columns count from 1; columns are characters. */
struct yaml_pos {
	int line, col;
};

/*
 * Where the value at `path` begins, or its key.  What is not there is where
 * the innermost collection is that should hold it.  A value that came
 * through an alias is where its anchor is.  "" is the document.
 */
struct yaml_pos yaml_where(const struct yaml_doc *doc, const char *path);
struct yaml_pos yaml_where_key(const struct yaml_doc *doc, const char *path);

/* ST_CONFIG and "NAME:LINE:COL: ..." of the value, or the key, at `path`. */
int	yaml_err(const struct yaml_doc *doc, const char *path, struct err *e,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int	yaml_err_key(const struct yaml_doc *doc, const char *path,
	    struct err *e, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));

/*
 * All that is wrong with a document, for who mends it in one go; at most
 * YAML_PROBLEMS_MAX, each once.
 */
enum { YAML_PROBLEMS_MAX = 100 };

struct yaml_problem {
	struct yaml_pos at;
	char *text;
};

struct yaml_problems {
	struct yaml_problem *v;
	size_t n, cap;
};

#define YAML_PROBLEMS_INIT { 0 }

void	yaml_problems_release(struct yaml_problems *p);
#define AUTO_YAML_PROBLEMS __attribute__((cleanup(yaml_problems_release)))

/* One more, with the value at `path`, or with its key. */
void	yaml_problem(struct yaml_problems *p, const struct yaml_doc *doc,
	    const char *path, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
void	yaml_problem_key(struct yaml_problems *p, const struct yaml_doc *doc,
	    const char *path, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));

/* Sorts them by their place; "NAME:LINE:COL: text", a line each. */
void	yaml_problems_text(struct yaml_problems *p,
	    const struct yaml_doc *doc, struct buf *out);

/*
 * What a document may hold, as a table:
 *
 *	static const struct yaml_shape agent[] = {
 *		{ "model", .kinds = YAML_STRING | YAML_REQUIRED },
 *		{ "tools", .kinds = YAML_LIST, .each = YAML_STRING },
 *		{ "mode", .kinds = YAML_STRING, .words = modes },
 *		{ "env", .kinds = YAML_MAP, .members = strings },
 *		YAML_SHAPE_END
 *	};
 *
 * The key "*" stands for every other key.  `members` describes a YAML_MAP,
 * and the maps in a YAML_LIST; NULL leaves them unchecked.
 */
enum {
	YAML_NULL = 1 << 0,
	YAML_BOOL = 1 << 1,
	YAML_NUMBER = 1 << 2,
	YAML_INT = 1 << 3,
	YAML_STRING = 1 << 4,
	YAML_LIST = 1 << 5,
	YAML_MAP = 1 << 6,
	YAML_ANY = (1 << 7) - 1,
	YAML_REQUIRED = 1 << 8
};

struct yaml_shape {
	const char *key;
	unsigned kinds;
	unsigned each;			/* of the elements of a YAML_LIST */
	const char *const *words;	/* the only strings, ends with NULL */
	const struct yaml_shape *members;
};

#define YAML_SHAPE_END { .key = NULL }

/*
 * Checks the mapping at `path` ("" for the whole; null counts as empty)
 * against a table: unknown keys (with a suggestion), missing ones, kinds,
 * words.  The first problem in the order of the file is the one that is told.
 */
int	yaml_check(const struct yaml_doc *doc, const char *path,
	    const struct yaml_shape *shape, struct err *e);

/* The same, telling them all. */
void	yaml_check_all(const struct yaml_doc *doc, const char *path,
	    const struct yaml_shape *shape, struct yaml_problems *problems);

#endif
