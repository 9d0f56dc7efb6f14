/*
 * fuzz: a list of words and a text that is read through it: up to the first
 * NUL byte the list, the rest the text, once as a description, once as a task.
 */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "effort.h"
#include "match.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_through(struct words *w, const char *text, size_t len)
{
	AUTO_FREE char *description = xstrndup(text, len);
	const struct match_agent agents[] = {
		{ .id = "a", .description = description }, { .id = "b" },
	};
	struct match *m = match_new(w, agents, 2);
	struct match_score s[2];
	struct match_why why;
	struct effort_words ew;
	struct effort f;

	match_rank(m, text, len, s, &why);
	if (s[0].score < s[1].score)
		abort();
	match_learn(m, 1, text, len, 3);
	match_rank(m, text, len, s, NULL);
	effort_init(&ew, w);
	effort_estimate(&ew, text, len, &f);
	if (!(f.heavy >= 0 && f.heavy <= 1))
		abort();
	match_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t list = strnlen(text, size);
	struct err e = ERR_INIT;
	struct words *w = words_parse("list", text, list, &e);

	if (!w)
		return 0;
	if (list < size)
		list++;
	read_through(w, text + list, size - list);
	words_free(w);
	return 0;
}
