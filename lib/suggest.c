/* suggest: "did you mean 'model'?" */
#include "config.h"

#include "suggest.h"

#include <ctype.h>
#include <stdio.h>

#include "alloc.h"

/* Longer words have no near ones. */
enum { WORD_MAX = 64, SLIP = 2 };

static size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What it costs to type `a` for `b`: letters that differ in case, half. */
static size_t
cost(char a, char b)
{
	if (a == b)
		return 0;
	return tolower((unsigned char)a) == tolower((unsigned char)b) ?
	    SLIP / 2 : SLIP;
}

/*
 * Edit distance with swaps of neighbours (optimal string alignment), in half
 * slips.  Three rows of the usual table are kept.
 */
static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= blen; j++)
		above[j] = before[j] = j * SLIP;
	for (size_t i = 1; i <= alen; i++) {
		size_t *spare = before;

		row[0] = i * SLIP;
		for (size_t j = 1; j <= blen; j++) {
			size_t d = above[j - 1] + cost(a[i - 1], b[j - 1]);
			d = min_size(d, above[j] + SLIP);
			d = min_size(d, row[j - 1] + SLIP);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d = min_size(d, before[j - 2] + SLIP);
			row[j] = d;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[blen];
}

const char *
suggest(const char *word, const char *const *known)
{
	const char *best = NULL;
	size_t len = strnlen(word, WORD_MAX + 1);
	/* one slip in three letters, and one in a word of two */
	size_t limit = (len < 3 ? 1 : len / 3) * SLIP;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (; *known; known++) {
		size_t klen = strlen(*known), d;

		if (klen > WORD_MAX)
			continue;
		d = distance(word, len, *known, klen);
		/* a word all of whose letters are wrong is no slip */
		if (d <= limit && d < klen * SLIP) {
			best = *known;
			limit = d > 0 ? d - 1 : 0;
		}
	}
	return best;
}

const char *
suggest_text(const char *word, const char *const *known,
    char out[SUGGEST_TEXT_MAX])
{
	const char *near = suggest(word, known);

	out[0] = '\0';
	if (near)
		snprintf(out, SUGGEST_TEXT_MAX, ", did you mean '%s'?", near);
	return out;
}
