/* foreign-kinds: how each foreign agent is started. */
#include "config.h"

#include "foreign-impl.h"

#include "alloc.h"
#include "provider.h"

enum { SERVER_SECONDS = 600 };		/* for a call of a tool of ours */

static const char *
session(const struct foreign_run *f)
{
	return json_str(&f->state, "id");
}

static const char *
model_id(const struct foreign_run *f)
{
	return f->run.task->model->id;
}

/* NAME=VALUE for its environment. */
static void
env(struct foreign_run *f, const char *name, const char *value)
{
	strs_addf(&f->env, "%s=%s", name, value);
}

static int
write_text(struct foreign_run *f, const char *name,
    const struct buf *text, struct err *e)
{
	return foreign_write(f, name, text->data, text->len, e);
}

static int
write_json(struct foreign_run *f, const char *name, const jv *v,
    struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	json_write_pretty(v, &text);
	buf_addc(&text, '\n');
	return write_text(f, name, &text, e);
}

/* Lines of TOML; a string or a list of JSON is one of TOML. */
static void
codex_server(const char *name, const jv *server, struct buf *out)
{
	AUTO_JV jv args = json_get(server, "args");
	AUTO_JV jv env = json_get(server, "env");
	AUTO_JV jv secret = json_get(server, "secret");
	const char *command = json_str(server, "command");

	buf_addf(out, "[mcp_servers.%s]\ncommand = ", name);
	json_quote(command, strlen(command), out);
	buf_adds(out, "\nargs = ");
	json_write(&args, out);
	buf_adds(out, "\nenv_vars = [");
	JSON_EACH(&secret, i)
		buf_addf(out, "\"%s\", ", json_iter_key(&secret, i));
	buf_addf(out, "]\ntool_timeout_sec = %d\n", SERVER_SECONDS);
	if (json_count(&env) > 0)
		buf_addf(out, "[mcp_servers.%s.env]\n", name);
	JSON_EACH(&env, i) {
		AUTO_JV jv v = json_iter_value(&env, i);
		json_quote(json_iter_key(&env, i),
		    json_iter_key_len(&env, i), out);
		buf_adds(out, " = ");
		json_write(&v, out);
		buf_addc(out, '\n');
	}
}

/*
 * Its own sandbox would have to be made inside of ours; ours does the same.
 * A string of JSON is one of TOML.
 */
static int
codex_prepare(struct foreign_run *f, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	buf_adds(&text, "model_provider = \"agentutils\"\n"
	    "check_for_update_on_startup = false\n"
	    "[model_providers.agentutils]\nname = \"agentutils\"\n"
	    "wire_api = \"responses\"\nenv_key = \"AGENT_FOREIGN_KEY\"\n"
	    "base_url = ");
	json_quote(f->base, strlen(f->base), &text);
	buf_adds(&text, "\n[analytics]\nenabled = false\n"
	    "[feedback]\nenabled = false\n[otel]\nexporter = \"none\"\n"
	    "[features]\napps = false\nplugins = false\n");
	JSON_EACH(&f->servers, i) {
		AUTO_JV jv server = json_iter_value(&f->servers, i);
		codex_server(json_iter_key(&f->servers, i), &server, &text);
	}
	env(f, "CODEX_HOME", FOREIGN_HOME "/.codex");
	strs_add(&f->args, "exec");
	if (session(f))
		strs_add(&f->args, "resume");
	STRS_ADD(&f->args, "--json", "--skip-git-repo-check",
	    "--dangerously-bypass-approvals-and-sandbox", "-m", model_id(f));
	if (session(f))
		strs_add(&f->args, session(f));
	strs_add(&f->args, "-");
	return write_text(f, ".codex/config.toml", &text, e);
}

