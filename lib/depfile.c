/* depfile: what something was made from, as a rule that make(1) includes. */
#include "config.h"

#include "depfile.h"

#include "alloc.h"
#include "buf.h"
#include "path.h"

/*
 * A name as GNU make reads it back: a dollar sign is doubled; a space, `#`,
 * `:` and, in a target, `%` have a backslash before them, and backslashes
 * that stand before one of those are doubled.
 */
static int
add_name(struct buf *out, const char *name, bool target, struct err *e)
{
	const char *special = target ? " \t#:%" : " \t#:";

	if (strchr(name, '\n'))
		return err_set(e, ST_DATA, "no makefile can hold the name of "
		    "'%s'", name);
	for (const char *s = name; *s; s++) {
		size_t n = strspn(s, "\\");
		if (n > 0) {
			bool twice = s[n] && strchr(special, s[n]);
			for (size_t i = 0; i < (twice ? 2 * n : n); i++)
				buf_addc(out, '\\');
			s += n - 1;
			continue;
		}
		if (*s == '$')
			buf_addc(out, '$');
		else if (strchr(special, *s))
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	return 0;
}

int
depfile_write(const char *path, const char *target, const struct strs *files,
    bool phony, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (add_name(&out, target, true, e) < 0)
		return -1;
	buf_addc(&out, ':');
	for (size_t i = 0; i < files->n; i++) {
		buf_adds(&out, " \\\n  ");
		if (add_name(&out, files->v[i], false, e) < 0)
			return -1;
	}
	buf_addc(&out, '\n');
	for (size_t i = 0; phony && i < files->n; i++) {
		buf_addc(&out, '\n');
		(void)add_name(&out, files->v[i], true, e);
		buf_adds(&out, ":\n");
	}
	return path_replace(path, out.data, out.len, 0666, e);
}
