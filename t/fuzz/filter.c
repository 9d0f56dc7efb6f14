/*
 * fuzz: a jq program, up to the first NUL byte, over a small value.  Programs
 * with a loop in them are passed over: the watchdog would end the fuzzer.
 */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "filter.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
ignore(const jv *result, void *arg)
{
	int *n = arg;

	(void)result;
	return ++*n > 100;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const loops[] = {
		"def", "repeat", "range", "while", "until", "recurse", "..",
		"limit", "reduce", "foreach", "sub", "*",
		"combinations", "[0-9",
	};
	static const char text[] = "{\"a\":[1,\"x\",null],\"b\":{\"c\":true}}";
	AUTO_FREE char *program = NULL;
	AUTO_JV jv in = JSON_NONE;
	struct err e = ERR_INIT;
	struct filter *f;
	int n = 0;

	if (size > 200)
		return 0;
	program = xstrndup((const char *)data, size);
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++)
		if (strstr(program, loops[i]))
			return 0;
	if (json_parse(text, strlen(text), &in, &e) < 0)
		return 0;
	f = filter_new(program, NULL, &e);
	if (f)
		filter_each(f, &in, NULL, ignore, &n, &e);
	filter_free(f);
	return 0;
}
