/*
 * fold: text as words that can be compared: lower case, without accents,
 * without the usual endings.
 *
 * UTF-8 in; what is not is passed over byte by byte.  Letters of all scripts
 * and digits make words; "c++" and "c#" are words too.  A run of Chinese,
 * Japanese or Korean characters is one word, marked as such, as it is.
 */
#ifndef AGENT_FOLD_H
#define AGENT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fold_word {
	const char *s;		/* folded; valid during the call */
	size_t len;
	const char *text;	/* where it stood */
	size_t text_len;
	bool cjk;
	bool first;		/* of a sentence or line */
	uint8_t place;		/* in its sentence, from 0, up to 255 */
	float weight;		/* 1; less inside pasted code and logs */
};

enum { FOLD_WORD_MAX = 64 };	/* longer words are cut */

typedef void (*fold_fn)(const struct fold_word *word, void *arg);
void	fold_text(const char *text, size_t len, fold_fn fn, void *arg);

/*
 * Whether a line, of a text of several, is pasted rather than said: code, a
 * log, a table.
 */
bool	fold_is_pasted(const char *line, size_t len);

/*
 * The words of a short text, in `buf`; their number, at most `max`; the rest
 * is dropped.  '_' and '*' separate, like all that is no letter.
 */
size_t	fold_split(const char *text, size_t len, char *buf, size_t size,
	    struct fold_word *ret, size_t max);

/*
 * Hashes, never 0: of bytes, of a word without its ending ("files", "file"),
 * of one after another.  The seed tells kinds of keys apart.
 */
uint64_t fold_hash(uint64_t seed, const char *s, size_t len);
uint64_t fold_stem(uint64_t seed, const char *s, size_t len);
uint64_t fold_join(uint64_t key, uint64_t next);

#endif
