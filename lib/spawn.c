/* spawn: from what a user says to a run of an agent. */
#include "config.h"

#include "spawn-impl.h"

#include "agent.h"
#include "alloc.h"
#include "num.h"
#include "path.h"
#include "recall.h"
#include "runbudget.h"

static int
pass_record(void *context, const jv *record, struct err *e)
{
	struct setup *s = context;

	if (journal_add(&s->journal, record, e) < 0)
		return -1;
	liaison_record(s->liaison, record);
	return s->said->record(s->said->context, record, e);
}

static int
pass_text(void *context, const char *text, size_t len, struct err *e)
{
	const struct setup *s = context;

	return s->said->text(s->said->context, text, len, e);
}

static bool
is_below(const struct setup *s, const char *path)
{
	size_t len = strlen(s->place);

	return strncmp(path, s->place, len) == 0 &&
	    (path[len] == '/' || s->place[len - 1] == '/');
}

/* `path` when it is below the agent's workspace, where it would be seen. */
static const char *
if_seen(const struct setup *s, const char *path)
{
	return path && is_below(s, path) && path_exists(path) ? path : NULL;
}

/* What the option says, else what the agent says, else `otherwise`. */
static int64_t
limit(const struct setup *s, int64_t said, const char *name, int64_t otherwise)
{
	AUTO_JV jv limits = json_get(&s->agent, "limits");
	int64_t own;

	if (said > 0)
		return said;
	return json_int(&limits, name, &own) ? own : otherwise;
}

/* Results of one turn: half of what the model can take, in bytes. */
static int64_t
text_max(const struct setup *s)
{
	int64_t tokens = limit(s, 0, "context", SPAWN_CONTEXT);

	return tokens < SPAWN_OUTPUT_MAX ? tokens * 2 : 0;
}

static int64_t
wall_time(const struct setup *s)
{
	AUTO_JV jv limits = json_get(&s->agent, "limits");
	const char *text = json_str(&limits, "wall_time");
	int64_t ns, seconds;

	if (s->said->timeout_ns > 0)
		return s->said->timeout_ns;
	if (text && num_parse_duration(text, &ns) == 0)
		return ns;
	if (json_int(&limits, "wall_time", &seconds) && seconds > 0)
		return seconds * CLOCK_SEC;
	return SPAWN_WALL_SECONDS * CLOCK_SEC;
}

/*
 * What the tools may read but not change: the files of agents.yaml in the
 * workspace, skills that are outside of it, and the agent's own tools.  The
 * strings live in the setup.
 */
static const char **
find_read_only(struct setup *s)
{
	const struct strs *files = &s->agents.sources;
	const char **paths;
	size_t n;

	s->read_only = json_array();
	for (size_t i = 0; i < files->n; i++)
		json_append(&s->read_only, if_seen(s, files->v[i]) ?
		    json_from_str(files->v[i]) : JSON_NONE);
	for (size_t i = 0; i < json_count(&s->skills); i++) {
		AUTO_JV jv skill = json_at(&s->skills, i);
		AUTO_FREE char *dir = path_dirname(json_str(&skill, "path"));
		if (!if_seen(s, dir))
			json_append(&s->read_only, json_from_str(dir));
	}
	for (size_t i = 0; i < json_count(&s->box.dirs); i++)
		json_append(&s->read_only, json_at(&s->box.dirs, i));
	n = json_count(&s->read_only);
	paths = xcalloc(n + 1, sizeof(*paths));
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv path = json_at(&s->read_only, i);
		paths[i] = json_string(&path);
	}
	return paths;
}

