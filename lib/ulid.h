/*
 * ulid: identifiers that sort by time.
 *
 * 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 of
 * randomness (github.com/ulid/spec).  Within a process each is greater than
 * the one before, also within one millisecond and when the clock goes back.
 * After fork(2) the child draws anew.
 */
#ifndef AGENT_ULID_H
#define AGENT_ULID_H

#include <stdbool.h>
#include <stdint.h>

enum { ULID_LEN = 26 };

void	ulid_make(char out[ULID_LEN + 1]);

/* 26 characters of the alphabet, upper case, first one at most '7'. */
bool	ulid_valid(const char *s);

/* Milliseconds since 1970 of a valid one. */
int64_t	ulid_time_ms(const char *s);

#endif
