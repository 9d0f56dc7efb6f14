/* spawn: from what a user says to a run of an agent. */
#include "config.h"

#include "spawn.h"

#include "agent.h"
#include "agents.h"
#include "alloc.h"
#include "briefing.h"
#include "catalog.h"
#include "door.h"
#include "foreign.h"
#include "journal.h"
#include "num.h"
#include "path.h"
#include "recall.h"
#include "runbudget.h"
#include "runs.h"
#include "settings.h"
#include "skills.h"
#include "workspace.h"

/* All that a run needs, owned until its end. */
struct setup {
	const struct spawn *said;
	const struct foreign *foreign;	/* NULL: an agent of ours */
	struct workspace workspace;
	struct agents agents;
	jv agent;
	char *place;			/* the agent's own workspace */
	struct model model;
	struct journal journal;
	struct buf briefing;
	struct toolbox box;
	jv tools, env, options, skills;
	char run[ULID_LEN + 1];
	char *run_dir, *output_dir, *source;
	struct conversation talk;
	struct settings settings;
	struct policy *policy;
	jv hooks;
	char *audit;
	struct liaison *liaison, *own_liaison;
	struct door door;
	jv read_only, others;		/* paths, strings */
};

static void
setup_release(struct setup *s)
{
	door_close(&s->door);
	liaison_close(s->own_liaison);
	workspace_release(&s->workspace);
	agents_release(&s->agents);
	jv_free(s->agent);
	free(s->place);
	model_release(&s->model);
	journal_close(&s->journal);
	buf_release(&s->briefing);
	toolbox_release(&s->box);
	jv_free(s->tools);
	jv_free(s->env);
	jv_free(s->options);
	jv_free(s->skills);
	jv_free(s->read_only);
	jv_free(s->others);
	conversation_close(&s->talk);
	settings_release(&s->settings);
	policy_free(s->policy);
	jv_free(s->hooks);
	free(s->audit);
	free(s->run_dir);
	free(s->output_dir);
	free(s->source);
}

/* The one agent that there is when nobody wrote a file. */
static jv
plain_agent(void)
{
	jv a = json_object();

	json_set_str(&a, "id", "agent");
	return a;
}

/* The agent that was named, or the only one. */
static int
pick(struct setup *s, struct err *e)
{
	const char *id = s->said->agent ? s->said->agent :
	    json_str(&s->talk.start, "agent");

	if (id)
		return agents_need(&s->agents, id, &s->agent, e);
	if (json_count(&s->agents.list) != 1)
		return err_set(e, ST_USAGE, "say which agent of '%s' with -a",
		    s->agents.name);
	s->agent = json_at(&s->agents.list, 0);
	return 0;
}

static int
find_agent(struct setup *s, struct err *e)
{
	AUTO_FREE char *start = s->said->dir ? path_real(s->said->dir, e) :
	    path_cwd(e);
	AUTO_FREE char *file = NULL;

	if (!start)
		return -1;
	file = s->said->agents_file ? xstrdup(s->said->agents_file) :
	    agents_file(start);
	if (!file && s->said->agent)
		return err_set(e, ST_NOINPUT, "there is no '%s' in '%s' or "
		    "above", AGENTS_FILE, start);
	if (!file) {
		s->agent = plain_agent();
		s->agents.dir = STEAL(start);
		return 0;
	}
	return agents_read(file, &s->agents, e) < 0 ? -1 : pick(s, e);
}

static int
find_type(struct setup *s, struct err *e)
{
	const char *type = json_str(&s->agent, "type");

	if (!type || strcmp(type, "native") == 0)
		return 0;
	s->foreign = foreign_find(type);
	if (!s->foreign)
		return err_set(e, ST_CONFIG, "agent '%s' is of type '%s', "
		    "which is not supported", json_str(&s->agent, "id"), type);
	return foreign_check(s->foreign, &s->agent, e);
}