/* What the tools may not see: ours, and the memory files of other agents. */
static const char **
find_hidden(struct setup *s)
{
	const char *own = if_seen(s, s->workspace.dir);
	const char **paths;
	size_t n = 0;

	s->others = recall_of_others(&s->agents, &s->agent);
	paths = xcalloc(json_count(&s->others) + 2, sizeof(*paths));
	if (own)
		paths[n++] = own;
	for (size_t i = 0; i < json_count(&s->others); i++) {
		AUTO_JV jv path = json_at(&s->others, i);
		/* it may be made while we run */
		if (is_below(s, json_string(&path)))
			paths[n++] = json_string(&path);
	}
	return paths;
}

/* The option can only lower what the agent has. */
static double
max_cost(const struct setup *s)
{
	AUTO_JV jv limits = json_get(&s->agent, "limits");
	double own = 0;

	(void)json_num(&limits, "cost", &own);
	return own <= 0 || (s->said->max_cost > 0 && s->said->max_cost < own) ?
	    s->said->max_cost : own;
}

static int
run_within_budget(struct setup *s, const struct agent_task *task,
    struct err *e)
{
	const char *pool = json_str(&s->route, "pool");
	double usd = max_cost(s);
	int status;

	pool = pool ? pool : json_str(&s->agent, "pool");
	if (runbudget_begin(s->run, pool, usd, e) < 0)
		return -1;
	status = agent_run(task, e);
	runbudget_end(s->run, usd);
	return status;
}

/* What the agent says of failures: "check: make test", or more. */
static struct agent_care
find_care(const struct setup *s)
{
	AUTO_JV jv check = json_get(&s->agent, "check");
	struct agent_care care = {
		.retries = -1, .check = json_str(&s->agent, "check"),
		.rollback = true,
	};

	(void)json_int(&s->agent, "retries", &care.retries);
	(void)json_bool(&s->agent, "escalate", &care.escalate);
	if (json_is(&check, JSON_OBJECT)) {
		care.check = json_str(&check, "run");
		(void)json_bool(&check, "each_turn", &care.each_turn);
		(void)json_bool(&check, "rollback", &care.rollback);
	}
	return care;
}

/* How somebody else's agent would be started. */
static int
show(const struct setup *s, const struct agent_task *task, struct err *e)
{
	AUTO_JV jv shown = JSON_NONE;

	if (foreign_show(s->foreign, task, &s->agent, s->agents.dir, &shown,
	    e) < 0)
		return -1;
	return s->said->record(s->said->context, &shown, e);
}

/* Where the calls are made, and the servers run. */
static struct calls_place
place_of(struct setup *s, const char **hidden, const char **read_only)
{
	return (struct calls_place){
		.subagents = s->foreign ? NULL : &s->subagents,
		.tools = &s->box,
		.agent = json_str(&s->agent, "id"),
		.root = s->workspace.root,
		.workspace = s->place,
		.output_dir = s->output_dir,
		.profile = json_str(&s->agent, "sandbox"),
		.door = s->door.path ? &s->door : NULL,
		.hide = hidden,
		.read_only = read_only,
		.env = &s->env,
		.timeout_ns = SPAWN_CALL_SECONDS * CLOCK_SEC,
		.output_max = SPAWN_OUTPUT_MAX,
		.text_max = text_max(s),
		.jobs = SPAWN_JOBS,
	};
}

static int
run_foreign(struct setup *s, struct agent_task *task, struct err *e)
{
	task->limits.turns = limit(s, s->said->max_turns, "turns", 0);
	return s->said->dry_run ? show(s, task, e) :
	    foreign_run(s->foreign, task, &s->agent, s->agents.dir, e);
}

static int
run_ours(struct setup *s, struct agent_task *task, struct err *e)
{
	if (json_has(&s->agent, "mcp_servers")) {
		spawn_servers_begin(s, &task->place,
		    task->permit.mode == PERMIT_PLAN);
		task->renew = spawn_servers_renew;
	}
	return run_within_budget(s, task, e);
}

