/*
 * effort-look: what the bytes of a task tell of its size, whatever the words
 * mean: how many things are counted, how a sentence is divided, what was
 * pasted rather than said.
 */
#ifndef AGENT_EFFORT_LOOK_H
#define AGENT_EFFORT_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Appends what was said to `prose`; the bytes of what was pasted. */
size_t	effort_look_prose(const char *text, size_t len, struct buf *prose);

/*
 * "46 files", "2k lines", "400,000 rows": the largest number that counts
 * something to be worked on, as its decimal logarithm, at most 3.
 */
double	effort_look_counted(const char *s, size_t len);

/* Commas and the like in a sentence, at most 8. */
double	effort_look_clauses(const char *s, size_t len);

bool	effort_look_ends_asking(const char *s, size_t len);

/* Whether something stands in quotation marks, or is named as in code. */
bool	effort_look_quotes(const char *s, size_t len);
bool	effort_look_names_code(const char *s, size_t len);

/* "files", "deliveries", "casos", but not "class", "status", "this". */
bool	effort_look_plural(const char *s, size_t len);

#endif
