/*
 * boxenv: the environment inside a sandbox.
 *
 * A short list of what programs need comes from the caller; everything else,
 * keys and tokens first of all, must be named by --env.  bwrap itself gets
 * this environment too, because process 1 would show another.
 */
#ifndef AGENT_BOXENV_H
#define AGENT_BOXENV_H

#include "rules.h"
#include "strs.h"

/* Fills `out` with "NAME=VALUE"; `home` is HOME inside. */
void	boxenv_make(struct strs *out, const struct rules *rules,
	    const char *home);

/* Adds or replaces a variable. */
void	boxenv_set(struct strs *env, const char *name, const char *value);

/* How many sandboxes are around us: $AGENT_SANDBOX, 0 outside. */
int	boxenv_depth(void);

/* The caller's home as the sandbox should name it; the caller frees. */
char	*boxenv_home(void);

#endif
