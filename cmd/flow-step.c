/* flow-step: agent-flow step: one step, from a makefile, crontab or script. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flowcmd.h"
#include "flowlog.h"
#include "path.h"
#include "step.h"

/* A step in the making: what was asked for, and how it is run. */
struct job {
	const struct flow_options *o;
	struct step_spec spec;
};

static void
check_ids(const struct cli *cli, const struct flow_options *o, int argc,
    const char *id)
{
	if (argc < 2)
		cli_usage(cli, "an id and a command are needed");
	if (!workspace_id_valid(id))
		cli_usage(cli, "'%s' is no id: letters, digits, '.', '_' and "
		    "'-', at most 64", id);
	if (!workspace_id_valid(o->flow))
		cli_usage(cli, "'%s' is no name of a flow", o->flow);
	for (size_t i = 0; i < o->needs.n; i++)
		if (!workspace_id_valid(o->needs.v[i]))
			cli_usage(cli, "'%s' is no id", o->needs.v[i]);
}

/* Copies all there is; `to` may be at its end already. */
static int
copy(int from, int to, struct err *e)
{
	char chunk[65536];
	ssize_t n;

	while ((n = fd_read(from, chunk, sizeof(chunk), e)) > 0)
		if (fd_write(to, chunk, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/*
 * The input as a regular file without a name: its digest is part of the key,
 * and every attempt reads it from the beginning.
 */
static int
open_input(struct job *j, struct err *e)
{
	bool is_stdin = j->o->in && strcmp(j->o->in, "-") == 0;
	AUTO_FD int from = -1;
	AUTO_FD int to = -1;

	if (!j->o->in)
		return 0;
	from = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
	    open(j->o->in, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", j->o->in);
	if (path_mkdirs(j->spec.dir, 0700, e) < 0)
		return -1;
	to = open(j->spec.dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(e, ST_CANTCREATE, "cannot keep '%s'", j->o->in);
	if (copy(from, to, e) < 0)
		return -1;
	j->spec.in = steal_fd(&to);
	return 0;
}

/* What the step printed, in this attempt or an earlier one. */
static int
print(const struct job *j, const struct step_result *r, struct err *e)
{
	static const struct { const char *name; int fd; } outs[] = {
		{ "stdout", STDOUT_FILENO }, { "stderr", STDERR_FILENO }
	};

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *name = xasprintf("%lld/%s",
		    (long long)r->attempt, outs[i].name);
		AUTO_FREE char *path = step_path(j->spec.dir, j->spec.id,
		    name);
		AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

		/* a step that did not run has printed nothing */
		if (fd < 0 && errno != ENOENT)
			return err_sys(e, ST_IO, "cannot open '%s'", path);
		if (fd >= 0 && copy(fd, outs[i].fd, e) < 0)
			return -1;
	}
	return 0;
}

/* Whether all that is needed is there and ok; else why not. */
static int
look_at_needs(const struct job *j, char **ret_why, struct err *e)
{
	for (size_t i = 0; i < j->o->needs.n; i++) {
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		int there = step_last(j->spec.dir, j->o->needs.v[i], &r, e);

		if (there < 0)
			return -1;
		if (there == 0)
			return err_set(e, ST_NOINPUT, "there is no result of "
			    "'%s' yet", j->o->needs.v[i]);
		if (r.outcome == STEP_OK || r.outcome == STEP_SKIPPED)
			continue;
		*ret_why = xasprintf("'%s' is %s", j->o->needs.v[i],
		    step_outcome_name(r.outcome));
		return 0;
	}
	return 1;
}

static int
do_step(struct job *j, const struct workspace *w, struct err *e)
{
	AUTO_FLOWLOG struct flowlog log = FLOWLOG_INIT;
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	AUTO_FREE char *why = NULL;
	int ready = look_at_needs(j, &why, e);

	if (ready < 0 || open_input(j, e) < 0 ||
	    flowlog_open(w, j->spec.flow, &log, e) < 0)
		return -1;
	j->spec.begun = flowlog_begun;
	j->spec.context = &log;
	if ((ready ? step_run(&j->spec, &r, e) : step_decide(&j->spec,
	    STEP_OMITTED, ST_NO, why, NULL, &r, e)) < 0)
		return -1;
	if (r.ran && r.outcome != STEP_NONE &&
	    flowlog_ended(&log, j->spec.id, &r, e) < 0)
		return -1;
	if (!j->o->quiet && print(j, &r, e) < 0)
		return -1;
	if (r.message)
		err_warn("'%s' %s: %s", j->spec.id,
		    step_outcome_name(r.outcome), r.message);
	return r.status;
}

/* Names of files start where the step runs. */
static int
run_step(struct job *j, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *root = NULL;
	int status;

	if (j->o->dir && chdir(j->o->dir) < 0)
		return err_sys(e, ST_NOINPUT, "cannot enter '%s'", j->o->dir);
	if (workspace_need(NULL, &w, e) < 0)
		return -1;
	root = path_cwd(e);
	if (!root)
		return -1;
	dir = flow_steps(&w, j->o->flow);
	j->spec.dir = dir;
	j->spec.root = root;
	status = do_step(j, &w, e);
	if (j->spec.in >= 0)
		close(j->spec.in);
	return status;
}

int
flow_step(struct flow_options *o, int argc, char **argv)
{
	struct cli cli = flow_cli;
	struct err e = ERR_INIT;
	int r;

	cli.wrapper = true;
	cli.shortopts = "+" FLOW_SHORTOPTS;	/* the rest is the program's */
	flow_options(&cli, argc, argv, o);
	check_ids(&cli, o, argc - optind, argv[optind]);
	struct job j = { .o = o, .spec = {
		.flow = o->flow, .id = argv[optind],
		.argv = (const char *const *)argv + optind + 1,
		.env = &o->env, .inputs = &o->inputs, .outputs = &o->outputs,
		.needs = &o->needs, .in = -1, .retries = o->retries,
		.timeout = o->timeout, .wait = o->wait, .delay = o->delay,
		.flags = (o->force ? STEP_FORCE : 0U) |
		    (o->keep_failed ? STEP_KEEP_FAILED : 0U),
		.stop = &cli_signal
	} };
	cli_catch_signals();
	r = run_step(&j, &e);
	if (r >= 0)
		return cli_end(r);
	err_report(&e);
	cli_raise();
	return cli_end(e.status == ST_TEMPFAIL ? ST_TEMPFAIL : ST_WRAPPER);
}
