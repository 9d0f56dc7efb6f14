/* agents: agents.yaml, the agents of a project and who may talk to whom. */
#include "config.h"

#include "agents.h"

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "policy.h"

enum { ID_MAX = 64 };

static const char *const types[] = {
	"native", "codex", "claude", "gemini", "opencode", "goose", "acp",
	"exec", NULL
};

static const struct yaml_shape strings[] = {
	{ .key = "*", .kinds = YAML_STRING | YAML_NUMBER },
	YAML_SHAPE_END
};

static const struct yaml_shape limits[] = {
	{ .key = "context", .kinds = YAML_INT },
	{ .key = "cost", .kinds = YAML_NUMBER },
	{ .key = "idle", .kinds = YAML_STRING | YAML_INT },
	{ .key = "tokens", .kinds = YAML_INT },
	{ .key = "turns", .kinds = YAML_INT },
	{ .key = "wall_time", .kinds = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};

#define STRINGS YAML_STRING | YAML_LIST, .each = YAML_STRING

/* What an agent may say; `defaults` may say the same but for the id. */
#define COMMON								\
	{ .key = "capabilities", .kinds = STRINGS },			\
	{ .key = "command", .kinds = STRINGS },				\
	{ .key = "description", .kinds = YAML_STRING },			\
	{ .key = "direct_communication", .kinds = STRINGS },		\
	{ .key = "env", .kinds = YAML_MAP, .members = strings },	\
	{ .key = "initial_instructions", .kinds = STRINGS },		\
	{ .key = "key_env", .kinds = YAML_STRING },			\
	{ .key = "limits", .kinds = YAML_MAP, .members = limits },	\
	{ .key = "memory_file", .kinds = YAML_STRING },			\
	{ .key = "model", .kinds = STRINGS },				\
	{ .key = "options", .kinds = YAML_MAP },			\
	{ .key = "policy", .kinds = YAML_LIST, .each = YAML_MAP,	\
	    .members = policy_shape },					\
	{ .key = "pool", .kinds = YAML_STRING },			\
	{ .key = "responsibilities", .kinds = STRINGS },		\
	{ .key = "retries", .kinds = YAML_INT },			\
	{ .key = "rules_file", .kinds = YAML_STRING },			\
	{ .key = "sandbox", .kinds = YAML_STRING },			\
	{ .key = "sandbox_path", .kinds = YAML_STRING },		\
	{ .key = "skills", .kinds = STRINGS },				\
	{ .key = "tools", .kinds = STRINGS },				\
	{ .key = "type", .kinds = YAML_STRING, .words = types }

static const struct yaml_shape agent_shape[] = {
	{ .key = "id", .kinds = YAML_STRING | YAML_REQUIRED },
	COMMON,
	YAML_SHAPE_END
};

static const struct yaml_shape defaults_shape[] = {
	COMMON,
	YAML_SHAPE_END
};

static const struct yaml_shape file_shape[] = {
	{ .key = "agents", .kinds = YAML_LIST | YAML_REQUIRED,
	    .each = YAML_MAP, .members = agent_shape },
	{ .key = "defaults", .kinds = YAML_MAP, .members = defaults_shape },
	YAML_SHAPE_END
};

void
agents_release(struct agents *a)
{
	struct agents none = AGENTS_INIT;

	yaml_release(&a->doc);
	free(a->dir);
	jv_free(a->list);
	*a = none;
}

bool
agents_valid_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strspn(id, allowed);

	return len > 0 && len <= ID_MAX && !id[len] && id[0] != '.' &&
	    id[0] != '-';
}

/* The number of the earlier agent of that id, or -1. */
static int
earlier(const jv *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv other = json_at(list, i);
		if (strcmp(json_str(&other, "id"), id) == 0)
			return (int)i;
	}
	return -1;
}

