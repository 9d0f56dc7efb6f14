/*
 * ndjson: newline-delimited JSON, one object a line.
 *
 * The reader bounds the length of a line before it parses, knows the number
 * of each, and goes on with the next after a bad one.  The line itself is
 * kept, so that a filter can pass it on byte for byte, or splice a member
 * into it, without the losses of parsing and printing.
 *
 * The writer puts each line out with one write(2).
 */
#ifndef AGENT_NDJSON_H
#define AGENT_NDJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "json.h"

enum { NDJSON_LINE_MAX = 16 << 20 };	/* default limit: 16 MiB */

struct ndjson_reader {
	int fd;
	size_t limit;		/* of a line, without its newline */
	bool raw;		/* lines of any text; `value` stays JSON_NONE */
	bool follow;		/* the file may grow: at its end NDJSON_AGAIN,
				 * never NDJSON_EOF or a torn line */
	unsigned long number;	/* of the line that came last, from 1 */
	struct buf in;
	size_t start, scanned;	/* where the next line begins; no newline
				 * between start and scanned */
	bool skipping;		/* inside a line that was too long */
	bool eof;
};

struct ndjson_line {
	const char *text;	/* without newline; valid until the next call */
	size_t len;
	unsigned long number;
	bool torn;		/* the last line had no newline */
	jv value;		/* an object; borrowed until the next call */
};

enum ndjson_result {
	NDJSON_FAIL = -2,	/* reading failed, or interrupted: stop */
	NDJSON_BAD = -1,	/* this line is bad (ST_DATA); go on */
	NDJSON_EOF = 0,
	NDJSON_LINE = 1,
	NDJSON_AGAIN = 2	/* non-blocking or out of time: no line yet */
};

void	ndjson_init(struct ndjson_reader *r, int fd, size_t limit);
void	ndjson_release(struct ndjson_reader *r);

/*
 * The next line that is not blank.  NDJSON_BAD explains itself as "line 7:
 * reason".  `ret->value` is released by the next call or ndjson_line_release.
 */
enum ndjson_result ndjson_next(struct ndjson_reader *r,
	    struct ndjson_line *ret, struct err *e);

/* The same, waiting at most until a deadline (NDJSON_AGAIN). */
enum ndjson_result ndjson_next_until(struct ndjson_reader *r,
	    struct deadline until, const volatile int *stop,
	    struct ndjson_line *ret, struct err *e);

/*
 * Gives all lines that are there without waiting, to `take`; a bad one as
 * NULL, with why.  1 there may be more later, 0 the end, -1 failure, or what
 * `take` said so of.
 */
int	ndjson_each(struct ndjson_reader *r, const volatile int *stop,
	    int (*take)(void *context, const jv *value, const struct err *bad,
	    struct err *e), void *context, struct err *e);

/* True when ndjson_next would give a line without reading. */
bool	ndjson_pending(const struct ndjson_reader *r);

/*
 * Forgets what was read of a line whose newline has not come; how many bytes
 * that is, for a follower to go back by.  0 inside a line that is too long.
 */
size_t	ndjson_drop_partial(struct ndjson_reader *r);

#define NDJSON_LINE_INIT { .value = JSON_NONE }
void	ndjson_line_release(struct ndjson_line *line);

/* One value as one line, in one write. */
int	ndjson_write(int fd, const jv *v, struct err *e);

/*
 * Adds or replaces a member of the object that `line` holds, leaving every
 * other byte as it is; `json` is the text of the new value.  A member of that
 * name anywhere at the top level is cut out first (all of them, when the key
 * occurs more than once); the new one comes last.  The line must have parsed
 * as an object.
 */
void	ndjson_splice(const char *line, size_t len, const char *key,
	    const char *json, struct buf *out);

#endif
