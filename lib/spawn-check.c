/* spawn-check: all that is wrong with what people wrote about agents. */
#include "config.h"

#include "spawn-check.h"

#include "agents.h"
#include "alloc.h"
#include "briefing.h"
#include "catalog.h"
#include "foreign.h"
#include "path.h"
#include "policy.h"
#include "profile.h"
#include "program.h"
#include "servers.h"
#include "settings.h"
#include "skills.h"
#include "suggest.h"
#include "toolbox.h"
#include "workspace.h"

struct checking {
	struct agents *agents;
	const struct settings *settings;	/* NULL: they are wrong */
	size_t i;		/* the agent that is looked at */
	const jv *agent;
	struct toolbox box;
};

/* The strings of a member, each with its path. */
typedef void check_fn(const struct checking *c, const char *path,
    const char *text);

static void
each_string(const struct checking *c, const char *member, check_fn *check)
{
	AUTO_JV jv v = json_path(c->agent, member);

	if (json_is(&v, JSON_STRING))
		check(c, member, json_string(&v));
	for (size_t i = 0; json_is(&v, JSON_ARRAY) && i < json_count(&v);
	    i++) {
		AUTO_JV jv one = json_at(&v, i);
		AUTO_FREE char *path = xasprintf("%s.%zu", member, i);

		if (json_is(&one, JSON_STRING))
			check(c, path, json_string(&one));
	}
}

static void
check_tool(const struct checking *c, const char *path, const char *name)
{
	AUTO_FREE const char **names = toolbox_names(&c->box);
	char hint[SUGGEST_TEXT_MAX];

	if (!toolbox_find(&c->box, name) && !servers_may_mean(c->agent, name))
		agents_problem(c->agents, c->i, path, "there is no tool "
		    "'%.60s'%s", name, suggest_text(name, names, hint));
}

/* A rule about a tool that there is not would never apply. */
static void
check_rule_tool(const struct checking *c, const char *path, const char *name)
{
	if (!strpbrk(name, "*?["))
		check_tool(c, path, name);
}

static void
check_rule_tools(const struct checking *c)
{
	AUTO_JV jv rules = json_get(c->agent, "policy");

	for (size_t i = 0; json_is(&rules, JSON_ARRAY) &&
	    i < json_count(&rules); i++) {
		AUTO_FREE char *member = xasprintf("policy.%zu.tool", i);

		each_string(c, member, check_rule_tool);
	}
}

static void
check_peer(const struct checking *c, const char *path, const char *id)
{
	size_t n = json_count(&c->agents->list);
	AUTO_FREE const char **ids = xcalloc(n + 2, sizeof(*ids));
	char hint[SUGGEST_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv other = json_at(&c->agents->list, i);
		ids[i] = json_str(&other, "id");	/* the list has it */
		if (strcmp(ids[i], id) == 0)
			return;
	}
	ids[n] = "user";
	if (strcmp(id, "user") != 0 && strcmp(id, "*") != 0)
		agents_problem(c->agents, c->i, path, "there is no agent "
		    "'%.60s'%s", id, suggest_text(id, ids, hint));
}

static void
check_model(const struct checking *c, const char *path, const char *name)
{
	struct model model = MODEL_INIT;
	struct err why = ERR_INIT;

	if (!c->settings)
		return;
	/* a key that is missing here may be there where it runs */
	if (catalog_find(&c->settings->all, name, &model, &why) < 0 &&
	    why.status == ST_CONFIG)
		agents_problem(c->agents, c->i, path, "%s", why.text);
	model_release(&model);
}

static void
check_file(const struct checking *c, const char *path, const char *name)
{
	AUTO_FREE char *full = path_join(c->agents->dir, name);
	AUTO_BUF struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (!path_exists(full) || path_is_dir(full))
		agents_problem(c->agents, c->i, path, "there is no file '%s'",
		    full);
	else if (path_read(full, BRIEFING_FILE_MAX, &text, &why) < 0)
		agents_problem(c->agents, c->i, path, "%s", why.text);
}

static void
check_skill(const struct checking *c, const char *path, const char *name)
{
	AUTO_JV jv one = json_object();
	AUTO_JV jv found = JSON_NONE;
	struct err why = ERR_INIT;

	json_set_str(&one, "skills", name);
	if (skills_find(&one, c->agents->dir, "/nonexistent", &found,
	    &why) < 0)
		agents_problem(c->agents, c->i, path, "%s", why.text);
}

static void
check_profile(const struct checking *c, const char *path, const char *name)
{
	AUTO_RULES struct rules rules = RULES_INIT;
	AUTO_STRS struct strs refused = STRS_INIT;
	struct err why = ERR_INIT;

	rules_defaults(&rules);
	if (c->settings && profile_apply(&rules, name,
	    c->agents->dir, &refused, &why) < 0)
		agents_problem(c->agents, c->i, path, "%s", why.text);
}

