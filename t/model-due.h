/*
 * model-due: what is to be done when, the next of it first.
 */
#ifndef AGENT_MODEL_DUE_H
#define AGENT_MODEL_DUE_H

#include <stddef.h>
#include <stdint.h>

/* Part of what waits; { 0 } but for `at`, INT64_MAX, to begin with. */
struct due {
	int64_t at;		/* CLOCK_MONOTONIC, ns; INT64_MAX: never */
	size_t place;		/* in the heap, from 1 */
};

void	due_set(struct due *d, int64_t at);

/* The next; NULL when nothing waits. */
struct due *due_first(void);

#endif
