/*
 * A hostile template and what is asked with it, which follows the first NUL:
 * read, given its parameters, filled in.
 */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "alloc.h"
#include "template.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
fill(const struct template *t, const char *input, size_t len)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (t->prompt)
		template_prompt(t, input, len, &out);
	if (t->rules)
		template_rules(t, &out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const named[] = { "a", "name" };
	const char *text = (const char *)data;
	size_t n = strnlen(text, len);
	const char *input = n < len ? text + n + 1 : "";
	size_t rest = n < len ? len - n - 1 : 0;
	AUTO_FD int fd = memfd_create("template", MFD_CLOEXEC);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", fd);
	AUTO_JV jv params = json_object();

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return 0;
	for (size_t i = 0; i <= sizeof(named) / sizeof(*named); i++) {
		AUTO_TEMPLATE struct template t = TEMPLATE_INIT;
		struct err e = ERR_INIT;
		if (template_load(path, NULL, &params, &t, &e) == 0)
			fill(&t, input, rest);
		if (i < sizeof(named) / sizeof(*named))
			json_set_str(&params, named[i], "$input ${a} $$ \n");
	}
	return 0;
}
