/*
 * memory-set: an agent's own memory and those that it shares with others.
 *
 * The own one comes first, and may be missing; the others have names
 * (struct memory, `name`) and say whether the agent may write to them.
 */
#ifndef AGENT_MEMORY_SET_H
#define AGENT_MEMORY_SET_H

#include <stddef.h>

#include "err.h"
#include "memory-search.h"
#include "memory.h"

enum { MEMORY_SET_MAX = 33 };

struct memory_set {
	struct memory v[MEMORY_SET_MAX];	/* open; perhaps not v[0] */
	size_t n;
	jv rights;		/* holds their names: {NAME: "read"} */
};

#define MEMORY_SET_INIT { .rights = JSON_NONE }

void	memory_set_close(struct memory_set *s);
#define AUTO_MEMORY_SET __attribute__((cleanup(memory_set_close)))

/* The own one for NULL; NULL when there is none of that name. */
struct memory *memory_set_find(struct memory_set *s, const char *name);

/* The best of all of them. */
int	memory_set_search(struct memory_set *s, const struct memory_search *q,
	    bool explain, struct memory_hits *ret, struct err *e);

#endif
