/*
 * when: what a question says about time.
 *
 * "latest", "now", "currently" ask for what is newest; "before", "formerly",
 * "used to" for what was; "since May", "in March 2025", "last week",
 * "yesterday", "before 2025-08-01" name a period.  English, since that is
 * where it is known to work.
 */
#ifndef AGENT_WHEN_H
#define AGENT_WHEN_H

#include <stdbool.h>
#include <stdint.h>

struct when {
	bool newest;
	bool former;
	bool period;
	int64_t from, to;	/* ms since 1970, of the period */
};

/* Whether a word speaks of old and new: "latest", "formerly". */
bool	when_is_word(const char *word);

/*
 * Reads a text; `now` (ms) is what "yesterday" is counted from, and a month
 * without a year is the last one that is not after it.
 */
void	when_parse(const char *text, int64_t now, struct when *ret);

#endif
