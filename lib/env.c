/* env: the one place where the library looks at the environment. */
#include "config.h"

#include "env.h"

#include <stdint.h>

#include "alloc.h"

const char *
env_get(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

const char *const *
env_all(void)
{
	return (const char *const *)(uintptr_t)environ;
}

/* XDG Base Directory Specification: a path that is not absolute is ignored. */
static char *
xdg(const char *name, const char *below_home)
{
	const char *dir = env_get(name), *home = env_get("HOME");

	if (dir && dir[0] == '/')
		return xasprintf("%s/agent", dir);
	if (home)
		return xasprintf("%s/%s/agent", home, below_home);
	return NULL;
}

char *
env_xdg_config(void)
{
	return xdg("XDG_CONFIG_HOME", ".config");
}

char *
env_xdg_state(void)
{
	return xdg("XDG_STATE_HOME", ".local/state");
}

char *
env_xdg_cache(void)
{
	return xdg("XDG_CACHE_HOME", ".cache");
}

char *
env_xdg_data(void)
{
	return xdg("XDG_DATA_HOME", ".local/share");
}
