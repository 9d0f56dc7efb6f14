/*
 * fallbacks: the models that agent-route(1) chose for when the first fails.
 */
#ifndef AGENT_FALLBACKS_H
#define AGENT_FALLBACKS_H

#include "json.h"
#include "model.h"

/*
 * Puts the steps of a route, [{"agent","model","on":[KIND...]}...], behind
 * what `m` falls back to already, each for the kinds of failure that it is
 * meant for; `agent`, unless NULL: only those that are for it, or for nobody.
 * One that is not known here is warned of and left out.
 */
void	fallbacks_add(const jv *config, const jv *steps, const char *agent,
	    struct model *m);

/* A model on the heap, and the end of one; NULL is fine. */
struct model *fallbacks_model_new(void);
void	fallbacks_model_free(struct model *m);

#endif
