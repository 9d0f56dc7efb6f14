/*
 * profile: which rules hold, put together from where they are written.
 *
 * A profile is a mapping of rules (rules.h) under `sandbox` in the user's
 * configuration (agent-config(5)), or one of those that we bring along in
 * templates/sandbox.  It may extend others.  What the workspace's own
 * configuration says under the same name can only take away.
 */
#ifndef AGENT_PROFILE_H
#define AGENT_PROFILE_H

#include "err.h"
#include "rules.h"
#include "strs.h"

/*
 * Lays the profile `name` (NULL: "default", if somebody wrote one) over
 * `rules`, then tightens them by the file of the workspace that `dir` is in.
 * The keys that the workspace wanted wider go to `ret_refused`.  ST_CONFIG
 * for an unknown profile or a mistake in one.
 */
int	profile_apply(struct rules *rules, const char *name, const char *dir,
	    struct strs *ret_refused, struct err *e);

#endif
