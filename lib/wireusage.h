/*
 * wireusage: the usage in an answer of a model's server, as it came.
 *
 * For who passes answers on that others asked for: whatever the protocol
 * (Chat Completions, Responses, Messages, Google's), streamed or whole.
 */
#ifndef AGENT_WIREUSAGE_H
#define AGENT_WIREUSAGE_H

#include <stddef.h>

#include "model.h"

/*
 * Puts what is said last into `ret`; what is not said stays -1.  The output
 * of an answer that was cut is what its server had counted by then, or -1.
 */
void	wireusage_read(const char *answer, size_t len,
	    struct model_usage *ret);

#endif
