/*
 * lexis: cuts text into what a search can look for.
 *
 * Words are folded: lower case, no accents ("Größe" is "grosse"), no
 * possessive.  An identifier, a path, a version, an error code is given
 * whole and in its parts: "parseHTTPHeader" gives parsehttpheader, parse,
 * http, header; "ENC-23" gives enc-23, enc, 23; "stand-up" also standup.
 * Scripts that are written without spaces (Chinese, Japanese, Korean, Thai)
 * give each pair of neighbouring characters.  Bytes that are no UTF-8
 * separate words.
 */
#ifndef AGENT_LEXIS_H
#define AGENT_LEXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORD_MAX = 64 };		/* bytes of a folded word; longer are cut */

struct word {
	const char *text;	/* folded; not NUL-terminated */
	size_t len;
	size_t start, end;	/* where it stands in the source, in bytes */
	unsigned pos;		/* counts parts; a whole has its first's */
	bool whole;		/* an identifier with its parts joined */
};

void	lexis_scan(const char *text, size_t len,
	    void (*emit)(void *arg, const struct word *w), void *arg);

/* Whether a folded word says nothing by itself: "the", "how", "und". */
bool	lexis_is_stop(const char *word, size_t len);

#endif
