/*
 * httphead: the head of an HTTP/1.x request, read strictly.
 *
 * Made for bytes that a hostile client chose.  What two readers could
 * understand in two ways is refused: bare CR or LF, NUL, a continuation line,
 * space before a colon, a second Host, two lengths, or a length beside an
 * encoding.  That is what smuggling is made of.
 */
#ifndef AGENT_HTTPHEAD_H
#define AGENT_HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
	HTTPHEAD_MAX = 16384,	/* bytes of a head */
	HTTPHEAD_FIELDS = 128
};

/* Parts of the bytes that were parsed; not terminated. */
struct httphead_part {
	const char *at;
	size_t len;
};

struct httphead_field {
	struct httphead_part name, value;	/* without space around */
};

struct httphead {
	struct httphead_part method, target;
	int minor;			/* of HTTP/1.minor */
	struct httphead_field fields[HTTPHEAD_FIELDS];
	size_t count;
	size_t used;			/* bytes, with the empty line */
};

/*
 * 1 when a whole head was read, 0 when there is not all of it yet, -1 with
 * the status for an answer (400, 431) in `*ret_status`.
 */
int	httphead_parse(struct httphead *h, const char *data, size_t len,
	    int *ret_status);

bool	httphead_is(const struct httphead_part *p, const char *word);

/* The first field of that name, its case aside; or NULL. */
const struct httphead_part *httphead_field(const struct httphead *h,
	    const char *name);

/* A token as RFC 9110 has it: a method, the name of a field. */
bool	httphead_token(const char *s, size_t n);

/* Whether a field concerns one connection only, and is not to be passed on:
 * also those that its Connection field names. */
bool	httphead_hop(const struct httphead *h, const struct httphead_field *f);

#endif
