/* route-setup: all that agent-route(1) reads before the first task. */
#include "config.h"

#include "route-setup.h"

#include "alloc.h"
#include "env.h"
#include "path.h"

/* `name` beside agents.yaml, else in .agent; NULL when there is none. */
static char *
beside(const struct route_setup *s, const char *name)
{
	AUTO_FREE char *path = s->agents.dir ? path_join(s->agents.dir, name)
	    : NULL;

	if (path && path_exists(path))
		return STEAL(path);
	free(path);
	path = s->workspace.dir ? path_join(s->workspace.dir, name) : NULL;
	return path && path_exists(path) ? STEAL(path) : NULL;
}

/* Where corrections are: in the workspace, or the user's. */
static char *
examples_file(const struct route_request *q, const struct route_setup *s)
{
	AUTO_FREE char *state = NULL;

	if (q->examples)
		return xstrdup(q->examples);
	if (s->workspace.dir)
		return path_join(s->workspace.dir, "route-examples.ndjson");
	state = env_xdg_state();
	return state ? path_join(state, "route-examples.ndjson") : NULL;
}

static int
read_agents(const struct route_request *q, struct route_setup *s, struct err *e)
{
	AUTO_FREE char *found = q->agents ? NULL :
	    agents_file(q->dir ? q->dir : ".");
	const char *path = q->agents ? q->agents : found;

	if (!path && !q->need_agents) {
		s->agents.list = json_array();
		return 0;
	}
	if (!path)
		return err_set(e, ST_NOINPUT, "there is no agents.yaml here "
		    "or above; --agents FILE names one");
	return agents_read(path, &s->agents, e);
}

static int
open_stat(const struct route_request *q, struct route_setup *s, struct err *e)
{
	AUTO_FREE char *path = route_stat_file();
	AUTO_FREE char *journal = NULL;
	int counted;

	if (!q->stats)
		return 0;
	if (!path)
		return !q->need_stats ? 0 : err_set(e, ST_NOINPUT,
		    "there is no home directory for statistics");
	if (route_stat_open(path, &s->config, &s->stat, e) < 0)
		return -1;
	if (s->config.nmodels == 0 && !q->need_stats)
		return 0;
	if (route_ledger_open(&s->ledger, e) < 0)
		return -1;
	/* what the ledger counts is in the journal as well */
	counted = route_stat_use_ledger(s->stat, s->ledger, e);
	if (counted != 0 || !s->workspace.dir || s->config.nmodels == 0)
		return counted < 0 ? -1 : 0;
	journal = workspace_journal(&s->workspace);
	return route_stat_catch_up(s->stat, journal, e);
}

static int
make_router(const struct route_request *q, struct route_setup *s, struct err *e)
{
	struct route_options ro = {
		.agents = &s->agents, .config = &s->config, .stat = s->stat,
		.examples = s->examples, .objective = q->objective,
		.top = q->top, .explore = q->explore
	};

	s->words = path_built("words.map", e);
	if (!s->words)
		return -1;
	ro.words = s->words;
	return route_new(&ro, &s->route, e);
}

int
route_set_up(const struct route_request *q, struct route_setup *s,
    struct err *e)
{
	AUTO_FREE char *rules = NULL;
	AUTO_JV jv models = JSON_NONE;

	if (workspace_find(q->dir, &s->workspace, e) < 0 ||
	    settings_load(&s->workspace, &s->settings, e) < 0 ||
	    read_agents(q, s, e) < 0)
		return -1;
	models = json_get(&s->settings.all, "models");
	rules = q->rules ? xstrdup(q->rules) : beside(s, ROUTE_FILE);
	if (route_config_read(rules, &models, &s->agents, &s->config, e) < 0 ||
	    open_stat(q, s, e) < 0)
		return -1;
	s->examples = examples_file(q, s);
	return q->need_router ? make_router(q, s, e) : 0;
}

int
route_tear_down(struct route_setup *s, struct err *e)
{
	int r = route_stat_close(s->stat, e);

	route_ledger_close(s->ledger);
	route_free(s->route);
	route_config_release(&s->config);
	agents_release(&s->agents);
	settings_release(&s->settings);
	workspace_release(&s->workspace);
	free(s->words);
	free(s->examples);
	return r;
}
