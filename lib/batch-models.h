/*
 * batch-models: the models that the tasks of a batch name, each looked up
 * once.
 */
#ifndef AGENT_BATCH_MODELS_H
#define AGENT_BATCH_MODELS_H

#include "err.h"
#include "json.h"
#include "model.h"

struct batch_model {
	char *name;		/* spec and chain; NULL: neither */
	struct model *m;
};

struct batch_models {
	struct batch_model *all;
	size_t n, cap;
};

/*
 * The model that `spec` means (NULL: the catalog's default), which falls back
 * to those of the chain (batch-task.h) after the kinds of failure that each is
 * meant for.  It lives as long as `s`.  Fails as catalog_find() does; a
 * fallback that is not known here is warned of once and left out.
 */
const struct model *batch_models_find(struct batch_models *s,
	    const jv *config, const char *spec, const jv *chain,
	    struct err *e);
void	batch_models_release(struct batch_models *s);

#endif
