/* boxcache: directories of the home that are shown through overlays. */
#include "config.h"

#include "boxcache.h"

#include "alloc.h"
#include "path.h"

enum { AT_ONCE = 32 };

static int
open_one(struct overlay *o, const char *source, const char *workspace,
    const struct overlay_how *how, struct err *e)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *p = workspace; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	for (int i = 0; i < AT_ONCE; i++) {
		AUTO_FREE char *name = xasprintf("cache-%016llx-%d",
		    (unsigned long long)hash, i);
		if (overlay_open(o, source, name, how, e) == 0)
			return 0;
		overlay_release(o);
		/* left open in a crash: a cache may be lost */
		if (e->status != ST_TEMPFAIL && e->status != ST_DATA)
			break;
	}
	return err_prefix(e, "cannot keep a cache for '%s'", source);
}

int
boxcache_open(struct boxcache *c, const struct rules *rules,
    const struct overlay_how *how, const struct mounts_where *where,
    struct err *e)
{
	for (size_t i = 0; i < rules->cache.n; i++) {
		char *dest = NULL;
		AUTO_FREE char *source = mounts_split(rules->cache.v[i],
		    where, &dest);

		if (!source || !path_is_dir(source)) {
			free(dest);
			continue;
		}
		if (c->n == BOXCACHE_MAX) {
			free(dest);
			return err_set(e, ST_WRAPPER, "more than %d caches",
			    BOXCACHE_MAX);
		}
		c->overlays[c->n] = (struct overlay)OVERLAY_INIT;
		c->dests[c->n] = dest;
		if (open_one(&c->overlays[c->n++], source, where->workspace,
		    how, e) < 0)
			return -1;
		c->mounts[c->n - 1] = (struct mounts_cache){
		    c->overlays[c->n - 1].merged, dest };
	}
	return 0;
}

void
boxcache_release(struct boxcache *c)
{
	for (size_t i = 0; i < c->n; i++) {
		overlay_release(&c->overlays[i]);
		free(c->dests[i]);
	}
	c->n = 0;
}