/* Whether a foreign agent can be held to the rules and hooks. */
static void
check_held(const struct checking *c, const struct foreign *foreign)
{
	AUTO_JV jv own = json_get(c->agent, "policy");
	AUTO_JV jv rules = c->settings ? settings_rules(c->settings, &own) :
	    json_copy(&own);
	AUTO_JV jv hooks = c->settings ? json_get(&c->settings->user,
	    "hooks") : JSON_NONE;
	struct err why = ERR_INIT;
	struct permit p = { .policy = policy_new(&rules, &why),
	    .tools = &c->box, .hooks = &hooks };

	/* what is wrong with the rules themselves is said of them */
	if (p.policy && foreign_check_rules(foreign, c->agent, &p, &why) < 0)
		agents_problem(c->agents, c->i, "type", "%s", why.text);
	policy_free(p.policy);
}

static void
check_type(const struct checking *c)
{
	const char *type = json_str(c->agent, "type");
	const struct foreign *foreign = type ? foreign_find(type) : NULL;
	struct err why = ERR_INIT;

	if (!foreign)
		return;
	if (foreign_check(foreign, c->agent, &why) < 0)
		agents_problem(c->agents, c->i, "type", "%s", why.text);
	check_held(c, foreign);
}

/* What can be known of the servers without starting them. */
static void
check_servers(const struct checking *c)
{
	AUTO_JV jv servers = json_get(c->agent, "mcp_servers");

	JSON_EACH(&servers, i) {
		AUTO_JV jv one = json_iter_value(&servers, i);
		AUTO_JV jv words = agents_strings(&one, "command");
		AUTO_JV jv first = json_at(&words, 0);
		const char *name = json_string(&first);
		AUTO_FREE char *program = name ? program_find(name,
		    c->agents->dir) : NULL;
		AUTO_FREE char *path = xasprintf("mcp_servers.%s.command",
		    json_iter_key(&servers, i));

		if (!program || access(program, X_OK) != 0)
			agents_problem(c->agents, c->i, path, "there is no "
			    "program '%.200s'", name ? name : "");
	}
}

static void
check_agent(struct checking *c)
{
	struct err why = ERR_INIT;

	if (toolbox_read(c->agent, c->agents->dir, &c->box, &why) < 0)
		agents_problem(c->agents, c->i, "tools_dir", "%s", why.text);
	check_type(c);
	check_servers(c);
	each_string(c, "tools", check_tool);
	check_rule_tools(c);
	each_string(c, "direct_communication", check_peer);
	each_string(c, "model", check_model);
	each_string(c, "rules_file", check_file);
	each_string(c, "skills", check_skill);
	each_string(c, "sandbox", check_profile);
	toolbox_release(&c->box);
}

/* Rules, where they are written: those of `defaults` are there once. */
static void
check_rules(struct agents_file *f)
{
	AUTO_JV jv list = json_get(&f->doc.value, "agents");

	policy_check(&f->doc, "defaults.policy", &f->problems);
	for (size_t i = 0; json_is(&list, JSON_ARRAY) && i < json_count(&list);
	    i++) {
		AUTO_FREE char *path = xasprintf("agents.%zu.policy", i);
		policy_check(&f->doc, path, &f->problems);
	}
}

static int
check_agents(const char *file, const struct settings *settings,
    struct buf *out, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;

	if (agents_read_all(file, &a, e) < 0)
		return -1;
	for (size_t i = 0; i < a.nfiles; i++)
		check_rules(&a.files[i]);
	for (size_t i = 0; i < json_count(&a.list); i++) {
		AUTO_JV jv agent = json_at(&a.list, i);
		struct checking c = { &a, settings, i, &agent,
		    TOOLBOX_INIT };
		check_agent(&c);
	}
	agents_problems_text(&a, out);
	return 0;
}

int
spawn_check(const char *dir, const char *file, struct buf *out,
    struct err *e)
{
	AUTO_FREE char *start = dir ? path_real(dir, e) : path_cwd(e);
	AUTO_FREE char *found = NULL;
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_SETTINGS struct settings settings = SETTINGS_INIT;
	struct err ignored = ERR_INIT;
	bool good;

	if (!start || workspace_find(dir, &w, e) < 0)
		return -1;
	found = file ? xstrdup(file) : agents_file(start);
	if (!found)
		return err_set(e, ST_NOINPUT, "there is no '%s' in '%s' or "
		    "above", AGENTS_FILE, start);
	if (settings_check_all(w.dir ? &w : NULL, out, e) < 0)
		return -1;
	/* what is wrong with it has been said */
	good = settings_load(w.dir ? &w : NULL, &settings, &ignored) == 0;
	if (check_agents(found, good ? &settings : NULL, out, e) < 0)
		return -1;
	return out->len > 0 ? ST_CONFIG : ST_OK;
}
