/* match-bearing: how well a text goes with an agent, by where words point. */
#include "config.h"

#include "match-bearing.h"

#include <math.h>

#include "alloc.h"

enum { WRITTEN_MAX = 400 };		/* words of one agent that count */

static const double word_share = 1.5;	/* of an agent, against its groups */

struct known {				/* a word of the text */
	const struct words_bearing *b;
	const char *text;
	uint32_t len;			/* 0: of no interest to people */
};

struct match_bearing {
	const struct words *words;
	size_t nagents;
	double (*to)[WORDS_WAYS];	/* where each agent points */
	const struct words_bearing **written;
	size_t *nwritten;
	double *times;			/* of each place; 0 between texts */
	struct known *asked;
	size_t nasked, askedcap;
	double sum[WORDS_WAYS], length;	/* of the text, once summed up */
	bool summed;
};

struct match_bearing *
match_bearing_new(const struct words *w, size_t agents)
{
	struct match_bearing *b = xcalloc(1, sizeof(*b));

	b->words = w;
	b->nagents = agents;
	b->to = xcalloc(agents + 1, sizeof(*b->to));
	b->written = xcalloc((agents + 1) * WRITTEN_MAX, sizeof(*b->written));
	b->nwritten = xcalloc(agents + 1, sizeof(*b->nwritten));
	b->times = xcalloc(words_places(w) + 1, sizeof(*b->times));
	return b;
}

void
match_bearing_free(struct match_bearing *b)
{
	if (!b)
		return;
	free(b->to);
	free(b->written);
	free(b->nwritten);
	free(b->times);
	free(b->asked);
	free(b);
}

void
match_bearing_write(struct match_bearing *b, size_t agent,
    const struct words_token *t)
{
	const struct words_bearing **list = b->written + agent * WRITTEN_MAX;
	const struct words_bearing *w;

	if (t->phrase || t->stop || t->len < 3)
		return;
	w = words_written(b->words, t->stem);
	if (!w || b->nwritten[agent] == WRITTEN_MAX)
		return;
	for (size_t i = 0; i < b->nwritten[agent]; i++)
		if (list[i] == w)
			return;
	list[b->nwritten[agent]++] = w;
}

static void
add(double *to, const struct words_bearing *b, double weight)
{
	for (size_t k = 0; k < WORDS_WAYS; k++)
		to[k] += weight * b->to[k];
}

void
match_bearing_set_about(struct match_bearing *b, size_t agent,
    const double *about)
{
	size_t n = words_groups(b->words);
	double *to = b->to[agent], length = 0;

	memset(to, 0, sizeof(b->to[agent]));
	for (size_t g = 0; g < n; g++)
		if (about[g] > 0)
			length += about[g] * about[g];
	for (size_t g = 0; g < n; g++) {
		const struct words_bearing *w = about[g] > 0 ?
		    words_about(b->words, g) : NULL;
		if (w)
			add(to, w, about[g] / sqrt(length));
	}
	for (size_t i = 0; i < b->nwritten[agent]; i++)
		add(to, b->written[agent * WRITTEN_MAX + i],
		    word_share / sqrt((double)b->nwritten[agent]));
}

void
match_bearing_settle(struct match_bearing *b)
{
	for (size_t k = 0; k < WORDS_WAYS; k++) {
		double mean = 0;
		for (size_t a = 0; a < b->nagents; a++)
			mean += b->to[a][k] / (double)b->nagents;
		for (size_t a = 0; a < b->nagents; a++)
			b->to[a][k] -= mean;
	}
}

double
match_bearing_weight(const struct words_token *t)
{
	double place = t->place < 2 ? 2 : t->place < 5 ? 1.4 : 1;

	return t->weight < 1 ? (double)t->weight : place;
}

void
match_bearing_ask(struct match_bearing *b, const struct words_token *t)
{
	const struct words_bearing *w = t->phrase ? NULL
	    : words_asked(b->words, t->stem);
	double *times;

	if (!w || w->rarity == 0)
		return;
	times = &b->times[words_place(b->words, w)];
	if (*times == 0) {
		GROW(b->asked, b->nasked, b->askedcap);
		b->asked[b->nasked++] = (struct known){
			w, t->text, t->stop ? 0 : t->len
		};
	}
	*times += match_bearing_weight(t);
	b->summed = false;
}

/* A word that comes five times does not say five times as much. */
static double
times(const struct match_bearing *b, const struct words_bearing *w)
{
	double n = b->times[words_place(b->words, w)];

	return n > 1 ? 1 + log(n) : n;
}

static void
sum_up(struct match_bearing *b)
{
	memset(b->sum, 0, sizeof(b->sum));
	b->length = 0;
	for (size_t i = 0; i < b->nasked; i++) {
		const struct words_bearing *w = b->asked[i].b;
		double n = times(b, w), rarity = n * w->rarity / 10;
		add(b->sum, w, n);
		b->length += rarity * rarity;
	}
	b->length = sqrt(b->length + WORDS_FEW);
	b->summed = true;
}

static double
product(const struct match_bearing *b, size_t agent, const double *to)
{
	double sum = 0;

	for (size_t k = 0; k < WORDS_WAYS; k++)
		sum += to[k] * b->to[agent][k];
	return b->length > 0 ? sum * words_scale(b->words) / b->length : 0;
}

double
match_bearing_worth(struct match_bearing *b, size_t agent)
{
	if (!b->summed)
		sum_up(b);
	return product(b, agent, b->sum);
}

bool
match_bearing_tell(struct match_bearing *b, size_t agent, size_t i,
    struct words_token *ret, double *ret_worth)
{
	double to[WORDS_WAYS] = { 0 };

	if (i >= b->nasked)
		return false;
	add(to, b->asked[i].b, times(b, b->asked[i].b));
	*ret_worth = product(b, agent, to);
	*ret = (struct words_token){
		.text = b->asked[i].text, .len = b->asked[i].len
	};
	return true;
}

void
match_bearing_forget(struct match_bearing *b)
{
	for (size_t i = 0; i < b->nasked; i++)
		b->times[words_place(b->words, b->asked[i].b)] = 0;
	b->nasked = 0;
	b->summed = false;
}
