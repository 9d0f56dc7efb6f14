/*
 * spawn-check: all that is wrong with what people wrote about agents.
 *
 * Beyond what reading agents.yaml and the configuration finds: whether the
 * tools, models, profiles, files and other agents that they name are there,
 * and whether conditions are jq programs.
 */
#ifndef AGENT_SPAWN_CHECK_H
#define AGENT_SPAWN_CHECK_H

#include "buf.h"
#include "err.h"

/*
 * Checks `file`, or the agents.yaml of `dir` (NULL: the current directory) or
 * above, and the configuration that holds there.  What is wrong goes to
 * `out`, "FILE:LINE:COLUMN: reason", a line each, and is ST_CONFIG; ST_OK
 * when nothing is.  -1 when there is nothing to check.
 */
int	spawn_check(const char *dir, const char *file, struct buf *out,
	    struct err *e);

#endif
