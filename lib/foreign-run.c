/*
 * foreign-run: the run of somebody else's agent, from its task to its result.
 *
 * It may be started several times in it: what is done about failures, its
 * check and what a person says (agent-mend.c) are ours, and its next start
 * goes on with its own session.
 */
#include "config.h"

#include "foreign-impl.h"

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "snapshot.h"

enum {
	STATE_MAX = 64 << 10,
	FILTER_MAX = 64 << 10,
	IDLE_SECONDS = 900
};

static int
say_start(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;
	bool resumed = !json_is(&t->talk->start, JSON_NOTHING);
	jv data = json_object();

	json_set_str(&data, "agent", t->id);
	json_set_str(&data, "type", f->kind->type);
	if (t->depth > 0)
		json_set_int(&data, "depth", t->depth);
	if (t->model_name)
		json_set_str(&data, "model", t->model_name);
	json_set_str(&data, "task", f->prompt);
	json_set_str(&data, "briefing", t->briefing);
	if (resumed)
		json_set_bool(&data, "resumed", true);
	return agent_say(&f->run, RECORD_AGENT_START, data, true, e);
}

/* What the files are before it starts; without git, none. */
static int
keep_files(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;
	AUTO_FREE char *title = xasprintf("%s, before run %s", t->id,
	    t->origin.run);
	char id[SNAPSHOT_ID_MAX] = "";
	struct err why = ERR_INIT;
	struct run *r = &f->run;
	int taken;
	jv data;

	if (!t->checkpoints || f->plan)
		return 0;
	if (snapshot_begin(&r->snapshot, t->place.workspace, title, &why) < 0)
		return 0;
	taken = snapshot_end(&r->snapshot, t->limits.until, t->stop, id, &why);
	if (taken >= 0 && id[0] && (r->keep_next || !r->kept[0])) {
		memcpy(r->kept, id, sizeof(id));
		r->keep_next = false;
	}
	if (taken <= 0)
		return 0;
	data = json_object();
	json_set_str(&data, "id", id);
	return agent_say(r, RECORD_CHECKPOINT, data, true, e);
}

static int
read_state(struct foreign_run *f, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	f->state = json_object();
	if (!path_exists(f->session_file))
		return 0;
	if (path_read(f->session_file, STATE_MAX, &text, e) < 0)
		return -1;
	jv_free(f->state);
	f->state = JSON_NONE;
	return json_parse(text.data, text.len, &f->state, e);
}

static int
read_filter(struct foreign_run *f, struct err *e)
{
	AUTO_FREE char *name = xasprintf("templates/foreign/%s.jq",
	    f->kind->type);
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf text = BUF_INIT;

	if (!f->kind->translated)
		return 0;
	path = path_data(name, e);
	if (!path || path_read(path, FILTER_MAX, &text, e) < 0)
		return -1;
	f->filter = filter_new(text.data, NULL, e);
	return f->filter ? 0 : err_prefix(e, "'%s'", path);
}

/*
 * Going on needs its session, or else the task is begun again: nothing that
 * it did was heard of.  What is new cannot be told to one that knows nothing.
 */
static int
find_prompt(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;
	bool resumed = !json_is(&t->talk->start, JSON_NOTHING);

	f->prompt = t->prompt;
	if (!resumed)
		return 0;
	if (!f->prompt && json_has(&f->state, "id"))
		f->prompt = "Go on with the task where you were interrupted.";
	else if (!f->prompt)
		f->prompt = json_str(&t->talk->start, "task");
	else if (f->kind->translated && !json_has(&f->state, "id"))
		return err_set(e, ST_NOINPUT, "%s has left no session to go "
		    "on with", f->kind->type);
	return 0;
}

static int
begin(struct foreign_run *f, struct err *e)
{
	return read_state(f, e) < 0 || find_prompt(f, e) < 0 ||
	    say_start(f, e) < 0 || read_filter(f, e) < 0 ? -1 : 0;
}

static int
start(struct foreign_run *f, struct err *e)
{
	if (keep_files(f, e) < 0 || foreign_prepare(f, e) < 0 ||
	    (f->starts++ == 0 && foreign_budget_begin(f, e) < 0) ||
	    foreign_start(f, e) < 0)
		return -1;
	return f->kind->dialogue ? foreign_acp_begin(f, e) : 0;
}

/*
 * What it hears when it is not done yet: the last that was said to it, or to
 * go on.  One that has kept no session has to be told its task as well.
 */
static void
find_next_prompt(struct foreign_run *f, size_t said)
{
	const jv *all = &f->run.talk->messages;
	size_t n = json_count(all);
	bool knows = json_has(&f->state, "id");
	AUTO_JV jv last = n > said ? json_at(all, n - 1) : JSON_NONE;
	const char *told = json_str(&last, "content");
	const char *task = json_str(&f->run.talk->start, "task");

	free(f->told);
	f->told = xasprintf("%s%s%s", knows ? "" : task,
	    knows || !told ? "" : "\n\n", told ? told : knows ?
	    "Go on with the task where you were interrupted." : "");
	f->prompt = f->told;
}

