/* learn-words: words of tasks and descriptions, counted. */
#include "config.h"

#include "alloc.h"
#include "learn.h"

static const size_t none = SIZE_MAX;

static size_t *
place(const struct learn_vocabulary *v, uint64_t stem)
{
	size_t i = stem & (v->nplaces - 1);

	while (v->places[i] != none && v->words[v->places[i]].stem != stem)
		i = (i + 1) & (v->nplaces - 1);
	return &v->places[i];
}

static void
grow(struct learn_vocabulary *v)
{
	v->nplaces = v->nplaces ? 2 * v->nplaces : 1024;
	v->places = xreallocarray(v->places, v->nplaces, sizeof(*v->places));
	for (size_t i = 0; i < v->nplaces; i++)
		v->places[i] = none;
	for (size_t i = 0; i < v->n; i++)
		*place(v, v->words[i].stem) = i;
}

size_t
learn_word(struct learn_vocabulary *v, const struct words_token *t)
{
	struct learn_word *w;
	size_t *at;

	if (2 * v->n >= v->nplaces)
		grow(v);
	at = place(v, t->stem);
	if (*at != none)
		return *at;
	*at = v->n;
	GROW(v->words, v->n, v->cap);
	w = &v->words[v->n];
	*w = (struct learn_word){ .stem = t->stem };
	/* what is longer would be cut, and be another word */
	for (size_t i = 0; t->len < LEARN_WORD && i < t->len; i++)
		w->text[i] = (char)(t->text[i] |
		    (t->text[i] >= 'A' && t->text[i] <= 'Z' ? 32 : 0));
	return v->n++;
}

void
learn_counts_add(struct learn_counts *c, size_t word, double n)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->counts[i].word == word) {
			c->counts[i].n += n;
			return;
		}
	GROW(c->counts, c->n, c->cap);
	c->counts[c->n++] = (struct learn_count){ word, n };
}
