/*
 * foreign-servers: the tools of ours that a foreign agent gets, all by
 * servers of tools (MCP) that it starts itself, in its sandbox: those of
 * mcp_servers, and `agent-tool serve` for the executables of tools_dir.
 *
 * What is secret in the environment of one is in the environment of the
 * agent, and in its configuration only by name.
 */
#include "config.h"

#include "foreign-impl.h"

#include "agents.h"
#include "alloc.h"
#include "path.h"
#include "program.h"
#include "servers.h"
#include "toolbox.h"

#define TOOLS_FILE ".agent-tools.json"
#define TOOLS_NAME "agent-tools"

static int
refuse(const struct foreign *kind, const char *agent, const char *what,
    const char *why, struct err *e)
{
	return err_set(e, ST_CONFIG, "agent '%s': a rule for '%.80s' %s, which "
	    "one of type '%s' cannot be held to", agent, what, why,
	    kind->type);
}

/*
 * Whether the rules leave it a tool, or all those whose names begin so: 1, 0,
 * or -1 for what it could not be held to.
 */
static int
permitted(const struct foreign *kind, const struct permit *p,
    const char *agent, const char *tool, bool all, struct err *e)
{
	AUTO_JV jv subject = json_object();

	if (!p->policy || kind->dialogue)
		return 1;
	json_set_str(&subject, "agent", agent);
	json_set_str(&subject, "tool", tool);
	if (all && policy_divides(p->policy, &subject))
		return refuse(kind, agent, tool, "is for some of its tools",
		    e);
	switch (policy_of_tool(p->policy, &subject)) {
	case POLICY_ALLOW:
		return 1;
	case POLICY_DENY:
		return 0;
	case POLICY_ASK:
		return p->mode == PERMIT_BYPASS ? 1 :
		    refuse(kind, agent, tool, "asks a person", e);
	}
	return refuse(kind, agent, tool, "has a condition", e);
}

/* All the tools of a server. */
static int
permitted_all(const struct foreign *kind, const struct permit *p,
    const char *agent, const char *server, struct err *e)
{
	AUTO_FREE char *start = xasprintf("mcp__%s__", server);

	return permitted(kind, p, agent, start, true, e);
}

int
foreign_check_tools(const struct foreign *kind, const jv *agent,
    const struct permit *p, struct err *e)
{
	AUTO_JV jv servers = json_get(agent, "mcp_servers");
	const char *id = json_str(agent, "id");

	JSON_EACH(&servers, i)
		if (permitted_all(kind, p, id, json_iter_key(&servers, i),
		    e) < 0)
			return -1;
	for (size_t i = 0; p->tools && i < p->tools->n; i++)
		if (permitted(kind, p, id, p->tools->own[i].name, false,
		    e) < 0)
			return -1;
	return 0;
}

/* It has one environment, which all its servers get theirs from. */
static int
add_secret(struct foreign_run *f, const char *name, const char *value,
    struct err *e)
{
	AUTO_FREE char *entry = xasprintf("%s=%s", name, value);
	size_t len = strlen(name) + 1;

	/* one that speaks ACP is told, and needs it not */
	if (f->kind->dialogue || strs_has(&f->secrets, entry))
		return 0;
	for (size_t i = 0; i < f->secrets.n; i++)
		if (strncmp(f->secrets.v[i], entry, len) == 0)
			return err_set(e, ST_CONFIG, "another server has "
			    "another %.60s", name);
	strs_take(&f->secrets, STEAL(entry));
	return 0;
}

