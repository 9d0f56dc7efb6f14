/* spawn-setup: what a run needs: the agent, its model, its words, its files. */
#include "config.h"

#include "spawn-impl.h"

#include "alloc.h"
#include "briefing.h"
#include "catalog.h"
#include "fallbacks.h"
#include "inside.h"
#include "path.h"
#include "permit.h"
#include "runs.h"
#include "skills.h"

enum { OWNER_SECONDS = 10 };	/* what a killed one may take to go */

void
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
	servers_stop(&s->servers);
	toolbox_release(&s->box);
	jv_free(s->tools);
	jv_free(s->own_tools);
	jv_free(s->env);
	jv_free(s->options);
	jv_free(s->skills);
	jv_free(s->route);
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
	const char *routed = json_str(&s->route, "agent");
	const char *id = routed ? routed : s->said->agent ? s->said->agent :
	    json_str(&s->talk.start, "agent");

	if (id)
		return agents_need(&s->agents, id, &s->agent, e);
	if (json_count(&s->agents.list) == 0)
		return err_set(e, ST_CONFIG, "there is no agent in '%s'",
		    s->agents.name);
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

/* The servers of a file, over those that there are. */
static int
add_servers(struct setup *s, const char *file, struct err *e)
{
	AUTO_JV jv all = json_get(&s->agent, "mcp_servers");
	AUTO_JV jv more = JSON_NONE;

	if (servers_read(file, &more, e) < 0)
		return -1;
	if (!json_is(&all, JSON_OBJECT)) {
		json_release(&all);
		all = json_object();
	}
	JSON_EACH(&more, i)
		json_set(&all, json_iter_key(&more, i),
		    json_iter_value(&more, i));
	json_set(&s->agent, "mcp_servers", json_copy(&all));
	return 0;
}

static int
find_servers(struct setup *s, struct err *e)
{
	const struct strs *files = s->said->mcp_configs;

	for (size_t i = 0; files && i < files->n; i++)
		if (add_servers(s, files->v[i], e) < 0)
			return -1;
	return 0;
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
		if (inside_check(s->workspace.root, path, e) < 0 ||
		    path_mkdirs(path, 0777, e) < 0)
			return -1;
		s->place = path_real(path, e);
		if (!s->place)
			return -1;
	}
	return 0;
}

static int
find_rules(struct setup *s, struct err *e)
{
	AUTO_JV jv own = json_get(&s->agent, "policy");
	AUTO_JV jv rules = settings_rules(&s->settings, &own);

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

	const char *said = json_str(&s->route, "model");
	AUTO_JV jv steps = json_get(&s->route, "fallback");

	said = said ? said : s->said->model;
	if (!needed && !said && json_count(&names) == 0)
		return 0;
	if (!said && json_count(&names) == 0)	/* as it began */
		said = json_str(&s->talk.start, "model");
	for (size_t i = 0; i < json_count(&names); i++) {
		AUTO_JV jv name = json_at(&names, i);
		buf_addf(&chain, "%s%s", i ? "," : "", json_string(&name));
	}
	if (catalog_find(&s->settings.all, said ? said :
	    chain.len > 0 ? chain.data : otherwise, &s->model, e) < 0)
		return -1;
	fallbacks_add(&s->settings.all, &steps, json_str(&s->agent, "id"),
	    &s->model);
	return 0;
}

static void
find_subagents(struct setup *s)
{
	AUTO_JV jv limits = json_get(&s->agent, "limits");
	int64_t depth = SUBAGENT_DEPTH, was = 0;

	(void)json_int(&limits, "depth", &depth);
	(void)json_int(&s->talk.start, "depth", &was);
	s->depth = subagents_enter(was);
	s->subagents = (struct subagents){
		.agents = &s->agents, .self = json_str(&s->agent, "id"),
		.dir = s->place, .file = s->agents.name,
		.mode = s->mode, .park = s->said->park,
		.no_checkpoints = s->said->no_checkpoints,
		.too_deep = s->depth >= depth,
	};
	subagents_declare(&s->subagents, &s->tools);
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
	find_subagents(s);
	if (skills_find(&s->agent, s->agents.dir, s->place, &s->skills, e) < 0)
		return -1;
	if (s->foreign)		/* the tools are its own */
		json_set(&s->agent, "tools", json_array());
	return briefing_make(&s->agent, s->agents.dir, s->workspace.root,
	    s->place, &s->skills, &s->briefing, e);
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
	return journal_open(path, &journal, e) < 0 ? -1 :
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
	if (!s->run_dir || conversation_open(s->run_dir, deadline_in(0),
	    &s->talk, e) < 0)
		return -1;
	if (!json_is(&s->talk.start, JSON_OBJECT))
		return err_set(e, ST_NOINPUT, "run '%s' was broken off before "
		    "its first word: begin it anew", id);
	return catch_up(s, e);
}

/*
 * A run whose id was given may be there: broken off, even before its first
 * word, or with an owner that is about to die with who started it.
 */
static int
open_known(struct setup *s, struct err *e)
{
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *path = NULL;

	memcpy(s->run, s->said->run, sizeof(s->run));
	if (!s->workspace.dir)
		return 0;
	dir = workspace_run(&s->workspace, s->run);
	path = path_join(dir, "conversation.ndjson");
	if (!path_exists(path))
		return 0;
	s->run_dir = STEAL(dir);
	if (conversation_open(s->run_dir, deadline_in(OWNER_SECONDS *
	    CLOCK_SEC), &s->talk, e) < 0)
		return -1;
	return catch_up(s, e);
}

/* Makes the files of a new run; from here on something is left behind. */
static int
make_run(struct setup *s, struct err *e)
{
	if (!s->said->run)
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
	return journal_open(journal, &s->journal, e);
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
	if ((s->foreign || has_shell(s)) &&
	    door_open(&s->workspace, id, path, &s->door, e) < 0)
		return -1;
	/* nobody listens while somebody else's agent works */
	return s->foreign ? door_serve(&s->door, e) : 0;
}

int
setup_run(struct setup *s, struct err *e)
{
	if (find_workspace(s, e) < 0 ||
	    (s->said->run ? open_known(s, e) : open_run(s, e)) < 0)
		return -1;
	s->route = s->said->route ? json_copy(s->said->route) :
	    json_get(&s->talk.start, "route");
	s->mode = s->said->mode ? s->said->mode :
	    json_str(&s->talk.start, "mode");
	if (!s->mode || permit_mode(s->mode) < 0)
		s->mode = "default";
	return 0;
}

int
setup_agent(struct setup *s, struct err *e)
{
	if (find_agent(s, e) < 0 || find_servers(s, e) < 0 ||
	    find_type(s, e) < 0 ||
	    make_workspace(s, e) < 0 || find_place(s, e) < 0 ||
	    settings_load(s->workspace.dir ? &s->workspace : NULL,
	    &s->settings, e) < 0)
		return -1;
	return find_rules(s, e) < 0 || find_model(s, e) < 0 ||
	    find_words(s, e) < 0 ? -1 : 0;
}

int
setup_files(struct setup *s, struct err *e)
{
	return open_files(s, e) < 0 ? -1 : meet_others(s, e);
}
