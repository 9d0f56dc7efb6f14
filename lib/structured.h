/*
 * structured: answers that must follow a JSON Schema.
 */
#ifndef AGENT_STRUCTURED_H
#define AGENT_STRUCTURED_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "schema.h"

struct structured {
	jv schema;		/* what is sent */
	struct schema *compiled;
	bool multi;		/* an object that holds an array of them */
};

#define STRUCTURED_INIT { .schema = JSON_NONE }

/* `text` as schema_from_option() takes it.  ST_USAGE, ST_DATA, ST_NOINPUT. */
int	structured_init(struct structured *s, const char *text, bool multi,
	    struct err *e);
void	structured_release(struct structured *s);

/*
 * The value in an answer: 0; or -1, ST_DATA and in `why` what is wrong, in
 * words that help the model to do better.
 */
int	structured_read(const struct structured *s, const char *text,
	    size_t len, jv *ret, struct buf *why, struct err *e);

/* Adds an answer and, in `why`'s words, what is wrong with it to the messages
 * that it answered: the model is to do better. */
void	structured_send_back(jv *messages, const jv *answer,
	    const struct buf *why);

/* The value as lines: one, or with `multi` one an element. */
void	structured_write(const struct structured *s, const jv *value,
	    struct buf *out);

#endif
