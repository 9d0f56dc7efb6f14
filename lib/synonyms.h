/*
 * synonyms: words that stand for one another.
 *
 * A file has a group a line, words between commas, "#" begins a comment;
 * each word of a group finds the others.  Forms of a word are the same word.
 * A file that is not there is empty.
 */
#ifndef AGENT_SYNONYMS_H
#define AGENT_SYNONYMS_H

#include <stddef.h>

#include "lexis.h"

/* Calls `fn` for each word, folded, that stands in a group with `word`. */
void	synonyms_each(const char *text, size_t len, const char *word,
	    size_t word_len, void (*fn)(void *arg, const char *word,
	    size_t len), void *arg);

#endif
