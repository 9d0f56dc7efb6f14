/* synonyms: words that stand for one another. */
#include "config.h"

#include "synonyms.h"

#include <stdbool.h>

#include "alloc.h"
#include "stem.h"

struct item {
	const char *p;
	size_t len;
};

static struct item
trimmed(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t' ||
	    end[-1] == '\r'))
		end--;
	return (struct item){ p, (size_t)(end - p) };
}

static struct item
next_item(const char **at, const char *end)
{
	const char *comma = memchr(*at, ',', (size_t)(end - *at));
	const char *stop = comma ? comma : end;
	struct item it = trimmed(*at, stop);

	*at = comma ? comma + 1 : end;
	return it;
}

static bool
same_stem(struct item it, const char *stem, size_t len)
{
	char w[WORD_MAX + 2];
	size_t n;

	/* most differ in the first letter, which no stem changes */
	if (it.len == 0 || it.len > WORD_MAX || *it.p != *stem)
		return false;
	memcpy(w, it.p, it.len);
	n = stem_word(w, it.len);
	return n == len && memcmp(w, stem, n) == 0;
}

static void
read_line(const char *p, const char *end, const char *stem, size_t len,
    void (*fn)(void *, const char *, size_t), void *arg)
{
	const char *at = p;
	bool in = false;

	while (at < end && !in)
		in = same_stem(next_item(&at, end), stem, len);
	for (at = p; in && at < end; ) {
		struct item it = next_item(&at, end);
		if (it.len > 0 && it.len <= WORD_MAX &&
		    !same_stem(it, stem, len))
			fn(arg, it.p, it.len);
	}
}

void
synonyms_each(const char *text, size_t len, const char *word, size_t word_len,
    void (*fn)(void *arg, const char *word, size_t len), void *arg)
{
	const char *end = text + len;
	char stem[WORD_MAX + 2];
	size_t n;

	if (word_len == 0 || word_len > WORD_MAX)
		return;
	memcpy(stem, word, word_len);
	n = stem_word(stem, word_len);
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl ? nl : end;
		const char *hash = memchr(text, '#', (size_t)(stop - text));
		read_line(text, hash ? hash : stop, stem, n, fn, arg);
		text = nl ? nl + 1 : end;
	}
}
