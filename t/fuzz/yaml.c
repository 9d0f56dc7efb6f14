/* A hostile YAML file: parsed, checked, looked up, printed. */
#include "config.h"

#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "yaml.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct yaml_shape inner[] = {
	{ "model", .kinds = YAML_STRING | YAML_REQUIRED },
	{ "tools", .kinds = YAML_LIST, .each = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};

static const struct yaml_shape outer[] = {
	{ "a", .kinds = YAML_MAP, .members = inner },
	{ "agents", .kinds = YAML_LIST | YAML_NULL, .each = YAML_MAP,
	    .members = inner },
	YAML_SHAPE_END
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err e = ERR_INIT;

	if (yaml_parse("fuzz", (const char *)data, len, &doc, &e) < 0)
		return 0;
	AUTO_FREE char *text = json_text(&doc.value);
	if (yaml_check(&doc, "", outer, &e) == 0)
		yaml_err(&doc, text, &e, "%s", text);
	yaml_err_key(&doc, "agents.0.model", &e, "x");
	return 0;
}