static int
check_agent(const struct yaml_doc *doc, const jv *list, size_t i,
    struct err *e)
{
	AUTO_FREE char *at = xasprintf("agents.%zu", i);
	AUTO_FREE char *id_at = xasprintf("%s.id", at);
	AUTO_FREE char *wall_at = xasprintf("%s.limits.wall_time", at);
	AUTO_JV jv agent = json_at(list, i);
	const char *id = json_str(&agent, "id");
	const char *wall = json_path_str(&agent, "limits.wall_time");
	int64_t ns;

	if (!agents_valid_id(id))
		return yaml_err(doc, id_at, e, "'%s' is no id: letters, "
		    "digits, '.', '_' and '-', 64 at most", id);
	if (strcmp(id, "user") == 0)
		return yaml_err(doc, id_at, e, "'user' is the person");
	if (earlier(list, i, id) >= 0)
		return yaml_err(doc, id_at, e, "there is an agent '%s' already",
		    id);
	if (wall && num_parse_duration(wall, &ns) < 0)
		return yaml_err(doc, wall_at, e, "'%s' is no duration", wall);
	return 0;
}

static int
take_list(struct agents *a, struct err *e)
{
	AUTO_JV jv raw = json_get(&a->doc.value, "agents");
	AUTO_JV jv defaults = json_get(&a->doc.value, "defaults");

	a->list = json_array();
	for (size_t i = 0; i < json_count(&raw); i++) {
		AUTO_JV jv agent = json_at(&raw, i);
		if (check_agent(&a->doc, &raw, i, e) < 0)
			return -1;
		json_append(&a->list, json_merge(&defaults, &agent));
	}
	return 0;
}

int
agents_read(const char *path, struct agents *ret, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	AUTO_FREE char *real = path_real(path, e);

	if (!real || yaml_read(path, &a.doc, e) < 0 ||
	    yaml_check(&a.doc, "", file_shape, e) < 0 ||
	    take_list(&a, e) < 0)
		return -1;
	a.dir = path_dirname(real);
	*ret = a;
	a = (struct agents)AGENTS_INIT;
	return 0;
}

char *
agents_file(const char *start)
{
	AUTO_FREE char *dir = path_find_up(start, AGENTS_FILE);

	return dir ? path_join(dir, AGENTS_FILE) : NULL;
}

jv
agents_get(const struct agents *a, const char *id)
{
	for (size_t i = 0; i < json_count(&a->list); i++) {
		jv agent = json_at(&a->list, i);
		if (strcmp(json_str(&agent, "id"), id) == 0)
			return agent;
		jv_free(agent);
	}
	return JSON_NONE;
}

int
agents_need(const struct agents *a, const char *id, jv *ret, struct err *e)
{
	AUTO_JV jv agent = agents_get(a, id);
	AUTO_BUF struct buf ids = BUF_INIT;

	if (json_is(&agent, JSON_OBJECT)) {
		*ret = json_copy(&agent);
		return 0;
	}
	for (size_t i = 0; i < json_count(&a->list); i++) {
		AUTO_JV jv other = json_at(&a->list, i);
		buf_addf(&ids, "%s%s", i ? ", " : "", json_str(&other, "id"));
	}
	return err_set(e, ST_NOINPUT, "there is no agent '%s' in '%s', but %s",
	    id, a->doc.name, ids.len > 0 ? ids.data : "none at all");
}

jv
agents_strings(const jv *agent, const char *member)
{
	jv v = json_get(agent, member);
	jv list;

	if (json_is(&v, JSON_ARRAY))
		return v;
	list = json_array();
	json_append(&list, json_is(&v, JSON_STRING) ? v : JSON_NONE);
	return list;
}

bool
agents_may_send(const struct agents *a, const char *from, const char *to)
{
	AUTO_JV jv agent = agents_get(a, from);
	AUTO_JV jv allowed = agents_strings(&agent, "direct_communication");

	if (strcmp(from, "user") == 0 || strcmp(to, "user") == 0)
		return true;
	for (size_t i = 0; i < json_count(&allowed); i++) {
		AUTO_JV jv name = json_at(&allowed, i);
		if (strcmp(json_string(&name), to) == 0 ||
		    strcmp(json_string(&name), "*") == 0)
			return true;
	}
	return false;
}
