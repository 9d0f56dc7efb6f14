/*
 * words-map: the compiled form of the list of words.
 *
 * A header, then the tables as they are in memory; each is found by counting,
 * and the file has to be as long as that makes it.  The sizes of what a table
 * has and the order of bytes are in the header, so that a file of another
 * build is told.  Tables are not looked through at the start, which would
 * cost what mapping saves: whoever reads them checks what he finds.
 */
#include "config.h"

#include "words-impl.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"

enum { PLACES_MAX = 1 << 22, WORD_LONGEST = 256, PHRASE_LONGEST = 8 };

struct header {
	char magic[8];
	uint32_t order;			/* of bytes */
	uint32_t group_size, entry_size, bearing_size;
	uint32_t ngroups, size, nplaces;
	uint32_t longest, phrase_max, stop, common;
	uint32_t pad;
	double scale, heavy_scale;
};

static const char magic[8] = "words 1";
static const uint32_t order = 0x01020304;

void
words_compile(const struct words *w, struct buf *ret)
{
	struct header h = {
		.order = order, .group_size = sizeof(*w->groups),
		.entry_size = sizeof(*w->table),
		.bearing_size = sizeof(*w->bearings),
		.ngroups = (uint32_t)w->ngroups, .size = (uint32_t)w->size,
		.nplaces = (uint32_t)w->nplaces,
		.longest = (uint32_t)w->longest,
		.phrase_max = (uint32_t)w->phrase_max,
		.stop = (uint32_t)w->stop, .common = (uint32_t)w->common,
		.scale = w->scale, .heavy_scale = w->heavy_scale
	};

	memcpy(h.magic, magic, sizeof(magic));
	buf_add(ret, &h, sizeof(h));
	buf_add(ret, w->table, w->size * sizeof(*w->table));
	if (w->nplaces)
		buf_add(ret, w->bearings, w->nplaces * sizeof(*w->bearings));
	buf_add(ret, w->groups, w->ngroups * sizeof(*w->groups));
}

static bool
is_power(uint32_t n)
{
	return n > 0 && n <= PLACES_MAX && (n & (n - 1)) == 0;
}

static bool
is_scale(double x)
{
	return x >= 0 && x < 1;
}

/* Whether the counts in a header are possible and make `len` bytes. */
static bool
is_whole(const struct header *h, size_t len)
{
	if (memcmp(h->magic, magic, sizeof(magic)) != 0 ||
	    h->order != order ||
	    h->group_size != sizeof(struct words_group) ||
	    h->entry_size != sizeof(struct words_entry) ||
	    h->bearing_size != sizeof(struct words_bearing))
		return false;
	if (!is_power(h->size) || (h->nplaces && !is_power(h->nplaces)) ||
	    h->ngroups > GROUPS_MAX || h->longest > WORD_LONGEST ||
	    h->phrase_max > PHRASE_LONGEST || h->stop >= h->ngroups ||
	    h->common >= h->ngroups || !is_scale(h->scale) ||
	    !is_scale(h->heavy_scale))
		return false;
	return len == sizeof(*h) + h->ngroups * sizeof(struct words_group) +
	    h->size * sizeof(struct words_entry) +
	    h->nplaces * sizeof(struct words_bearing);
}

/* Groups are few: names that end, parents that are there. */
static bool
are_groups(const struct words *w)
{
	for (size_t i = 0; i < w->ngroups; i++) {
		const struct words_group *g = &w->groups[i];
		if (!memchr(g->name, '\0', sizeof(g->name)) ||
		    g->nparents > PARENTS_MAX)
			return false;
		for (size_t p = 0; p < g->nparents; p++)
			if (g->parents[p] >= w->ngroups)
				return false;
	}
	return true;
}

static bool
find_tables(struct words *w)
{
	const struct header *h = w->map;
	char *at = (char *)w->map + sizeof(*h);

	if (w->map_len < sizeof(*h) || !is_whole(h, w->map_len))
		return false;
	w->size = h->size;
	w->nplaces = h->nplaces;
	w->ngroups = h->ngroups;
	w->longest = h->longest;
	w->phrase_max = h->phrase_max;
	w->stop = h->stop;
	w->common = h->common;
	w->scale = h->scale;
	w->heavy_scale = h->heavy_scale;
	w->table = (void *)at;
	at += w->size * sizeof(*w->table);
	w->bearings = (void *)at;
	at += w->nplaces * sizeof(*w->bearings);
	w->groups = (void *)at;
	return are_groups(w);
}

struct words *
words_map(const char *path, struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct words *w;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
		return NULL;
	}
	map = S_ISREG(st.st_mode) && st.st_size > 0 ?
	    mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) :
	    MAP_FAILED;
	if (map == MAP_FAILED) {
		err_set(e, ST_CONFIG, "'%s': not a compiled list of words",
		    path);
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->map = map;
	w->map_len = (size_t)st.st_size;
	if (!find_tables(w)) {
		err_set(e, ST_CONFIG, "'%s': not a compiled list of words, "
		    "or one of another version", path);
		words_free(w);
		return NULL;
	}
	w->cache = xcalloc(CACHE_SIZE, sizeof(*w->cache));
	return w;
}

void
words_free(struct words *w)
{
	if (!w)
		return;
	if (w->map) {
		munmap(w->map, w->map_len);
	} else {
		free(w->groups);
		free(w->table);
		free(w->bearings);
	}
	free(w->cache);
	free(w);
}
