/* batch-models: the models that the tasks of a batch name. */
#include "config.h"

#include "batch-models.h"

#include "alloc.h"
#include "catalog.h"

static struct model *
new_model(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	*m = (struct model)MODEL_INIT;
	return m;
}

static void
free_model(struct model *m)
{
	model_release(m);
	free(m);
}

/* A step of the chain: the model, and what it is meant for. */
static struct model *
step_model(const jv *config, const jv *step, struct err *e)
{
	AUTO_JV jv on = json_get(step, "on");
	struct model *m = new_model();

	if (catalog_find(config, json_str(step, "model"), m, e) < 0) {
		free_model(m);
		return NULL;
	}
	for (size_t i = 0; i < json_count(&on); i++) {
		AUTO_JV jv word = json_at(&on, i);
		if (json_string(&word))
			strs_add(&m->on, json_string(&word));
	}
	return m;
}

/* Puts the steps behind what the model's own spec falls back to. */
static void
add_chain(const jv *config, const jv *chain, struct model *m)
{
	for (size_t i = 0; i < json_count(chain); i++) {
		AUTO_JV jv step = json_at(chain, i);
		struct err why = ERR_INIT;
		if (!json_str(&step, "model"))
			continue;
		while (m->fallback)
			m = m->fallback;
		m->fallback = step_model(config, &step, &why);
		if (!m->fallback)
			err_warn("%s; going on without that fallback",
			    why.text);
	}
}

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
	m = new_model();
	if (catalog_find(config, spec, m, e) < 0) {
		free_model(m);
		return NULL;
	}
	add_chain(config, chain, m);
	GROW(s->all, s->n, s->cap);
	s->all[s->n++] = (struct batch_model){ STEAL(name), m };
	return m;
}

void
batch_models_release(struct batch_models *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->all[i].name);
		free_model(s->all[i].m);
	}
	free(s->all);
	*s = (struct batch_models){ 0 };
}
