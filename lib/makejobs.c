/* makejobs: what the make above us has told in $MAKEFLAGS. */
#include "config.h"

#include "makejobs.h"

#include <fcntl.h>
#include <string.h>

#include "alloc.h"
#include "env.h"
#include "num.h"

/* What follows --jobserver-auth= (or, of old makes, -fds=); NULL. */
static const char *
server(void)
{
	static const char *const names[] = { "--jobserver-auth=",
	    "--jobserver-fds=", NULL };
	const char *flags = env_get("MAKEFLAGS");

	for (size_t i = 0; flags && names[i]; i++) {
		const char *at = strstr(flags, names[i]);

		if (at)
			return at + strlen(names[i]);
	}
	return NULL;
}

bool
makejobs_fds(int ret[2])
{
	const char *text = server();

	for (size_t i = 0; text && i < 2; i++) {
		size_t len = strspn(text, "0123456789");
		AUTO_FREE char *digits = xstrndup(text, len);
		int64_t n;

		if (num_parse_int(digits, 3, INT32_MAX, &n) < 0 ||
		    fcntl((int)n, F_GETFD) < 0)
			return false;
		ret[i] = (int)n;
		text += len + (text[len] == ',');
	}
	return text != NULL;
}

bool
makejobs_dry(void)
{
	const char *flags = env_get("MAKEFLAGS");
	size_t len = flags ? strcspn(flags, " ") : 0;

	/* the first word has the options that are a letter, without a dash */
	if (len == 0 || *flags == '-' || memchr(flags, '=', len))
		return false;
	return strcspn(flags, "nqt") < len;
}
