/* program: where somebody's program is, and what it needs of the host. */
#include "config.h"

#include "program.h"

#include <unistd.h>

#include "alloc.h"
#include "env.h"
#include "path.h"

char *
program_find(const char *name, const char *dir)
{
	const char *path = env_get("PATH");

	if (strchr(name, '/'))
		return path_join(dir, name);
	for (size_t n; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		AUTO_FREE char *at = xstrndup(path, n);
		AUTO_FREE char *file = path_join(at, name);
		if (n > 0 && access(file, X_OK) == 0 && !path_is_dir(file))
			return STEAL(file);
	}
	return NULL;
}

/* Shows what is not seen anyway; a whole home never. */
static void
show(struct strs *w, const char *path)
{
	static const char *const seen[] = { "/usr/", "/opt/", "/bin/", NULL };

	/* what lies around /bin is all there is */
	if (strcmp(path, "/") == 0)
		return;
	for (size_t i = 0; seen[i]; i++)
		if (strncmp(path, seen[i], strlen(seen[i])) == 0)
			return;
	STRS_ADD(w, "--ro", path);
}

void
program_show(const char *program, struct strs *w)
{
	AUTO_FREE char *real = realpath(program, NULL);
	AUTO_FREE char *bin = path_dirname(program);
	AUTO_FREE char *prefix = path_dirname(bin);
	AUTO_FREE char *packages = path_join(prefix, "lib/node_modules");
	const char *in = real ? strstr(real, "/node_modules/") : NULL;

	if (path_is_dir(packages)) {
		show(w, prefix);
	} else if (in) {
		AUTO_FREE char *tree = xstrndup(real, (size_t)(in - real) +
		    sizeof("/node_modules") - 1);
		show(w, tree);
	} else if (real) {
		show(w, real);
		if (strcmp(real, program) != 0)
			show(w, program);
	}
}
