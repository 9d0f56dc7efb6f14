/* batch-models: the models that the tasks of a batch name. */
#include "config.h"

#include "batch-models.h"

#include "alloc.h"
#include "catalog.h"
#include "fallbacks.h"

/* What tells one way to answer from another. */
static char *
name_of(const char *spec, const jv *chain)
{
	AUTO_FREE char *steps = NULL;

	if (!spec || json_count(chain) == 0)
		return spec ? xstrdup(spec) : NULL;
	steps = json_text(chain);
	return xasprintf("%s\n%s", spec, steps);
}

static bool
is_named(const struct batch_model *n, const char *name)
{
	return name ? n->name && strcmp(n->name, name) == 0 : !n->name;
}

const struct model *
batch_models_find(struct batch_models *s, const jv *config, const char *spec,
    const jv *chain, struct err *e)
{
	AUTO_FREE char *name = name_of(spec, chain);
	struct model *m;

	for (size_t i = 0; i < s->n; i++)
		if (is_named(&s->all[i], name))
			return s->all[i].m;
	m = fallbacks_model_new();
	if (catalog_find(config, spec, m, e) < 0) {
		fallbacks_model_free(m);
		return NULL;
	}
	fallbacks_add(config, chain, NULL, m);
	GROW(s->all, s->n, s->cap);
	s->all[s->n++] = (struct batch_model){ STEAL(name), m };
	return m;
}

void
batch_models_release(struct batch_models *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->all[i].name);
		fallbacks_model_free(s->all[i].m);
	}
	free(s->all);
	*s = (struct batch_models){ 0 };
}