static int
run(struct setup *s, const char *prompt, struct err *e)
{
	AUTO_FREE const char **read_only = find_read_only(s);
	AUTO_FREE const char **hidden = find_hidden(s);
	struct deadline until = deadline_in(wall_time(s));
	struct agent_task task = {
		.id = json_str(&s->agent, "id"),
		.model_name = s->model.name,
		.prompt = prompt,
		.briefing = s->briefing.data,
		.tools = &s->tools,
		.options = &s->options,
		.route = &s->route,
		.run_dir = s->run_dir,
		.depth = s->depth,
		.talk = &s->talk,
		.permit = {
			.mode = (enum permit_mode)permit_mode(s->mode),
			.stop = s->said->stop,
			.policy = s->policy,
			.tools = &s->box,
			.hooks = &s->hooks,
			.agent = json_str(&s->agent, "id"),
			.workspace = s->place,
			.run = s->run,
		},
		.audit = s->audit,
		.mail = s->liaison ? liaison_mail(s->liaison) : NULL,
		.stays = s->said->liaison != NULL,
		.park = s->said->park,
		.checkpoints = !s->said->no_checkpoints,
		.origin = { .source = s->source, .run = s->run,
		    .task = s->said->task,
		    .traceparent = record_traceparent() },
		.model = &s->model,
		.place = place_of(s, hidden, read_only),
		.limits = {
			.turns = limit(s, s->said->max_turns, "turns",
			    SPAWN_TURNS),
			.tokens = limit(s, s->said->max_tokens, "tokens", 0),
			.cost = max_cost(s),
			.context = limit(s, 0, "context", SPAWN_CONTEXT),
			.until = until,
		},
		.care = find_care(s),
		.stop = s->said->stop,
		.record = pass_record,
		.text = s->said->text ? pass_text : NULL,
		.context = s,
	};

	s->subagents.until = until;
	return s->foreign ? run_foreign(s, &task, e) : run_ours(s, &task, e);
}

/* The tools of its servers, which are started where nothing can change. */
static int
look_at_servers(struct setup *s, struct err *e)
{
	AUTO_FREE const char **read_only = find_read_only(s);
	AUTO_FREE const char **hidden = find_hidden(s);
	struct calls_place place = place_of(s, hidden, read_only);
	AUTO_JV jv logs = JSON_NONE;
	int r;

	if (!json_has(&s->agent, "mcp_servers"))
		return 0;
	s->subagents.until = deadline_in(wall_time(s));
	spawn_servers_begin(s, &place, true);
	r = spawn_servers_renew(s, &logs, e);
	for (size_t i = 0; i < json_count(&logs); i++) {
		AUTO_JV jv one = json_at(&logs, i);
		err_warn("%s", json_str(&one, "text"));
	}
	return r;
}

/* What the model would be sent first, for people; nothing is run. */
static int
dry_run(struct setup *s, const char *prompt, struct err *e)
{
	AUTO_JV jv messages = json_array();
	AUTO_JV jv shown = JSON_NONE;
	struct model_request rq = {
		.messages = &messages, .tools = &s->tools,
		.options = json_is(&s->options, JSON_OBJECT) ? &s->options :
		    NULL,
	};
	jv system_message, task;

	if (look_at_servers(s, e) < 0)
		return -1;
	system_message = json_object();
	task = json_object();
	json_set_str(&system_message, "role", "system");
	json_set_str(&system_message, "content", s->briefing.data);
	json_append(&messages, system_message);
	json_set_str(&task, "role", "user");
	json_set_str(&task, "content", prompt);
	json_append(&messages, task);
	if (model_dry_run(&s->model, &rq, &shown, e) < 0)
		return -1;
	return s->said->record(s->said->context, &shown, e);
}

/* In a run that there is not. */
static int
dry_run_foreign(struct setup *s, const char *prompt, struct err *e)
{
	s->run_dir = path_join(s->workspace.root, ".agent/runs/RUN");
	s->output_dir = path_join(s->run_dir, "output");
	return run(s, prompt, e);
}