/* Where it works: sandbox_path, made when it is missing, or the whole. */
static int
find_place(struct setup *s, struct err *e)
{
	const char *own = json_str(&s->agent, "sandbox_path");

	if (!own) {
		s->place = xstrdup(s->workspace.root);
	} else {
		AUTO_FREE char *path = path_join(s->agents.dir, own);
		if (path_mkdirs(path, 0777, e) < 0)
			return -1;
		s->place = path_real(path, e);
		if (!s->place)
			return -1;
	}
	return 0;
}

static void
append_all(jv *list, const jv *more)
{
	for (size_t i = 0; i < json_count(more); i++)
		json_append(list, json_at(more, i));
}

/* The user's rules come first, then the agent's, then the workspace's. */
static int
find_rules(struct setup *s, struct err *e)
{
	AUTO_JV jv rules = json_array();
	AUTO_JV jv user = json_path(&s->settings.user, "policy.tools");
	AUTO_JV jv own = json_get(&s->agent, "policy");
	AUTO_JV jv ours = json_path(&s->settings.workspace, "policy.tools");

	append_all(&rules, &user);
	append_all(&rules, &own);
	append_all(&rules, &ours);
	s->policy = policy_new(&rules, e);
	s->hooks = json_get(&s->settings.user, "hooks");
	if (s->workspace.dir)
		s->audit = workspace_audit(&s->workspace);
	return s->policy ? 0 : -1;
}

/* The model of the option, of the agent, or the default one. */
static int
find_model(struct setup *s, struct err *e)
{
	AUTO_JV jv names = agents_strings(&s->agent, "model");
	AUTO_BUF struct buf chain = BUF_INIT;
	bool needed = true;
	const char *otherwise = s->foreign ?
	    foreign_model(s->foreign, &needed) : NULL;

	if (!needed && !s->said->model && json_count(&names) == 0)
		return 0;
	for (size_t i = 0; i < json_count(&names); i++) {
		AUTO_JV jv name = json_at(&names, i);
		buf_addf(&chain, "%s%s", i ? "," : "", json_string(&name));
	}
	return catalog_find(&s->settings.all, s->said->model ? s->said->model :
	    chain.len > 0 ? chain.data : otherwise, &s->model, e);
}

static int
find_words(struct setup *s, struct err *e)
{
	AUTO_JV jv own = json_get(&s->agent, "options");

	s->env = json_get(&s->agent, "env");
	s->options = s->said->options ? json_merge(&own, s->said->options) :
	    json_copy(&own);
	if (toolbox_read(&s->agent, s->agents.dir, &s->box, e) < 0 ||
	    briefing_tools(&s->agent, &s->box, s->workspace.root, &s->tools,
	    e) < 0)
		return -1;
	if (skills_find(&s->agent, s->agents.dir, s->place, &s->skills, e) < 0)
		return -1;
	if (s->foreign)		/* the tools are its own */
		json_set(&s->agent, "tools", json_array());
	return briefing_make(&s->agent, s->agents.dir, s->place, &s->skills,
	    &s->briefing, e);
}

/* The workspace, if there is one; a run to go on with must be in one. */
static int
find_workspace(struct setup *s, struct err *e)
{
	int found = workspace_find(s->said->dir, &s->workspace, e);

	if (found == 0 && s->said->resume)
		return err_set(e, ST_NOINPUT, "there is no workspace here: no "
		    "'.agent' in this directory or above");
	return found;
}

/* Makes one where there was none: beside agents.yaml, or where we are. */
static int
make_workspace(struct setup *s, struct err *e)
{
	if (s->workspace.root)
		return 0;
	if (s->said->dry_run) {
		s->workspace.root = xstrdup(s->agents.dir);
		return 0;
	}
	return workspace_make(s->said->agents_file ? s->said->dir ?
	    s->said->dir : "." : s->agents.dir, &s->workspace, e);
}

/*
 * Who was killed after it had put a record into the conversation, and before
 * it was in the journal, left that to us.
 */
