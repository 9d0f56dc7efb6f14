/* served: programs of ours that serve an agent from outside. */
#include "config.h"

#include "served.h"

#include "alloc.h"
#include "child.h"
#include "path.h"

enum { SECONDS = 30, OUTPUT_MAX = 4 << 20 };

int
served_run(const jv *agent, const char *workspace, const char *program,
    const char *const *args, const char *input, struct buf *out,
    struct err *e)
{
	AUTO_FREE char *path = path_program(program, e);
	const char *argv[SERVED_WORDS + 6] = { path, "-a",
	    json_str(agent, "id"), "-C", workspace };
	struct child_spec spec = CHILD_SPEC_INIT;

	if (!path)
		return -1;
	for (size_t n = 5; *args && n < SERVED_WORDS + 5; args++)
		argv[n++] = *args;
	spec.argv = argv;
	return child_run(&spec, input, OUTPUT_MAX,
	    deadline_in(SECONDS * CLOCK_SEC), out, e);
}
