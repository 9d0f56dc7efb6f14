/* flow-plan: agent-flow compile, task and stale: what make has to do with. */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flowcmd.h"
#include "flowlog.h"
#include "makejobs.h"
#include "path.h"

enum { INPUT_MAX = 4 << 20 };

/* NAME=VALUE, or NAME=@FILE for what is in a file ("-": standard input). */
static int
set_input(jv *inputs, const char *text, struct err *e)
{
	const char *value = strchr(text, '=');
	AUTO_FREE char *name = xstrndup(text, strcspn(text, "="));
	AUTO_BUF struct buf file = BUF_INIT;

	if (!value || !json_has(inputs, name))
		return err_set(e, ST_USAGE, value ? "the flow has no input "
		    "'%s'" : "--set wants NAME=VALUE, not '%s'", name);
	if (*++value != '@') {
		json_set_str(inputs, name, value);
		return 0;
	}
	if (path_read(strcmp(value, "@-") == 0 ? "/dev/stdin" : value + 1,
	    INPUT_MAX, &file, e) < 0)
		return -1;
	json_set(inputs, name, json_from_bytes(file.data ? file.data : "",
	    file.len));
	return 0;
}

/* What the flow is given: what it says itself, and --set. */
static int
make_inputs(const struct flow_options *o, const struct flow *f, jv *ret,
    struct err *e)
{
	AUTO_JV jv inputs = json_get(&f->doc.value, "inputs");

	if (!json_is(&inputs, JSON_OBJECT))
		inputs = json_object();
	for (size_t i = 0; i < o->set.n; i++)
		if (set_input(&inputs, o->set.v[i], e) < 0)
			return -1;
	JSON_EACH(&inputs, i) {
		AUTO_JV jv v = json_iter_value(&inputs, i);

		if (json_is(&v, JSON_NULL))
			return err_set(e, ST_USAGE, "the flow wants --set "
			    "%s=VALUE", json_iter_key(&inputs, i));
	}
	*ret = json_copy(&inputs);
	return 0;
}

int
flow_load(const struct flow_options *o, const char *file,
    struct workspace *ret_workspace, struct plan *ret, struct err *e)
{
	AUTO_FLOW struct flow f = FLOW_INIT;
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_JV jv inputs = JSON_NONE;
	struct err ignored;
	jv made;

	if (o->dir && chdir(o->dir) < 0)
		return err_sys(e, ST_NOINPUT, "cannot enter '%s'", o->dir);
	if (flow_read(file, &f, &why, e) < 0) {
		(void)fd_write(STDERR_FILENO, why.data, why.len, &ignored);
		return -1;
	}
	if (make_inputs(o, &f, &made, e) < 0)
		return -1;
	inputs = made;
	if (workspace_need(NULL, ret_workspace, e) < 0)
		return -1;
	if (plan_make(ret_workspace, &f, &inputs, ret, e) < 0)
		return -1;
	return flow_set_budget(ret, e);
}

int
flow_compile(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 1)
		cli_usage(&flow_cli, "one file is needed");
	if (flow_load(o, argv[optind], &w, &p, &e) < 0)
		return cli_end(err_report(&e));
	plan_makefile(&p, &out);
	if (fd_write(STDOUT_FILENO, out.data, out.len, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(ST_OK);
}

static int
find_workspace(struct workspace *ret, struct err *e)
{
	int found = workspace_find(NULL, ret, e);

	if (found == 0)
		return err_set(e, ST_NOINPUT, "there is no workspace here: no "
		    "'.agent' in this directory or above");
	return found < 0 ? -1 : 0;
}

/* The plan of a flow that was compiled, by its name. */
int
flow_open(const char *name, struct workspace *ret_workspace, struct plan *ret,
    struct err *e)
{
	return find_workspace(ret_workspace, e) < 0 ? -1 :
	    plan_open(ret_workspace, name, ret, e);
}

int
flow_task(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_FLOWLOG struct flowlog log = FLOWLOG_INIT;
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	struct err e = ERR_INIT;
	int done = -1;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 2)
		cli_usage(&flow_cli, "a flow and a task are needed");
	/* make -n runs what has a make below it all the same */
	if (makejobs_dry())
		return cli_end(ST_OK);
	cli_catch_signals();
	if (find_workspace(&w, &e) == 0 &&
	    plan_open_task(&w, argv[optind], &p, &e) == 0 &&
	    flowlog_open(&w, p.name, &log, &e) == 0) {
		flow_use_budget(&p);
		done = plan_run_task(&p, argv[optind + 1], &log, &cli_signal,
		    &r, &e);
	}
	if (done == 0)
		return cli_end(r.outcome == STEP_NONE ? r.status : ST_OK);
	err_report(&e);
	cli_raise();
	return cli_end(e.status);
}

int
flow_stale(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	struct plan_redo redo = { .failed = false };
	struct err e = ERR_INIT;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 1)
		cli_usage(&flow_cli, "a flow is needed");
	if (flow_open(argv[optind], &w, &p, &e) < 0 ||
	    plan_prune(&p, &redo, NULL, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(ST_OK);
}