/* A value that has a variable of ours in it goes by the environment. */
static int
take_env(struct foreign_run *f, const jv *config, jv *server, struct err *e)
{
	AUTO_JV jv theirs = json_get(config, "env");
	jv plain = json_object(), secret = json_object();
	int r = 0;

	JSON_EACH(&theirs, i) {
		const char *name = json_iter_key(&theirs, i);
		AUTO_JV jv v = json_iter_value(&theirs, i);
		AUTO_FREE char *text = json_string(&v) ? xstrdup(
		    json_string(&v)) : json_text(&v);
		AUTO_BUF struct buf value = BUF_INIT;
		int ours = servers_value(text, &value, e);

		r = ours < 0 ? -1 : r;
		if (ours > 0 && !servers_obeyed(name)) {
			json_set_str(&secret, name, value.data);
			r = add_secret(f, name, value.data, e) < 0 ? -1 : r;
		} else {
			json_set_str(&plain, name, value.data);
		}
	}
	json_set(server, "env", plain);
	json_set(server, "secret", secret);
	return r;
}

static int
take_server(struct foreign_run *f, const char *name, const jv *config,
    struct err *e)
{
	AUTO_JV jv words = json_array();
	AUTO_FREE char *program = servers_words(config, f->dir, &words, e);
	jv server;
	int may = program ? permitted_all(f->kind, &f->run.task->permit,
	    f->run.task->id, name, e) : -1;

	if (may <= 0)
		return may;
	program_show(program, &f->shows);
	server = json_object();
	json_set_str(&server, "command", program);
	json_set(&server, "args", json_copy(&words));
	if (take_env(f, config, &server, e) < 0) {
		jv_free(server);
		return err_prefix(e, "MCP server '%s'", name);
	}
	json_set(&f->servers, name, server);
	return 0;
}

static jv
tool_of_ours(const struct tool *t)
{
	jv command = json_array();

	json_append(&command, json_from_str(t->file));
	return tool_served(t, command);
}

static int
take_tools(struct foreign_run *f, struct err *e)
{
	const struct toolbox *box = f->run.task->place.tools;
	AUTO_JV jv all = json_array();
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE char *self = NULL;
	jv server, args;

	for (size_t i = 0; box && i < box->n; i++) {
		int may = permitted(f->kind, &f->run.task->permit,
		    f->run.task->id, box->own[i].name, false, e);

		if (may < 0)
			return -1;
		json_append(&all, may ? tool_of_ours(&box->own[i]) :
		    JSON_NONE);
	}
	if (json_count(&all) == 0)
		return 0;
	if (json_has(&f->servers, TOOLS_NAME))
		return err_set(e, ST_CONFIG, "agent '%s': a server '%s' is "
		    "that of its tools_dir", f->run.task->id, TOOLS_NAME);
	self = path_program("agent-tool", e);
	json_write_pretty(&all, &text);
	if (!self || foreign_write(f, TOOLS_FILE, text.data, text.len, e) < 0)
		return -1;
	program_show(self, &f->shows);
	args = json_array();
	json_append(&args, json_from_str("serve"));
	json_append(&args, json_from_str(FOREIGN_HOME "/" TOOLS_FILE));
	server = json_object();
	json_set_str(&server, "command", self);
	json_set(&server, "args", args);
	json_set(&server, "env", json_object());
	json_set(&server, "secret", json_object());
	json_set(&f->servers, TOOLS_NAME, server);
	return 0;
}

int
foreign_servers(struct foreign_run *f, struct err *e)
{
	AUTO_JV jv servers = json_get(f->agent, "mcp_servers");

	f->servers = json_object();
	JSON_EACH(&servers, i) {
		const char *name = json_iter_key(&servers, i);
		AUTO_JV jv config = json_iter_value(&servers, i);

		if (take_server(f, name, &config, e) < 0)
			return -1;
	}
	return take_tools(f, e);
}

jv
foreign_server_env(const jv *server, const char *before, const char *after)
{
	jv env = json_get(server, "env");
	AUTO_JV jv secret = json_get(server, "secret");

	JSON_EACH(&secret, i) {
		const char *name = json_iter_key(&secret, i);
		AUTO_FREE char *text = xasprintf("%s%s%s", before, name,
		    after);
		json_set_str(&env, name, text);
	}
	return env;
}
