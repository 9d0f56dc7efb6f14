/* fallbacks: the models that agent-route(1) chose for when the first fails. */
#include "config.h"

#include "fallbacks.h"

#include "alloc.h"
#include "catalog.h"

struct model *
fallbacks_model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	*m = (struct model)MODEL_INIT;
	return m;
}

void
fallbacks_model_free(struct model *m)
{
	if (m)
		model_release(m);
	free(m);
}

/* A step of the chain: the model, and what it is meant for. */
static struct model *
step_model(const jv *config, const jv *step, struct err *e)
{
	AUTO_JV jv on = json_get(step, "on");
	struct model *m = fallbacks_model_new();

	if (catalog_find(config, json_str(step, "model"), m, e) < 0) {
		fallbacks_model_free(m);
		return NULL;
	}
	for (size_t i = 0; i < json_count(&on); i++) {
		AUTO_JV jv word = json_at(&on, i);
		if (json_string(&word))
			strs_add(&m->on, json_string(&word));
	}
	return m;
}

void
fallbacks_add(const jv *config, const jv *steps, const char *agent,
    struct model *m)
{
	for (size_t i = 0; i < json_count(steps); i++) {
		AUTO_JV jv step = json_at(steps, i);
		const char *whose = json_str(&step, "agent");
		struct err why = ERR_INIT;

		if (!json_str(&step, "model") ||
		    (agent && whose && strcmp(agent, whose) != 0))
			continue;
		while (m->fallback)
			m = m->fallback;
		m->fallback = step_model(config, &step, &why);
		if (!m->fallback)
			err_warn("%s; going on without that fallback",
			    why.text);
	}
}
