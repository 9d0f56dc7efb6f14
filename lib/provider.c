/* provider: the table of protocols. */
#include "config.h"

#include "provider.h"

#include "alloc.h"

static const struct provider *const providers[] = {
	&provider_chat,
};

enum { PROVIDERS = sizeof(providers) / sizeof(*providers) };

const struct provider *
provider_find(const char *name)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

const char *
provider_name(size_t i)
{
	return i < PROVIDERS ? providers[i]->name : NULL;
}

bool
provider_quirk(const struct model *m, const char *name)
{
	AUTO_JV jv v = json_get(&m->quirks, name);

	return json_is_true(&v);
}