static int
catch_up(const struct setup *s, struct err *e)
{
	AUTO_FREE char *path = workspace_journal(&s->workspace);
	AUTO_JOURNAL struct journal journal = JOURNAL_INIT;
	AUTO_JV jv shown = JSON_NONE;
	const char *id = json_str(&s->talk.tail, "id");
	int there = id && !s->said->fork ? journal_has(path, id, e) : 1;

	if (there != 0)
		return there < 0 ? -1 : 0;
	shown = conversation_shown(&s->talk.tail);
	return journal_open(path, 0, &journal, e) < 0 ? -1 :
	    journal_add(&journal, &shown, e);
}

/* Takes over the run that was named, or a copy of it. */
static int
open_run(struct setup *s, struct err *e)
{
	AUTO_FREE char *id = NULL;

	if (!s->said->resume)
		return 0;
	id = runs_find(&s->workspace, s->said->resume, e);
	if (!id)
		return -1;
	ulid_make(s->run);
	if (s->said->fork) {
		s->run_dir = runs_fork(&s->workspace, id, s->run, e);
	} else {
		memcpy(s->run, id, sizeof(s->run));
		s->run_dir = workspace_run(&s->workspace, id);
	}
	if (!s->run_dir || conversation_open(s->run_dir, &s->talk, e) < 0)
		return -1;
	return catch_up(s, e);
}

/* Makes the files of a new run; from here on something is left behind. */
static int
make_run(struct setup *s, struct err *e)
{
	ulid_make(s->run);
	s->run_dir = workspace_make_run(&s->workspace, s->run, e);
	return s->run_dir ? conversation_create(s->run_dir, &s->talk, e) : -1;
}

static int
open_files(struct setup *s, struct err *e)
{
	AUTO_FREE char *journal = workspace_journal(&s->workspace);

	if (!s->run_dir && make_run(s, e) < 0)
		return -1;
	s->output_dir = path_join(s->run_dir, "output");
	s->source = xasprintf("/agent/%s", json_str(&s->agent, "id"));
	if (path_mkdirs(s->output_dir, 0700, e) < 0)
		return -1;
	return journal_open(journal, 0, &s->journal, e);
}

static bool
has_shell(const struct setup *s)
{
	for (size_t i = 0; i < json_count(&s->tools); i++) {
		AUTO_JV jv t = json_at(&s->tools, i);
		const char *name = json_path_str(&t, "function.name");

		if (name && strcmp(name, "shell") == 0)
			return true;
	}
	return false;
}

/* To be seen, to get messages, and to send some from the sandbox. */
static int
meet_others(struct setup *s, struct err *e)
{
	const char *id = json_str(&s->agent, "id");
	const char *type = json_str(&s->agent, "type");
	AUTO_FREE char *path = path_join(s->run_dir, "hub.sock");

	if (!s->said->liaison && liaison_open(&s->workspace, id,
	    type ? type : "native", false, s->said->stop, &s->own_liaison,
	    e) < 0)
		return -1;
	s->liaison = s->said->liaison ? s->said->liaison : s->own_liaison;
	return s->foreign || has_shell(s) ?
	    door_open(&s->workspace, id, path, &s->door, e) : 0;
}

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

static int
run_within_budget(struct setup *s, const struct agent_task *task,
    struct err *e)
{
	AUTO_JV jv limits = json_get(&s->agent, "limits");
	double usd = 0;
	int status;

	json_num(&limits, "cost", &usd);
	if (runbudget_begin(s->run, json_str(&s->agent, "pool"), usd, e) < 0)
		return -1;
	status = agent_run(task, e);
	runbudget_end(s->run, usd);
	return status;
}