/*
 * Whether there is nothing to go on with: it has ended well, or, when the same
 * is said again as when it began, by its own doing or at a limit.
 */
static bool
has_ended(const struct setup *s)
{
	int64_t status;
	AUTO_JV jv data = json_get(&s->talk.result, "data");

	return json_int(&data, "status", &status) &&
	    (s->said->run ? status < ST_DATA : status == ST_OK);
}

/*
 * Mail that was answered by the result, which was not sent any more: taken
 * once more, to get it.  1, 0 when there is something new, -1.
 */
static int
take_known(const struct setup *s, struct err *e)
{
	struct mail *box = liaison_mail(s->said->liaison);
	AUTO_JV jv mail = JSON_NONE;
	int known = mail_known(box, &s->talk.seen, e);

	if (known > 0 && mail_take(box, &mail, e) < 0)
		return -1;
	return known;
}

/* Somebody else's agent gets its mail as its task. */
static int
run_with_mail(struct setup *s, struct err *e)
{
	struct mail *box = liaison_mail(s->liaison);
	AUTO_JV jv mail = JSON_NONE;
	AUTO_BUF struct buf prompt = BUF_INIT;

	if (mail_take(box, &mail, e) < 0)
		return -1;
	for (size_t i = 0; i < json_count(&mail); i++) {
		AUTO_JV jv record = json_at(&mail, i);
		AUTO_FREE char *words = mail_words(&record);

		buf_addf(&prompt, "%s%s", i > 0 ? "\n\n" : "", words);
	}
	return run(s, prompt.data, e);
}

/* A new run begins with what the memory holds that bears on the task. */
static int
run_reminded(struct setup *s, const char *prompt, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT;

	if (s->foreign && s->said->liaison)
		return run_with_mail(s, e);
	if (!prompt || s->said->resume)
		return run(s, prompt, e);
	buf_adds(&words, prompt);
	if (recall_about(&s->agent, s->workspace.root, prompt, &words, e) < 0)
		return -1;
	return run(s, words.data, e);
}

/* With its memory file in step before, for what people wrote, and after. */
static int
run_in_step(struct setup *s, const char *prompt, struct err *e)
{
	const char *id = json_str(&s->agent, "id");
	struct err late = ERR_INIT;
	int status;

	if (recall_sync(&s->agent, s->agents.dir, s->workspace.root, NULL,
	    e) < 0)
		return -1;
	status = run_reminded(s, prompt, e);
	/* the result is out: what is not in step now will be next time */
	if (recall_sync(&s->agent, s->agents.dir, s->workspace.root, id,
	    &late) < 0)
		err_warn("%s", late.text);
	return status;
}

/* The result is out: that its end is not on the trail is said, no more. */
static int
run_noted(struct setup *s, const char *prompt, struct err *e)
{
	int status = run_in_step(s, prompt, e);
	struct err late = ERR_INIT;

	if (spawn_note_end(s, status < 0 ? e->status : status, &late) < 0)
		err_warn("%s", late.text);
	return status;
}

int
spawn_run(const struct spawn *said, const char *prompt, struct err *e)
{
	struct setup s __attribute__((cleanup(setup_release))) =
	    SETUP_INIT(said);

	if (setup_run(&s, e) < 0)
		return -1;
	if (said->run && json_is(&s.talk.start, JSON_OBJECT))
		prompt = NULL;
	if (!prompt && has_ended(&s)) {
		int known = said->liaison ? take_known(&s, e) : 1;
		if (known != 0)
			return known < 0 ? -1 : said->record(said->context,
			    &s.talk.result, e);
	}
	if (setup_agent(&s, e) < 0)
		return -1;
	if (said->dry_run)
		return s.foreign ? dry_run_foreign(&s, prompt, e) :
		    dry_run(&s, prompt, e);
	if (setup_files(&s, e) < 0 || spawn_note_begin(&s, e) < 0)
		return -1;
	return run_noted(&s, prompt, e);
}
