/* flow-make: having make do a plan. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "flowcmd.h"
#include "makejobs.h"
#include "path.h"

static char *
write_makefile(const struct plan *p, struct err *e)
{
	AUTO_FREE char *path = path_join(p->dir, "makefile");
	AUTO_BUF struct buf text = BUF_INIT;

	plan_makefile(p, &text);
	return path_write_atomic(path, text.data, text.len, 0600, e) < 0 ?
	    NULL : STEAL(path);
}

/* make finds us first; of a make above it is told when it shares its jobs. */
static int
make_env(const char *run, bool shared, struct strs *env, struct err *e)
{
	AUTO_FREE char *own = path_own_dir(e);
	const char *path = env_get("PATH");

	if (!own)
		return -1;
	for (const char *const *v = env_all(); *v; v++)
		if ((shared || (strncmp(*v, "MAKE", 4) != 0 &&
		    strncmp(*v, "MFLAGS=", 7) != 0)) &&
		    strncmp(*v, "PATH=", 5) != 0 &&
		    (!run || strncmp(*v, "AGENT_FLOW_RUN=", 15) != 0))
			strs_add(env, *v);
	strs_addf(env, "PATH=%s:%s", own, path ? path : "/usr/bin:/bin");
	if (run)
		strs_addf(env, "AGENT_FLOW_RUN=%s", run);
	return 0;
}

int
flow_make(const struct plan *p, const char *root, int64_t jobs,
    const struct strs *goals, const char *run, struct child *ret,
    struct err *e)
{
	AUTO_FREE char *makefile = write_makefile(p, e);
	AUTO_FREE char *log = path_join(p->dir, "make.log");
	AUTO_STRS struct strs argv = STRS_INIT;
	AUTO_STRS struct strs env = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	int fds[2];
	AUTO_FD int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0600);

	if (!makefile || make_env(run, jobs == 0, &env, e) < 0)
		return -1;
	if (out < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", log);
	STRS_ADD(&argv, "make", "-k", "-f", makefile);
	if (jobs > 0)
		strs_addf(&argv, "-j%lld", (long long)jobs);
	strs_add(&argv, "--");
	for (size_t i = 0; goals && i < goals->n; i++)
		strs_add(&argv, goals->v[i]);
	spec.argv = (const char *const *)argv.v;
	spec.envp = (const char *const *)env.v;
	spec.cwd = root;
	spec.in = CHILD_NULL;
	spec.out = spec.err = out;
	if (jobs == 0 && makejobs_fds(fds)) {
		spec.keep = fds;
		spec.nkeep = 2;
	}
	return child_start(&spec, ret, e);
}
