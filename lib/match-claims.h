/*
 * match-claims: what a description says that somebody does, apart from what it
 * says that they are not for ("not for databases").
 */
#ifndef AGENT_MATCH_CLAIMS_H
#define AGENT_MATCH_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Calls `fn` for each part of `text`, in order: for claims and for refusals.
 * A refusal begins with a clause, in one of a few languages, and ends with its
 * sentence.
 */
void	match_claims(const char *text, void (*fn)(const char *part, size_t len,
	    bool refused, void *arg), void *arg);

#endif
