/* flow-status: agent-flow status and cancel. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flowcmd.h"
#include "term.h"

/* A text of whoever made the flow, or of a program, on the line. */
static void
add_text(const char *before, const char *text, struct buf *out)
{
	if (!text)
		return;
	buf_adds(out, before);
	term_clean(text, strlen(text), TERM_ONELINE, out);
}

/* `depth`: in how many loops and flows of the one that was asked for. */
static void
add_line(const struct flow_options *o, const struct plan *p, int depth,
    const jv *task, const char *state, const struct step_result *r,
    struct buf *out)
{
	AUTO_JV jv v = JSON_NONE;
	const char *title = json_str(task, "title");

	if (!o->json) {
		buf_addf(out, "%-11s %*s%s", state, 2 * depth, "",
		    json_str(task, "id"));
		add_text("  ", title, out);
		add_text(": ", r->message, out);
		buf_addc(out, '\n');
		return;
	}
	v = json_object();
	json_set_str(&v, "flow", p->name);
	json_set_str(&v, "task", json_str(task, "id"));
	json_set_str(&v, "state", state);
	json_set(&v, "title", json_from_str(title));
	json_set(&v, "message", json_from_str(r->message));
	json_set(&v, "needs", json_get(task, "needs"));
	json_write(&v, out);
	buf_addc(out, '\n');
}

/* The tasks of a plan and of what is in it; `tally` counts its own. */
static int
add_plan(const struct flow_options *o, const struct plan *p, int depth,
    struct plan_tally *tally, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		AUTO_PLAN struct plan sub = PLAN_INIT;
		struct plan_tally ignored = PLAN_TALLY_INIT;
		const char *state = plan_state(p, &task, &r, e);
		int inner = 0;

		if (!state)
			return -1;
		plan_weigh(tally, &task, state);
		add_line(o, p, depth, &task, state, &r, out);
		if (!o->quiet && !o->check && plan_has_sub(&task))
			inner = plan_open_sub(p, json_str(&task, "id"), &sub,
			    e);
		if (inner < 0 || (inner > 0 && add_plan(o, &sub, depth + 1,
		    &ignored, out, e) < 0))
			return -1;
	}
	return 0;
}

int
flow_report(const struct flow_options *o, const struct plan *p,
    int *ret_status, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct plan_tally tally = PLAN_TALLY_INIT;

	if (add_plan(o, p, 0, &tally, &out, e) < 0)
		return -1;
	*ret_status = plan_tally_status(&tally);
	return o->quiet || o->check ? 0 :
	    fd_write(STDOUT_FILENO, out.data, out.len, e);
}

int
flow_status(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	struct err e = ERR_INIT;
	int status;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 1)
		cli_usage(&flow_cli, "the name of a flow is needed");
	if (flow_open(argv[optind], &w, &p, &e) < 0 ||
	    flow_report(o, &p, &status, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(o->check ? status : ST_OK);
}

int
flow_cancel(struct flow_options *o, int argc, char **argv)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_PLAN struct plan p = PLAN_INIT;
	struct err e = ERR_INIT;
	bool found = false;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind < 1)
		cli_usage(&flow_cli, "the name of a flow is needed");
	if (flow_open(argv[optind], &w, &p, &e) < 0)
		return cli_end(err_report(&e));
	for (size_t i = 0; i < plan_count(&p); i++) {
		AUTO_JV jv task = plan_task(&p, i);
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		const char *id = json_str(&task, "id"), *state;

		if (argc - optind == 2 && strcmp(argv[optind + 1], id) != 0)
			continue;
		found = true;
		state = plan_state(&p, &task, &r, &e);
		if (!state || ((strcmp(state, "running") == 0 ||
		    strcmp(state, "waiting") == 0 ||
		    strcmp(state, "parked") == 0) &&
		    step_cancel(p.steps, id, &e) < 0))
			return cli_end(err_report(&e));
	}
	if (!found)
		err_set(&e, ST_NOINPUT, "the flow has no task '%s'",
		    argv[optind + 1]);
	return cli_end(found ? ST_OK : err_report(&e));
}
