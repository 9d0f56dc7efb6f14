/*
 * shape: what a text looks like: a diff, a stack trace, SQL, a Dockerfile.
 *
 * Each shape has a name, which is also the name of the group of words that
 * it stands for, where there is one.
 */
#ifndef AGENT_SHAPE_H
#define AGENT_SHAPE_H

#include <stddef.h>

struct shape {
	const char *name;	/* "diff" */
	const char *group;	/* "review" */
	double weight;
};

/* Calls `fn` for each shape that is there, once. */
typedef void (*shape_fn)(const struct shape *shape, void *arg);
void	shape_find(const char *text, size_t len, shape_fn fn, void *arg);

#endif
