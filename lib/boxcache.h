/*
 * boxcache: directories of the home that are shown through overlays.
 *
 * A package manager finds what is in its cache and can write to it, but what
 * it writes stays with the workspace: a hostile package cannot poison the
 * cache of others.  Sandboxes that run at once get one each.
 */
#ifndef AGENT_BOXCACHE_H
#define AGENT_BOXCACHE_H

#include "launch.h"
#include "mounts.h"
#include "overlay.h"

enum { BOXCACHE_MAX = 24 };

struct boxcache {
	struct overlay overlays[BOXCACHE_MAX];
	struct mounts_cache mounts[BOXCACHE_MAX];
	char *dests[BOXCACHE_MAX];
	size_t n;
};

/* Opens one for each that `rules` names and that exists. */
int	boxcache_open(struct boxcache *c, const struct rules *rules,
	    const struct overlay_how *how, const struct mounts_where *where,
	    struct err *e);
void	boxcache_release(struct boxcache *c);

#endif
