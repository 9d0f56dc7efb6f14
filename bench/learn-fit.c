/*
 * learn-fit: where words of tasks point, and how much work they speak for.
 *
 * Two softmax regressions by gradient descent with momentum over all tasks
 * at once; both begin with what the matcher and the estimate of effort know
 * already, and learn what is left to explain.  No randomness: the same tasks
 * in the same order give the same result.
 */
#include "config.h"

#include <math.h>

#include "alloc.h"
#include "learn.h"

enum { STEPS = 60 };
static const double momentum = 0.8;
static const double base_share = 0.2;	/* of what is known already */
static const double decay = 3;		/* towards 0, against one task */
static const double decay_heavy = 1;

static double
length_of(const struct learn *l, const struct learn_task *t)
{
	double sum = 0;

	for (size_t i = 0; i < t->words.n; i++) {
		const struct learn_count *c = &t->words.counts[i];
		double x = c->n * l->asked.words[c->word].rarity;
		sum += x * x;
	}
	return sqrt(sum + WORDS_FEW);
}

/* How much a word of a task counts. */
static double
share(const struct learn *l, const struct learn_task *t, size_t i,
    double length)
{
	const struct learn_count *c = &t->words.counts[i];
	double r = l->asked.words[c->word].rarity;

	return length > 0 ? c->n * r / length : 0;
}

static void
point(const struct learn *l, const struct learn_task *t, double *to)
{
	double length = length_of(l, t);

	memset(to, 0, WORDS_WAYS * sizeof(*to));
	for (size_t i = 0; i < t->words.n; i++) {
		const double *w = l->asked_to +
		    t->words.counts[i].word * WORDS_WAYS;
		double x = share(l, t, i, length);
		for (size_t k = 0; x > 0 && k < WORDS_WAYS; k++)
			to[k] += x * w[k];
	}
}

/* The likelihood of each agent; that of all right ones is returned. */
static double
chances(const struct learn *l, const struct learn_task *t, double *ret)
{
	double to[WORDS_WAYS], top = -HUGE_VAL, sum = 0, right = 0;

	point(l, t, to);
	for (size_t a = 0; a < t->nagents; a++) {
		const double *at = l->agents[t->first + a].to;
		ret[a] = base_share * t->base[a];
		for (size_t k = 0; k < WORDS_WAYS; k++)
			ret[a] += to[k] * at[k];
		top = fmax(top, ret[a]);
	}
	for (size_t a = 0; a < t->nagents; a++)
		sum += ret[a] = exp(ret[a] - top);
	for (size_t a = 0; a < t->nagents; a++) {
		ret[a] /= sum;
		right += t->right[a] ? ret[a] : 0;
	}
	return right;
}

/* Moves `step` towards what would have been right for this task. */
static void
pull(const struct learn *l, const struct learn_task *t, double weight,
    double *step)
{
	double p[LEARN_TEAM], to[WORDS_WAYS] = { 0 };
	double right = chances(l, t, p), length = length_of(l, t);

	for (size_t a = 0; a < t->nagents; a++) {
		const double *at = l->agents[t->first + a].to;
		double off = (t->right[a] && right > 0 ? p[a] / right : 0) -
		    p[a];
		for (size_t k = 0; k < WORDS_WAYS; k++)
			to[k] += off * at[k];
	}
	for (size_t i = 0; i < t->words.n; i++) {
		double x = weight * share(l, t, i, length);
		double *s = step + t->words.counts[i].word * WORDS_WAYS;
		for (size_t k = 0; x > 0 && k < WORDS_WAYS; k++)
			s[k] += x * to[k];
	}
}

/* One step of all numbers: the last one's momentum, less the decay. */
static void
slow_down(double *step, const double *at, size_t n, double off)
{
	for (size_t i = 0; i < n; i++)
		step[i] = momentum * step[i] - off * at[i];
}

static void
fit_where(struct learn *l)
{
	size_t n = l->asked.n * WORDS_WAYS;
	AUTO_FREE double *step = xcalloc(n, sizeof(*step));
	double tasks = (double)l->ntasks;
	/* what 60 steps over some 4,000 tasks need to get there */
	double speed = 49;

	l->asked_to = xcalloc(n, sizeof(*l->asked_to));
	for (int i = 0; i < STEPS; i++) {
		slow_down(step, l->asked_to, n, decay / tasks);
		for (size_t t = 0; t < l->ntasks; t++)
			pull(l, &l->tasks[t], speed / tasks, step);
		for (size_t k = 0; k < n; k++)
			l->asked_to[k] += step[k];
	}
}

static void
pull_heavy(const struct learn *l, const struct learn_task *t, double weight,
    double *step)
{
	double sum = t->heavy_base, length = length_of(l, t);

	for (size_t i = 0; i < t->words.n; i++)
		sum += share(l, t, i, length) *
		    l->asked_heavy[t->words.counts[i].word];
	weight *= t->heavy - 1 / (1 + exp(-sum));
	for (size_t i = 0; i < t->words.n; i++)
		step[t->words.counts[i].word] += weight *
		    share(l, t, i, length);
}

static void
fit_heavy(struct learn *l)
{
	size_t n = l->asked.n;
	AUTO_FREE double *step = xcalloc(n, sizeof(*step));
	double tasks = (double)l->ntasks, speed = 64;

	l->asked_heavy = xcalloc(n, sizeof(*l->asked_heavy));
	for (int i = 0; i < STEPS; i++) {
		slow_down(step, l->asked_heavy, n, decay_heavy / tasks);
		for (size_t t = 0; t < l->ntasks; t++)
			if (l->tasks[t].heavy >= 0)
				pull_heavy(l, &l->tasks[t], speed / tasks,
				    step);
		for (size_t k = 0; k < n; k++)
			l->asked_heavy[k] += step[k];
	}
}

void
learn_fit(struct learn *l)
{
	fit_where(l);
	fit_heavy(l);
}