/* What waits for a person does not pass by being tried again. */
static bool
may_pass(const struct run *r)
{
	return strcmp(r->reason, "parked") != 0 &&
	    (r->status == ST_UNAVAILABLE || r->status == ST_TEMPFAIL ||
	    r->status == ST_PROTOCOL || strcmp(r->reason, "idle") == 0);
}

/* One start of it, to its end: what it has cost adds up. */
static void
one_round(struct foreign_run *f, struct err *e)
{
	struct err ignored;

	if (start(f, e) < 0)
		agent_end(&f->run, e->status, err_kind(e->status));
	else
		foreign_watch(f, e);
	foreign_meter_close(f);
	(void)foreign_settle_usage(f, &ignored);
	f->run.passing = may_pass(&f->run);
}

/* What is of one start of it. */
static void
release_round(struct foreign_run *f)
{
	child_stop(&f->child, 0);
	ndjson_release(&f->reader);
	free(f->base);
	free(f->origin);
	free(f->inject);
	free(f->host);
	free(f->port);
	strs_release(&f->args);
	strs_release(&f->env);
	strs_release(&f->denied);
	strs_release(&f->shows);
	strs_release(&f->secrets);
	jv_free(f->servers);
	free(f->key);
	buf_release(&f->pending);
	free(f->step);
}

/* As if it had not been started yet. */
static void
forget_round(struct foreign_run *f)
{
	release_round(f);
	f->servers = JSON_NONE;
	f->base = f->origin = f->inject = f->host = f->port = f->key = NULL;
	f->key_as = f->limit = f->step = NULL;
	f->child = (struct child)CHILD_INIT;
	f->ended = f->ok = f->prompted = f->ours = false;
	f->failure = (struct err)ERR_INIT;
	f->bad_lines = f->lines = f->records = 0;
}

/* Started until it is done, or nothing can be done about how it ends. */
static void
rounds(struct foreign_run *f, struct err *e)
{
	for (;;) {
		size_t said;

		one_round(f, e);
		f->run.talk->turns = f->messages;
		said = json_count(&f->run.talk->messages);
		agent_mend(&f->run, e);
		if (f->run.reason)
			return;
		find_next_prompt(f, said);
		forget_round(f);
	}
}

static void
find_limits(struct foreign_run *f)
{
	AUTO_JV jv limits = json_get(f->agent, "limits");
	const char *idle = json_str(&limits, "idle");
	int64_t seconds;

	f->cost_max = f->run.task->limits.cost;
	f->idle_ns = IDLE_SECONDS * CLOCK_SEC;
	if (json_int(&limits, "idle", &seconds))
		f->idle_ns = seconds * CLOCK_SEC;
	else if (idle)
		(void)num_parse_duration(idle, &f->idle_ns);
}

void
foreign_release(struct foreign_run *f)
{
	release_round(f);
	snapshot_drop(&f->run.snapshot);
	filter_free(f->filter);
	free(f->home);
	free(f->session_file);
	free(f->stderr_file);
	free(f->told);
	jv_free(f->state);
	jv_free(f->shown);
	jv_free(f->called);
	buf_release(&f->run.answer);
}

void
foreign_init(struct foreign_run *f, const struct foreign *kind,
    const struct agent_task *task, const jv *agent, const char *dir)
{
	*f = (struct foreign_run){
		.kind = kind, .agent = agent, .dir = dir,
		.prompt = task->prompt,
		.run = { .task = task, .talk = task->talk,
		    .started = clock_mono(), .snapshot = SNAPSHOT_INIT },
		.home = path_join(task->run_dir, "home"),
		.session_file = path_join(task->run_dir, "session.json"),
		.stderr_file = path_join(task->place.output_dir, "stderr.txt"),
		.plan = task->permit.mode == PERMIT_PLAN,
		.child = CHILD_INIT, .state = JSON_NONE, .shown = JSON_NONE,
		.servers = JSON_NONE,
		.called = json_object(), .live = MODEL_USAGE_INIT,
		.last_live = MODEL_USAGE_INIT, .counted = MODEL_USAGE_INIT,
		.used = MODEL_USAGE_INIT, .total = MODEL_USAGE_INIT,
		.meter = -1, .meter_inside = -1,
	};
	ndjson_init(&f->reader, -1, NDJSON_LINE_MAX);
}

int
foreign_run(const struct foreign *kind, const struct agent_task *task,
    const jv *agent, const char *dir, struct err *e)
{
	struct foreign_run f;
	struct err last = ERR_INIT;
	int status;

	foreign_init(&f, kind, task, agent, dir);
	find_limits(&f);
	if (begin(&f, e) < 0)
		agent_end(&f.run, e->status, err_kind(e->status));
	else
		rounds(&f, e);
	foreign_budget_end(&f);
	status = agent_say_end(&f.run, e, &last) < 0 ? -1 : f.run.status;
	if (status < 0)
		*e = last;
	foreign_release(&f);
	return status;
}
