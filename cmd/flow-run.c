/* flow-run: agent-flow run: compile, let make run it, show what happens. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "flowcmd.h"
#include "journal.h"
#include "num.h"
#include "outlet.h"
#include "progress.h"
#include "record.h"
#include "ulid.h"

enum { JOBS = 2, GRACE_S = 20, LOOK_MS = 50 };

struct run {
	const struct flow_options *o;
	struct workspace w;
	struct plan p;
	char id[ULID_LEN + 1];
	struct outlet outlet;
	struct progress progress;	/* instead, on a terminal */
	bool drawing;
	struct journal_reader journal;
	bool part, part_done;	/* only some tasks were wanted; they are done */
};

/* The goals of make: all, or the stamps of the tasks that were named. */
static int
add_goals(const struct run *r, int argc, char **argv, struct strs *to,
    struct err *e)
{
	for (int k = 0; k < argc; k++) {
		bool found = false;

		for (size_t i = 0; i < plan_count(&r->p); i++) {
			AUTO_JV jv task = plan_task(&r->p, i);

			if (strcmp(json_str(&task, "id"), argv[k]) != 0)
				continue;
			strs_addf(to, ".agent/flows/%s/stamps/%s.%s",
			    r->p.name, argv[k], json_str(&task, "def"));
			found = true;
		}
		if (!found)
			return err_set(e, ST_NOINPUT,
			    "the flow has no task '%s'", argv[k]);
	}
	return 0;
}

/* This flow, or what is in it: "FLOW.ID". */
static bool
is_ours(const struct run *r, const char *flow)
{
	size_t len = strlen(r->p.name);

	return strncmp(flow, r->p.name, len) == 0 &&
	    (flow[len] == '\0' || flow[len] == '.');
}

static int
show_record(struct run *r, const jv *record, struct err *e)
{
	const char *run = json_str(record, "run");
	const char *flow = run ? json_str(record, "flow") : NULL;
	bool ours = flow && strcmp(run, r->id) == 0 && is_ours(r, flow);

	if (r->drawing)
		return progress_record(&r->progress, record, ours, e);
	return !ours || r->o->quiet ? 0 :
	    outlet_record(&r->outlet, record, e);
}

/* Shows the records of this run that have come; -1 when they cannot be. */
static int
show(struct run *r, struct deadline until, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	int status = 0;

	while ((got = journal_next(&r->journal, until, NULL, &line, e)) ==
	    NDJSON_LINE || got == NDJSON_BAD) {
		if (got == NDJSON_LINE)
			status = show_record(r, &line.value, e);
		if (status < 0)
			break;
	}
	ndjson_line_release(&line);
	return status < 0 || got == NDJSON_FAIL ? -1 : 0;
}

/* When the run has to end, whatever is left to do. */
static struct deadline
wall_of(const struct run *r)
{
	AUTO_JV jv limits = json_get(&r->p.list, "limits");
	const char *text = json_str(&limits, "wall");
	int64_t n;

	if (text && num_parse_duration(text, &n) == 0)
		return deadline_in(n);
	return json_int(&limits, "wall", &n) ? deadline_in(n * CLOCK_SEC) :
	    DEADLINE_NEVER;
}

/* Until make has ended. */
static int
follow(struct run *r, struct child *make, struct err *e)
{
	struct deadline end = wall_of(r);
	int status = 0, ended = 0;

	while (ended == 0) {
		ended = child_wait(make, deadline_in(LOOK_MS * CLOCK_MS),
		    &cli_signal, &status, e);
		if (ended == 0 && deadline_passed(end))
			ended = err_set(e, ST_TIMEOUT,
			    "the flow has run as long as it may");
		if (ended < 0)
			break;
		if (show(r, deadline_in(0), e) < 0 || (r->drawing &&
		    progress_draw(&r->progress, false, e) < 0))
			return -1;
	}
	r->part_done = r->part && status == 0;
	return ended < 0 ? -1 : 0;
}

/* On the terminal, in the place of what was drawn. */
static int
show_last(struct run *r, const jv *record, struct err *e)
{
	struct watch watch = WATCH_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	progress_close(&r->progress);
	r->drawing = false;
	watch_open(&watch, STDOUT_FILENO, TERM_AUTO, -1);
	watch_show(&watch, record, &out);
	watch_close(&watch);
	return fd_write(STDOUT_FILENO, out.data ? out.data : "", out.len, e);
}

/* The last line: how it went. */
static int
summarise(struct run *r, int status, struct err *e)
{
	AUTO_FREE char *source = xasprintf("/flow/%s", r->p.name);
	struct record_origin origin = { .source = source, .run = r->id,
		.flow = r->p.name, .traceparent = record_traceparent() };
	AUTO_JV jv states = json_object();
	AUTO_BUF struct buf text = BUF_INIT;
	jv data = json_object();

	for (size_t i = 0; i < plan_count(&r->p); i++) {
		AUTO_JV jv task = plan_task(&r->p, i);
		AUTO_STEP_RESULT struct step_result last = STEP_RESULT_INIT;
		const char *state = plan_state(&r->p, &task, &last, e);
		int64_t n = 0;

		if (!state) {
			json_release(&data);
			return -1;
		}
		json_int(&states, state, &n);
		json_set_int(&states, state, n + 1);
	}
	JSON_EACH(&states, i) {
		AUTO_JV jv n = json_iter_value(&states, i);
		AUTO_FREE char *number = json_text(&n);

		buf_addf(&text, "%s%s %s", text.len > 0 ? ", " : "", number,
		    json_iter_key(&states, i));
	}
	json_set_int(&data, "status", status);
	json_set_str(&data, "reason", status == ST_OK ? "ok" :
	    status == ST_TEMPFAIL ? "unfinished" : "failed");
	json_set_str(&data, "text", text.data ? text.data : "nothing");
	json_set(&data, "tasks", json_copy(&states));
	if (r->o->quiet) {
		printf("%s: %s\n", r->p.name, json_str(&data, "text"));
		json_release(&data);
		return 0;
	}
	AUTO_JV jv record = record_new(&origin, RECORD_RESULT, data);
	return r->drawing ? show_last(r, &record, e) :
	    outlet_record(&r->outlet, &record, e);
}

