/* strs: a growing list of strings; what an argument list is built in. */
#include "config.h"

#include "strs.h"

#include <stdarg.h>

#include "alloc.h"
#include "buf.h"

void
strs_release(struct strs *s)
{
	strs_cut(s, 0);
	free(s->v);
	*s = (struct strs)STRS_INIT;
}

void
strs_take(struct strs *s, char *text)
{
	/* one more than asked for: the NULL at the end */
	if (s->n + 1 >= s->cap) {
		s->cap = s->cap ? 2 * s->cap : 8;
		s->v = xreallocarray(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n++] = text;
	s->v[s->n] = NULL;
}

void
strs_add(struct strs *s, const char *text)
{
	strs_take(s, xstrdup(text));
}

void
strs_addf(struct strs *s, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	strs_take(s, buf_steal(&b));
}

void
strs_add_all(struct strs *s, const char *const *texts)
{
	for (; *texts; texts++)
		strs_add(s, *texts);
}

void
strs_cut(struct strs *s, size_t n)
{
	while (s->n > n) {
		free(s->v[--s->n]);
		s->v[s->n] = NULL;
	}
}

bool
strs_has(const struct strs *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], text) == 0)
			return true;
	return false;
}
