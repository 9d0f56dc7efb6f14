/*
 * suggest: "did you mean 'model'?"
 *
 * For keys, options, commands: whatever has a list of known words.
 */
#ifndef AGENT_SUGGEST_H
#define AGENT_SUGGEST_H

#include <stddef.h>

/*
 * The known word that `word` was most likely meant to be, or NULL when none
 * is near: at most one slip (a letter wrong, missing, too many, or two
 * swapped) in three letters.  Case counts half.  `known` ends with NULL; the
 * result is one of its pointers.
 */
const char *suggest(const char *word, const char *const *known);

/* ", did you mean 'model'?" or "", for the end of a message. */
enum { SUGGEST_TEXT_MAX = 96 };
const char *suggest_text(const char *word, const char *const *known,
	    char out[SUGGEST_TEXT_MAX]);

#endif
