/*
 * learn-space: the main directions in which the agents of teams differ.
 *
 * Descriptions have thousands of words; what tells the agents of a team from
 * each other lies, for the most part, in few directions: the principal
 * components, found by iterating on a subspace.  Agents with more tasks
 * count more.
 */
#include "config.h"

#include <math.h>

#include "alloc.h"
#include "learn.h"

enum { ROUNDS = 25 };

static double
product(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void
add(double *to, const double *from, double weight, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += weight * from[i];
}

/* Makes a row of length 1, at right angles to the rows before it. */
static void
straighten(double *rows, size_t k, size_t n)
{
	double *row = rows + k * n, length;

	for (size_t i = 0; i < k; i++)
		add(row, rows + i * n, -product(row, rows + i * n, n), n);
	length = sqrt(product(row, row, n));
	for (size_t i = 0; i < n && length > 0; i++)
		row[i] /= length;
}

/* Anything does to begin with, as long as it is always the same. */
static void
begin(double *rows, size_t n)
{
	uint64_t state = 1;

	for (size_t i = 0; i < n; i++) {
		state = state * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
		rows[i] = (double)(state >> 40) / (1 << 24) - 0.5;
	}
}

static void
turn(const struct learn *l, const double *from, double *to)
{
	size_t n = l->ncolumns;

	memset(to, 0, WORDS_WAYS * n * sizeof(*to));
	for (size_t a = 0; a < l->nagents; a++) {
		const struct learn_agent *g = &l->agents[a];
		for (size_t k = 0; g->tasks > 0 && k < WORDS_WAYS; k++)
			add(to + k * n, g->about, (g->tasks + 1) *
			    product(from + k * n, g->about, n), n);
	}
	for (size_t k = 0; k < WORDS_WAYS; k++)
		straighten(to, k, n);
}

void
learn_space(struct learn *l)
{
	size_t n = l->ncolumns;
	AUTO_FREE double *old = xcalloc(WORDS_WAYS * n, sizeof(*old));

	l->ways = xcalloc(WORDS_WAYS * n, sizeof(*l->ways));
	begin(l->ways, WORDS_WAYS * n);
	for (int i = 0; i < ROUNDS; i++) {
		memcpy(old, l->ways, WORDS_WAYS * n * sizeof(*old));
		turn(l, old, l->ways);
	}
	for (size_t a = 0; a < l->nagents; a++)
		for (size_t k = 0; k < WORDS_WAYS; k++)
			l->agents[a].to[k] = product(l->ways + k * n,
			    l->agents[a].about, n);
}
