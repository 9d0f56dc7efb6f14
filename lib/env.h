/*
 * env: the one place where the library looks at the environment.
 *
 * The variables that change what agentutils does are those of the ENVIRONMENT
 * sections; a variable that is set but empty counts as unset.
 */
#ifndef AGENT_ENV_H
#define AGENT_ENV_H

/* The value, or NULL when unset or empty.  Not to be freed. */
const char *env_get(const char *name);

/* All of it, as execve(2) takes it; for a wrapper that passes some on. */
const char *const *env_all(void);

/* XDG base directories with their defaults; the caller frees; NULL without
 * a home. */
char	*env_xdg_config(void);	/* $XDG_CONFIG_HOME/agent */
char	*env_xdg_state(void);	/* $XDG_STATE_HOME/agent */
char	*env_xdg_cache(void);	/* $XDG_CACHE_HOME/agent */
char	*env_xdg_data(void);	/* $XDG_DATA_HOME/agent */

#endif
