/*
 * settings: the configuration, agent-config(5).
 *
 * Two files, each of which may be missing: the user's,
 * $XDG_CONFIG_HOME/agent/config.yaml, and over it the workspace's,
 * .agent/config.yaml.  Mappings are merged key by key, everything else is
 * replaced.  (What is built in about providers is data of catalog.h.)
 *
 * A workspace may have come with a clone of somebody's repository.  So it
 * cannot say where requests go and with which key: `providers` in its file
 * is an error.  What it says about rights (`policy`, `sandbox`) is for the
 * modules that enforce them to weigh: they find it apart, in `workspace`.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "buf.h"
#include "err.h"
#include "json.h"
#include "workspace.h"

struct settings {
	jv all;			/* merged; an object, {} without any file */
	jv user, workspace;	/* what each file says; objects */
};

#define SETTINGS_INIT { .all = JSON_NONE, .user = JSON_NONE, \
	.workspace = JSON_NONE }

void	settings_release(struct settings *s);
#define AUTO_SETTINGS __attribute__((cleanup(settings_release)))

/*
 * Reads both; `w` is NULL, or released, where there is no workspace.
 * ST_CONFIG with "config.yaml:12:7: unknown key 'modle', did you mean
 * 'model'?" for what is wrong in them.  Two failed open(2) when there are
 * none.
 */
int	settings_load(const struct workspace *w, struct settings *ret,
	    struct err *e);

/* Whether there is a file at all, and so anything to load. */
bool	settings_exist(const struct workspace *w);

/*
 * The rules about tools (policy.h) for an agent that has some of its own, or
 * JSON_NONE: the user's first, then those, then the workspace's.
 */
jv	settings_rules(const struct settings *s, const jv *own);

/*
 * All that is wrong with both, appended to `out`, a line each.  -1 when one
 * of them cannot be read as YAML at all.
 */
int	settings_check_all(const struct workspace *w, struct buf *out,
	    struct err *e);

#endif