static int
run(struct setup *s, const char *prompt, struct err *e)
{
	AUTO_FREE const char **read_only = find_read_only(s);
	AUTO_FREE const char **hidden = find_hidden(s);
	struct agent_task task = {
		.id = json_str(&s->agent, "id"),
		.model_name = s->model.name,
		.prompt = prompt,
		.briefing = s->briefing.data,
		.tools = &s->tools,
		.options = &s->options,
		.run_dir = s->run_dir,
		.talk = &s->talk,
		.permit = {
			.mode = (enum permit_mode)permit_mode(s->said->mode ?
			    s->said->mode : "default"),
			.policy = s->policy,
			.tools = &s->box,
			.hooks = &s->hooks,
			.agent = json_str(&s->agent, "id"),
			.workspace = s->place,
			.run = s->run,
		},
		.audit = s->audit,
		.mail = liaison_mail(s->liaison),
		.stays = s->said->liaison != NULL,
		.park = s->said->park,
		.checkpoints = !s->said->no_checkpoints,
		.origin = { .source = s->source, .run = s->run,
		    .task = s->said->task,
		    .traceparent = record_traceparent() },
		.model = &s->model,
		.place = {
			.tools = &s->box,
			.agent = json_str(&s->agent, "id"),
			.root = s->workspace.root,
			.workspace = s->place,
			.output_dir = s->output_dir,
			.profile = json_str(&s->agent, "sandbox"),
			.door = s->door.path,
			.hide = hidden,
			.read_only = read_only,
			.env = &s->env,
			.timeout_ns = SPAWN_CALL_SECONDS * CLOCK_SEC,
			.output_max = SPAWN_OUTPUT_MAX,
			.jobs = SPAWN_JOBS,
		},
		.limits = {
			.turns = limit(s, s->said->max_turns, "turns",
			    SPAWN_TURNS),
			.tokens = limit(s, s->said->max_tokens, "tokens", 0),
			.context = limit(s, 0, "context", SPAWN_CONTEXT),
			.until = deadline_in(wall_time(s)),
		},
		.stop = s->said->stop,
		.record = pass_record,
		.text = s->said->text ? pass_text : NULL,
		.context = s,
	};

	if (s->foreign) {
		task.limits.turns = limit(s, s->said->max_turns, "turns", 0);
		return foreign_run(s->foreign, &task, &s->agent,
		    s->agents.dir, e);
	}
	return run_within_budget(s, &task, e);
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
	jv system_message = json_object(), task = json_object();

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

static bool
has_ended_well(const struct setup *s)
{
	int64_t status;
	AUTO_JV jv data = json_get(&s->talk.result, "data");

	return json_int(&data, "status", &status) && status == ST_OK;
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

int
spawn_run(const struct spawn *said, const char *prompt, struct err *e)
{
	struct setup s __attribute__((cleanup(setup_release))) = {
		.said = said, .workspace = WORKSPACE_INIT,
		.agents = AGENTS_INIT, .agent = JSON_NONE,
		.model = MODEL_INIT, .journal = JOURNAL_INIT,
		.box = TOOLBOX_INIT, .tools = JSON_NONE, .env = JSON_NONE, .options = JSON_NONE,
		.skills = JSON_NONE, .read_only = JSON_NONE,
		.others = JSON_NONE,
		.talk = CONVERSATION_INIT, .settings = SETTINGS_INIT,
		.hooks = JSON_NONE, .door = DOOR_INIT,
	};

	if (find_workspace(&s, e) < 0 || open_run(&s, e) < 0)
		return -1;
	if (!prompt && !said->liaison && has_ended_well(&s))
		return said->record(said->context, &s.talk.result, e);
	if (find_agent(&s, e) < 0 || find_type(&s, e) < 0 ||
	    make_workspace(&s, e) < 0 || find_place(&s, e) < 0 ||
	    settings_load(s.workspace.dir ? &s.workspace : NULL,
	    &s.settings, e) < 0 ||
	    find_rules(&s, e) < 0 || find_model(&s, e) < 0 ||
	    find_words(&s, e) < 0)
		return -1;
	if (said->dry_run && s.foreign)
		return err_set(e, ST_USAGE, "what agent '%s' of type '%s' "
		    "would ask cannot be shown", json_str(&s.agent, "id"),
		    json_str(&s.agent, "type"));
	if (said->dry_run)
		return dry_run(&s, prompt, e);
	if (open_files(&s, e) < 0 || meet_others(&s, e) < 0)
		return -1;
	return run_in_step(&s, prompt, e);
}
