/* A hostile schema, and a value: "SCHEMA\nVALUE"; and the short form. */
#include "config.h"

#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "schema.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
both(const char *text, size_t len, const jv *value)
{
	struct schema_options o = { .assert_format = true };
	struct err e = ERR_INIT;
	AUTO_JV jv schema = JSON_NONE;
	AUTO_BUF struct buf why = BUF_INIT;
	struct schema *s;

	if (json_parse(text, len, &schema, &e) < 0 ||
	    !(s = schema_compile(&schema, &o, &e)))
		return;
	schema_check(s, value, &why, &e);
	/* a schema is a value, too */
	schema_check(s, &schema, NULL, &e);
	schema_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = len ? (const char *)data : "";
	const char *end = len ? memchr(text, '\n', len) : NULL;
	size_t n = end ? (size_t)(end - text) : len;
	struct err e = ERR_INIT;
	AUTO_JV jv value = JSON_NONE, from_short = JSON_NONE;
	AUTO_FREE char *copy = xstrndup(text, len);

	if (!end || json_parse(end + 1, len - n - 1, &value, &e) < 0)
		value = json_null();
	both(text, n, &value);
	schema_from_short(copy, &from_short, &e);
	return 0;
}
