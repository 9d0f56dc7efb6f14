/* settings: the configuration, agent-config(5). */
#include "config.h"

#include "settings.h"

#include "alloc.h"
#include "env.h"
#include "path.h"
#include "policy.h"
#include "yaml.h"

static const char *const protocols[] = { "chat", "messages", "ollama",
	"records", "responses", NULL };

static const struct yaml_shape any_string[] = {
	{ "*", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape targets[] = {
	{ "*", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape quirks[] = {
	{ "developer", .kinds = YAML_BOOL },
	{ "encrypted_reasoning", .kinds = YAML_BOOL },
	{ "max_tokens", .kinds = YAML_STRING },
	{ "no_schema", .kinds = YAML_BOOL },
	{ "no_stream_options", .kinds = YAML_BOOL },
	{ "reasoning_back", .kinds = YAML_BOOL },
	YAML_SHAPE_END
};

/* Seconds, or text that num_parse_duration() reads. */
static const struct yaml_shape timeouts[] = {
	{ "connect", .kinds = YAML_STRING | YAML_NUMBER },
	{ "first_byte", .kinds = YAML_STRING | YAML_NUMBER },
	{ "idle", .kinds = YAML_STRING | YAML_NUMBER },
	{ "progress", .kinds = YAML_STRING | YAML_NUMBER },
	YAML_SHAPE_END
};

static const struct yaml_shape provider[] = {
	{ "base_url", .kinds = YAML_STRING },
	{ "base_url_add", .kinds = YAML_STRING },
	{ "base_url_env", .kinds = YAML_STRING | YAML_NULL },
	{ "exec", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	{ "headers", .kinds = YAML_MAP, .members = any_string },
	{ "key_cmd", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	{ "key_env", .kinds = YAML_STRING | YAML_NULL | YAML_LIST,
	    .each = YAML_STRING },
	{ "local", .kinds = YAML_BOOL },
	{ "model", .kinds = YAML_STRING },
	{ "options", .kinds = YAML_MAP },
	{ "protocol", .kinds = YAML_STRING, .words = protocols },
	{ "quirks", .kinds = YAML_MAP, .members = quirks },
	{ "timeouts", .kinds = YAML_MAP, .members = timeouts },
	{ "unix_socket", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape providers[] = {
	{ "*", .kinds = YAML_MAP, .members = provider },
	YAML_SHAPE_END
};

static const struct yaml_shape maps[] = {
	{ "*", .kinds = YAML_MAP },
	YAML_SHAPE_END
};

/* As Claude Code writes them: several under one matcher. */
static const struct yaml_shape hook_of[] = {
	{ "command", .kinds = YAML_STRING | YAML_REQUIRED },
	{ "timeout", .kinds = YAML_NUMBER },
	{ "type", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static const struct yaml_shape hook[] = {
	{ "command", .kinds = YAML_STRING },
	{ "hooks", .kinds = YAML_LIST, .each = YAML_MAP, .members = hook_of },
	{ "matcher", .kinds = YAML_STRING },
	{ "timeout", .kinds = YAML_NUMBER },
	YAML_SHAPE_END
};

static const struct yaml_shape events[] = {
	{ "PostToolUse", .kinds = YAML_LIST, .each = YAML_MAP,
	    .members = hook },
	{ "PreToolUse", .kinds = YAML_LIST, .each = YAML_MAP,
	    .members = hook },
	YAML_SHAPE_END
};

static const struct yaml_shape policies[] = {
	{ "gates", .kinds = YAML_LIST, .each = YAML_MAP,
	    .members = policy_shape },
	{ "roles", .kinds = YAML_MAP, .members = targets },
	{ "tools", .kinds = YAML_LIST, .each = YAML_MAP,
	    .members = policy_shape },
	YAML_SHAPE_END
};

/* agent-config(5) describes each. */
static const struct yaml_shape top[] = {
	{ "aliases", .kinds = YAML_MAP, .members = targets },
	{ "budget", .kinds = YAML_MAP },
	{ "hooks", .kinds = YAML_MAP, .members = events },
	{ "hub", .kinds = YAML_STRING | YAML_MAP },
	{ "memory", .kinds = YAML_MAP },
	{ "model", .kinds = YAML_STRING | YAML_LIST, .each = YAML_STRING },
	{ "models", .kinds = YAML_MAP, .members = maps },
	{ "policy", .kinds = YAML_MAP, .members = policies },
	{ "providers", .kinds = YAML_MAP, .members = providers },
	{ "sandbox", .kinds = YAML_MAP },
	YAML_SHAPE_END
};

void
settings_release(struct settings *s)
{
	jv_free(s->all);
	jv_free(s->user);
	jv_free(s->workspace);
	*s = (struct settings)SETTINGS_INIT;
}

static const struct {
	const char *key, *why;
} not_of_workspace[] = {
	{ "providers", "'providers' belongs into the user's configuration: "
	    "a workspace must not say where your keys go" },
	{ "hooks", "'hooks' belongs into the user's configuration: they run "
	    "outside of any sandbox" },
};

enum { NOT_OF_WORKSPACE =
	sizeof(not_of_workspace) / sizeof(not_of_workspace[0]) };

static int
read_layer(const char *path, bool of_workspace, jv *ret, struct err *e)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;

	if (yaml_read(path, &doc, e) < 0 || yaml_check(&doc, "", top, e) < 0)
		return -1;
	for (size_t i = 0; of_workspace && i < NOT_OF_WORKSPACE; i++)
		if (json_has(&doc.value, not_of_workspace[i].key))
			return yaml_err_key(&doc, not_of_workspace[i].key, e,
			    "%s", not_of_workspace[i].why);
	*ret = json_is(&doc.value, JSON_OBJECT) ? json_copy(&doc.value) :
	    json_object();
	return 0;
}

/* A file that may be missing; takes over `path`, NULL for none. */
static int
load_layer(char *path, bool of_workspace, jv *ret, struct err *e)
{
	AUTO_FREE char *name = path;

	if (name && path_exists(name))
		return read_layer(name, of_workspace, ret, e);
	*ret = json_object();
	return 0;
}

/* The user's file, and the workspace's; NULL where there can be none. */
static char *
user_file(void)
{
	AUTO_FREE char *dir = env_xdg_config();

	return dir ? path_join(dir, "config.yaml") : NULL;
}

static char *
workspace_file(const struct workspace *w)
{
	return w && w->dir ? workspace_config(w) : NULL;
}

bool
settings_exist(const struct workspace *w)
{
	AUTO_FREE char *user = user_file(), *own = workspace_file(w);

	return (user && path_exists(user)) || (own && path_exists(own));
}

int
settings_load(const struct workspace *w, struct settings *ret, struct err *e)
{
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;

	if (load_layer(user_file(), false, &s.user, e) < 0 ||
	    load_layer(workspace_file(w), true, &s.workspace, e) < 0)
		return -1;
	s.all = json_merge(&s.user, &s.workspace);
	settings_release(ret);
	*ret = s;
	s = (struct settings)SETTINGS_INIT;
	return 0;
}

/* As load_layer(), telling everything. */
static int
check_layer(char *path, bool of_workspace, struct buf *out, struct err *e)
{
	AUTO_FREE char *name = path;
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	AUTO_YAML_PROBLEMS struct yaml_problems p = YAML_PROBLEMS_INIT;

	if (!name || !path_exists(name))
		return 0;
	if (yaml_read(name, &doc, e) < 0)
		return -1;
	yaml_check_all(&doc, "", top, &p);
	for (size_t i = 0; of_workspace && i < NOT_OF_WORKSPACE; i++)
		if (json_has(&doc.value, not_of_workspace[i].key))
			yaml_problem_key(&p, &doc, not_of_workspace[i].key,
			    "%s", not_of_workspace[i].why);
	policy_check(&doc, "policy.tools", &p);
	policy_check(&doc, "policy.gates", &p);
	yaml_problems_text(&p, &doc, out);
	return 0;
}

int
settings_check_all(const struct workspace *w, struct buf *out, struct err *e)
{
	if (check_layer(user_file(), false, out, e) < 0)
		return -1;
	return check_layer(workspace_file(w), true, out, e);
}

static void
append_all(jv *list, const jv *more)
{
	for (size_t i = 0; i < json_count(more); i++)
		json_append(list, json_at(more, i));
}

jv
settings_rules(const struct settings *s, const jv *own)
{
	AUTO_JV jv user = json_path(&s->user, "policy.tools");
	AUTO_JV jv ours = json_path(&s->workspace, "policy.tools");
	jv rules = json_array();

	append_all(&rules, &user);
	append_all(&rules, own);
	append_all(&rules, &ours);
	return rules;
}
