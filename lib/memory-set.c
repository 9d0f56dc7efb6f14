/* memory-set: an agent's own memory and those that it shares with others. */
#include "config.h"

#include "memory-set.h"

#include "alloc.h"

void
memory_set_close(struct memory_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		memory_close(&s->v[i]);
	s->n = 0;
	jv_free(s->rights);
	s->rights = JSON_NONE;
}

struct memory *
memory_set_find(struct memory_set *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		struct memory *m = &s->v[i];
		if (m->store && (name ? m->name && strcmp(m->name, name) == 0 :
		    !m->name))
			return m;
	}
	return NULL;
}

int
memory_set_search(struct memory_set *s, const struct memory_search *q,
    bool explain, struct memory_hits *ret, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		AUTO_HITS struct memory_hits more = MEMORY_HITS_INIT;
		if (!s->v[i].store)
			continue;
		if (memory_search(&s->v[i], q, explain, &more, e) < 0)
			return -1;
		memory_hits_join(ret, &more, q->limit);
	}
	return 0;
}
