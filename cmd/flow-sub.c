/*
 * flow-sub: agent-flow sub: all rounds of a loop, or all of a flow in a flow.
 *
 * It is the command of the step that the loop is: what it prints is the
 * output of that, its exit status the result.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "flowcmd.h"

#define GRACE (20 * CLOCK_SEC)

/* Has all of a plan done that is to be done. */
static int
run_plan(const struct workspace *w, const struct plan *p, struct err *e)
{
	const struct plan_redo redo = { .dry = false };
	struct child make = CHILD_INIT;
	int todo = plan_prune(p, &redo, NULL, e);
	int status, r;

	if (todo <= 0)
		return todo;
	if (flow_make(p, w->root, 0, NULL, NULL, &make, e) < 0)
		return -1;
	r = child_wait(&make, DEADLINE_NEVER, &cli_signal, &status, e);
	child_stop(&make, GRACE);
	return r < 0 ? -1 : 0;
}

/* Round after round; the status of the whole. */
static int
run_rounds(const struct workspace *w, struct plan_sub *s, struct err *e)
{
	int status = ST_OK, r;

	while ((r = plan_sub_next(s, e)) > 0) {
		if (run_plan(w, &s->plan, e) < 0)
			return -1;
		status = plan_sub_status(&s->plan, e);
		if (status != ST_OK)
			break;
	}
	return r < 0 ? -1 : status;
}

static int
print_output(const struct plan_sub *s, struct err *e)
{
	AUTO_JV jv output = JSON_NONE;
	AUTO_BUF struct buf text = BUF_INIT;
	jv made;

	if (plan_sub_output(s, &made, e) < 0)
		return -1;
	output = made;
	json_write(&output, &text);
	buf_addc(&text, '\n');
	return fd_write(STDOUT_FILENO, text.data, text.len, e);
}

static int
run_sub(const char *flow, const char *name, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_PLAN_SUB struct plan_sub s = PLAN_SUB_INIT;
	struct err why = ERR_INIT, ignored;
	int status;

	if (flow_open(flow, &w, &p, e) < 0 ||
	    plan_sub_begin(&p, name, &s, e) < 0)
		return -1;
	status = run_rounds(&w, &s, &why);
	if (status == ST_TEMPFAIL || (status < 0 && why.status >= ST_SIGNAL)) {
		*e = why;
		return status;
	}
	/* what has been done can be looked at also when all of it failed */
	if (print_output(&s, status < 0 ? &ignored : e) < 0 && status >= 0)
		return -1;
	if (status < 0)
		*e = why;
	return status;
}

int
flow_sub(struct flow_options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int status;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 2)
		cli_usage(&flow_cli, "a flow and a task are needed");
	cli_catch_signals();
	status = run_sub(argv[optind], argv[optind + 1], &e);
	if (status >= 0)
		return cli_end(status);
	err_report(&e);
	cli_raise();
	return cli_end(e.status);
}