static int
conclude(struct run *r, struct err *e)
{
	const struct flow_options silent = { .quiet = true };
	const struct flow_options all = { .quiet = false };
	int status, again;

	if (flow_report(&silent, &r->p, &status, e) < 0)
		return -1;
	if (r->part_done && status == ST_TEMPFAIL)
		status = ST_OK;
	if (summarise(r, status, e) < 0)
		return -1;
	/* for a mail: what has become of each, once */
	fflush(stdout);
	return r->o->quiet && flow_report(&all, &r->p, &again, e) < 0 ? -1 :
	    status;
}

static int64_t
jobs_of(const struct run *r)
{
	AUTO_JV jv limits = json_get(&r->p.list, "limits");
	int64_t jobs = JOBS;

	json_int(&limits, "jobs", &jobs);
	return r->o->jobs > 0 ? r->o->jobs : jobs;
}

static int
run_make(struct run *r, const struct strs *goals, struct err *e)
{
	struct child make = CHILD_INIT;
	AUTO_FREE char *journal = workspace_journal(&r->w);
	int result;

	if (journal_reader_open(journal, true, &r->journal, e) < 0 ||
	    journal_seek_tail(&r->journal, 0, e) < 0 ||
	    flow_make(&r->p, r->w.root, jobs_of(r), goals, r->id, &make,
	    e) < 0)
		return -1;
	result = follow(r, &make, e);
	/* the tasks end in order when they are told to */
	child_stop(&make, GRACE_S * CLOCK_SEC);
	if (result < 0 || show(r, deadline_in(0), e) < 0)
		return -1;
	return conclude(r, e);
}

static void
tell_why(const struct run *r, const jv *why)
{
	for (size_t i = 0; i < plan_count(&r->p); i++) {
		AUTO_JV jv task = plan_task(&r->p, i);
		const char *id = json_str(&task, "id");

		if (json_has(why, id))
			printf("%s: %s\n", id, json_str(why, id));
	}
}

/* What is to be done: how many tasks; with --dry-run, it says so. */
static int
prepare(struct run *r, struct err *e)
{
	const struct plan_redo redo = { .force = &r->o->redo,
		.failed = r->o->retry_failed, .dry = r->o->dry_run };
	struct strs ignored = STRS_INIT;
	jv why;
	int n;

	/* that there are such tasks */
	n = add_goals(r, (int)r->o->redo.n, r->o->redo.v, &ignored, e);
	strs_release(&ignored);
	if (n < 0)
		return -1;
	n = plan_prune(&r->p, &redo, &why, e);
	if (n < 0)
		return -1;
	if (r->o->dry_run)
		tell_why(r, &why);
	json_release(&why);
	return n;
}

static int
run_flow(struct run *r, int argc, char **argv, struct err *e)
{
	AUTO_STRS struct strs goals = STRS_INIT;
	int status, todo;

	if (flow_load(r->o, argv[0], &r->w, &r->p, e) < 0 ||
	    add_goals(r, argc - 1, argv + 1, &goals, e) < 0)
		return -1;
	r->part = goals.n > 0;
	todo = prepare(r, e);
	if (todo < 0)
		return -1;
	if (r->o->dry_run)
		return ST_OK;
	ulid_make(r->id);
	r->drawing = !r->o->quiet && !r->o->format && isatty(STDOUT_FILENO);
	if (r->drawing)
		progress_open(&r->progress, STDOUT_FILENO, r->p.name,
		    plan_count(&r->p), (size_t)todo);
	else if (!r->o->quiet && outlet_open(r->o->format &&
	    strcmp(r->o->format, "text") == 0, &r->outlet, e) < 0)
		return -1;
	status = todo > 0 ? run_make(r, &goals, e) : conclude(r, e);
	progress_close(&r->progress);
	outlet_close(&r->outlet);
	return status;
}

int
flow_run(struct flow_options *o, int argc, char **argv)
{
	struct run r = { .o = o, .p = PLAN_INIT, .outlet = OUTLET_INIT,
		.progress = PROGRESS_INIT,
		.journal = JOURNAL_READER_INIT };
	struct err e = ERR_INIT;
	int status;

	flow_run_options(argc, argv, o);
	if (argc == optind)
		cli_usage(&flow_cli, "a file is needed");
	cli_catch_signals();
	status = run_flow(&r, argc - optind, argv + optind, &e);
	journal_reader_close(&r.journal);
	plan_release(&r.p);
	workspace_release(&r.w);
	if (status >= 0)
		return cli_end(status);
	err_report(&e);
	cli_raise();
	return cli_end(e.status);
}