/* {NAME: {"command","args","env"}}, as most have it. */
static jv
plain_servers(const struct foreign_run *f, const char *before,
    const char *after)
{
	jv all = json_object();

	JSON_EACH(&f->servers, i) {
		AUTO_JV jv server = json_iter_value(&f->servers, i);
		jv one = json_object();

		json_set(&one, "command", json_get(&server, "command"));
		json_set(&one, "args", json_get(&server, "args"));
		json_set(&one, "env", foreign_server_env(&server, before,
		    after));
		json_set(&all, json_iter_key(&f->servers, i), one);
	}
	return all;
}

/* None but those: it would look for others in the workspace. */
static int
claude_servers(struct foreign_run *f, struct err *e)
{
	AUTO_JV jv config = json_object();

	STRS_ADD(&f->args, "--strict-mcp-config");
	if (json_count(&f->servers) == 0)
		return 0;
	json_set(&config, "mcpServers", plain_servers(f, "${", "}"));
	STRS_ADD(&f->args, "--mcp-config", FOREIGN_HOME "/.claude/mcp.json");
	return write_json(f, ".claude/mcp.json", &config, e);
}

/* It asks a 401 again ten times, for minutes, when it is not told. */
static int
claude_prepare(struct foreign_run *f, struct err *e)
{
	env(f, "ANTHROPIC_BASE_URL", f->origin);
	env(f, "ANTHROPIC_DEFAULT_HAIKU_MODEL", model_id(f));
	env(f, "CLAUDE_CONFIG_DIR", FOREIGN_HOME "/.claude");
	env(f, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
	env(f, "CLAUDE_CODE_MAX_RETRIES", "3");
	env(f, "DISABLE_AUTOUPDATER", "1");
	env(f, "DISABLE_ERROR_REPORTING", "1");
	env(f, "DISABLE_TELEMETRY", "1");
	env(f, "IS_SANDBOX", "1");
	STRS_ADD(&f->args, "-p", "--output-format", "stream-json", "--verbose",
	    "--model", model_id(f), "--permission-mode",
	    f->plan ? "plan" : "bypassPermissions");
	for (size_t i = 0; i < f->denied.n; i++)
		STRS_ADD(&f->args, "--disallowedTools", f->denied.v[i]);
	if (session(f))
		STRS_ADD(&f->args, "--resume", session(f));
	return claude_servers(f, e);
}

static jv
parsed(const char *text)
{
	struct err ignored;
	jv v = JSON_NONE;

	(void)json_parse(text, strlen(text), &v, &ignored);
	return v;
}

/* It takes milliseconds, and asks nobody about those that it trusts. */
static jv
gemini_servers(const struct foreign_run *f)
{
	AUTO_JV jv plain = plain_servers(f, "${", "}");
	jv all = json_object();

	JSON_EACH(&plain, i) {
		jv one = json_iter_value(&plain, i);

		json_set_int(&one, "timeout", SERVER_SECONDS * 1000);
		json_set_bool(&one, "trust", true);
		json_set(&all, json_iter_key(&plain, i), one);
	}
	return all;
}

static jv
gemini_config(const struct foreign_run *f)
{
	jv c = parsed("{\"security\":{\"auth\":{\"selectedType\":"
	    "\"gemini-api-key\"}},"
	    "\"privacy\":{\"usageStatisticsEnabled\":false},"
	    "\"general\":{\"enableAutoUpdate\":false,\"maxAttempts\":3}}");
	jv tools = json_object(), denied = json_array();

	for (size_t i = 0; i < f->denied.n; i++)
		json_append(&denied, json_from_str(f->denied.v[i]));
	json_set(&tools, "exclude", denied);
	json_set(&c, "tools", tools);
	if (json_count(&f->servers) > 0)
		json_set(&c, "mcpServers", gemini_servers(f));
	return c;
}

static int
gemini_prepare(struct foreign_run *f, struct err *e)
{
	AUTO_JV jv config = gemini_config(f);

	env(f, "GOOGLE_GEMINI_BASE_URL", f->origin);
	env(f, "GEMINI_CLI_TRUST_WORKSPACE", "true");
	env(f, "GEMINI_TELEMETRY_ENABLED", "false");
	STRS_ADD(&f->args, "-m", model_id(f), "--approval-mode",
	    f->plan ? "plan" : "yolo", "--output-format", "stream-json");
	if (session(f))
		STRS_ADD(&f->args, "--resume", session(f));
	return write_json(f, ".gemini/settings.json", &config, e);
}

static jv
opencode_servers(const struct foreign_run *f)
{
	jv all = json_object();

	JSON_EACH(&f->servers, i) {
		AUTO_JV jv server = json_iter_value(&f->servers, i);
		AUTO_JV jv args = json_get(&server, "args");
		jv one = json_object(), command = json_array();

		json_append(&command, json_get(&server, "command"));
		for (size_t k = 0; k < json_count(&args); k++)
			json_append(&command, json_at(&args, k));
		json_set_str(&one, "type", "local");
		json_set(&one, "command", command);
		json_set(&one, "environment", foreign_server_env(&server,
		    "{env:", "}"));
		json_set_bool(&one, "enabled", true);
		json_set_int(&one, "timeout", SERVER_SECONDS * 1000);
		json_set(&all, json_iter_key(&f->servers, i), one);
	}
	return all;
}

/* Every model has to be there by name. */
static jv
opencode_config(const struct foreign_run *f)
{
	const struct model *m = f->run.task->model;
	bool messages = strcmp(m->provider->name, "messages") == 0;
	AUTO_FREE char *small = xasprintf("agentutils/%s", m->id);
	jv c = parsed("{\"autoupdate\":false,\"share\":\"disabled\","
	    "\"enabled_providers\":[\"agentutils\"],\"permission\":"
	    "{\"edit\":\"allow\",\"bash\":\"allow\",\"webfetch\":\"allow\","
	    "\"external_directory\":\"allow\"}}");
	jv provider = parsed("{\"name\":\"agentutils\"}");
	jv options = json_object(), models = json_object();
	jv providers = json_object(), permission = json_get(&c, "permission");

	for (size_t i = 0; i < f->denied.n; i++)
		json_set_str(&permission, f->denied.v[i], "deny");
	json_set(&c, "permission", permission);
	json_set_str(&options, "baseURL", f->base);
	json_set_str(&options, "apiKey", "{env:AGENT_FOREIGN_KEY}");
	json_set(&models, m->id, json_object());
	json_set_str(&provider, "npm", messages ? "@ai-sdk/anthropic" :
	    "@ai-sdk/openai-compatible");
	json_set(&provider, "options", options);
	json_set(&provider, "models", models);
	json_set(&providers, "agentutils", provider);
	if (json_count(&f->servers) > 0)
		json_set(&c, "mcp", opencode_servers(f));
	json_set(&c, "provider", providers);
	json_set_str(&c, "small_model", small);
	return c;
}

static int
opencode_prepare(struct foreign_run *f, struct err *e)
{
	AUTO_JV jv config = opencode_config(f);

	env(f, "OPENCODE_DISABLE_AUTOUPDATE", "1");
	env(f, "OPENCODE_DISABLE_DEFAULT_PLUGINS", "1");
	env(f, "OPENCODE_DISABLE_LSP_DOWNLOAD", "1");
	env(f, "OPENCODE_DISABLE_MODELS_FETCH", "1");
	env(f, "OPENCODE_DISABLE_SHARE", "1");
	STRS_ADD(&f->args, "run", "--pure", "--format", "json", "-m");
	strs_addf(&f->args, "agentutils/%s", model_id(f));
	if (session(f))
		STRS_ADD(&f->args, "-s", session(f));
	return write_json(f, ".config/opencode/opencode.json", &config, e);
}

static int
goose_prepare(struct foreign_run *f, struct err *e)
{
	bool messages = strcmp(f->run.task->model->provider->name,
	    "messages") == 0;

	if (session(f))
		return err_set(e, ST_CONFIG, "a run of goose cannot go on");
	env(f, "GOOSE_PROVIDER", messages ? "anthropic" : "openai");
	env(f, messages ? "ANTHROPIC_HOST" : "OPENAI_HOST", f->origin);
	env(f, "GOOSE_MODEL", model_id(f));
	env(f, "GOOSE_MODE", f->plan ? "chat" : "auto");
	env(f, "GOOSE_DISABLE_KEYRING", "1");
	if (messages)
		f->key_as = "ANTHROPIC_API_KEY";
	STRS_ADD(&f->args, "run", "--output-format", "stream-json", "-q",
	    "-i", "-");
	return 0;
}

static const struct foreign kinds[] = {
	{
		.type = "acp", .translated = true, .dialogue = true,
		.servers = true,
		.modelless = true, .rules = "AGENTS.md",
	}, {
		.type = "claude", .program = "claude", .translated = true,
		.servers = true,
		.model = "anthropic/", .protocol = "messages",
		.key = "ANTHROPIC_API_KEY", .rules = ".claude/CLAUDE.md",
		.usage = FOREIGN_RUN, .tells_cost = true,
		.tools = foreign_claude_tools, .prepare = claude_prepare,
	}, {
		.type = "codex", .program = "codex", .translated = true,
		.servers = true,
		.model = "openai/", .key = "AGENT_FOREIGN_KEY",
		.rules = ".codex/AGENTS.md", .usage = FOREIGN_SESSION,
		.prepare = codex_prepare,
	}, {
		.type = "exec", .modelless = true, .rules = "AGENTS.md",
	}, {
		.type = "gemini", .program = "gemini", .translated = true,
		.servers = true,
		.model = "gemini/", .key = "GEMINI_API_KEY",
		.rules = ".gemini/GEMINI.md", .usage = FOREIGN_RUN,
		.tools = foreign_gemini_tools,
		.status_is_http = true, .prepare = gemini_prepare,
	}, {
		.type = "goose", .program = "goose", .translated = true,
		.key = "OPENAI_API_KEY", .rules = ".config/goose/.goosehints",
		.usage = FOREIGN_RUN, .errors_last = true,
		.prepare = goose_prepare,
	}, {
		.type = "opencode", .program = "opencode", .translated = true,
		.servers = true,
		.key = "AGENT_FOREIGN_KEY",
		.rules = ".config/opencode/AGENTS.md",
		.tools = foreign_opencode_tools,
		.tells_cost = true, .prepare = opencode_prepare,
	},
};

const struct foreign *
foreign_find(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

const char *
foreign_model(const struct foreign *kind, bool *ret_needs)
{
	*ret_needs = !kind->modelless;
	return kind->model;
}

int
foreign_check(const struct foreign *kind, const jv *agent, struct err *e)
{
	static const char *const not_ours[] = {
		"tools", "mcp_servers", "tools_dir"
	};
	AUTO_JV jv turns = json_path(agent, "check.each_turn");
	const char *id = json_str(agent, "id");

	for (size_t i = 0; i < (kind->servers ? 1 : sizeof(not_ours) /
	    sizeof(not_ours[0])); i++)
		if (json_has(agent, not_ours[i]))
			return err_set(e, ST_CONFIG, "agent '%s': '%s' cannot "
			    "be had of one of type '%s'", id, not_ours[i],
			    kind->type);
	if (json_is_true(&turns))
		return err_set(e, ST_CONFIG, "agent '%s': 'check.each_turn' "
		    "cannot be had of one of type '%s': its turns are its own",
		    id, kind->type);
	if (!kind->program && !json_has(agent, "command"))
		return err_set(e, ST_CONFIG, "agent '%s': type '%s' needs a "
		    "'command'", id, kind->type);
	return 0;
}
