/*
 * filter-rule: one entry of `syscalls` in a profile of system calls.
 *
 * The form is that of the OCI runtime specification, with what docker and
 * podman add to it: `includes` and `excludes` by architecture, capability and
 * kernel.  A command of ours has no capability.
 */
#ifndef AGENT_FILTER_RULE_H
#define AGENT_FILTER_RULE_H

#include <stdint.h>

#include "boxseccomp.h"
#include "err.h"
#include "json.h"

/*
 * The action that `v` names under `key`, with the errno under `errno_key` or,
 * as a name, `errno_name`.  ST_CONFIG.
 */
int	filter_action(const jv *v, const char *key, const char *errno_key,
	    const char *errno_name, uint32_t *ret, struct err *e);

/* Only these keys, the last of which is NULL.  ST_CONFIG. */
int	filter_keys(const jv *v, const char *const *known, struct err *e);

/* Adds the rule, if it holds here, to a filter with this default. */
int	filter_rule(struct filter *f, uint32_t default_action, const jv *rule,
	    struct err *e);

#endif
