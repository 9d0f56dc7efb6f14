/* servers-config: what people write about MCP servers. */
#include "config.h"

#include "servers.h"

#include <fnmatch.h>
#include <unistd.h>

#include "agents.h"
#include "alloc.h"
#include "env.h"
#include "program.h"

enum { NAME_MAX_LEN = 32 };

#define PREFIX "mcp__"

#define STRINGS YAML_STRING | YAML_LIST, .each = YAML_STRING

static const char *const types[] = { "stdio", NULL };

static const struct yaml_shape values[] = {
	{ .key = "*", .kinds = YAML_STRING | YAML_NUMBER },
	YAML_SHAPE_END
};

static const struct yaml_shape server_shape[] = {
	{ .key = "args", .kinds = YAML_LIST, .each = YAML_STRING },
	{ .key = "command", .kinds = YAML_REQUIRED | STRINGS },
	{ .key = "env", .kinds = YAML_MAP, .members = values },
	{ .key = "required", .kinds = YAML_BOOL },
	{ .key = "startup_timeout", .kinds = YAML_STRING | YAML_INT },
	{ .key = "timeout", .kinds = YAML_STRING | YAML_INT },
	{ .key = "type", .kinds = YAML_STRING, .words = types },
	YAML_SHAPE_END
};

const struct yaml_shape servers_shape[] = {
	{ .key = "*", .kinds = YAML_MAP, .members = server_shape },
	YAML_SHAPE_END
};

const char *
servers_name_problem(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN || strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-") < len)
		return "is no name of a server: letters, digits, '_' and "
		    "'-', 32 at most";
	return strstr(name, "__") || name[len - 1] == '_' ?
	    "has '__', which ends the name of a server in that of a tool" :
	    NULL;
}

char *
servers_of_tool(const char *tool)
{
	const char *name = tool + sizeof(PREFIX) - 1;

	if (strncmp(tool, PREFIX, sizeof(PREFIX) - 1) != 0)
		return NULL;
	return xstrndup(name, strstr(name, "__") ?
	    (size_t)(strstr(name, "__") - name) : strlen(name));
}

bool
servers_may_mean(const jv *agent, const char *word)
{
	AUTO_JV jv servers = json_get(agent, "mcp_servers");
	AUTO_FREE char *name = servers_of_tool(word);

	JSON_EACH(&servers, i)
		if (name && fnmatch(name, json_iter_key(&servers, i), 0) == 0)
			return true;
	return false;
}

int
servers_read(const char *path, jv *ret, struct err *e)
{
	static const struct yaml_shape file_shape[] = {
		{ .key = "mcpServers", .kinds = YAML_MAP,
		    .members = servers_shape },
		{ .key = "mcp_servers", .kinds = YAML_MAP,
		    .members = servers_shape },
		YAML_SHAPE_END
	};
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	const char *member;

	if (yaml_read(path, &doc, e) < 0 ||
	    yaml_check(&doc, "", file_shape, e) < 0)
		return -1;
	member = json_has(&doc.value, "mcpServers") ? "mcpServers" :
	    "mcp_servers";
	AUTO_JV jv all = json_get(&doc.value, member);
	JSON_EACH(&all, i) {
		const char *name = json_iter_key(&all, i);
		AUTO_FREE char *at = xasprintf("%s.%s", member, name);

		if (servers_name_problem(name))
			return yaml_err_key(&doc, at, e, "'%.60s' %s", name,
			    servers_name_problem(name));
	}
	*ret = json_is(&all, JSON_OBJECT) ? json_copy(&all) : json_object();
	return 0;
}

/* "${NAME}" is a variable of ours, "$${" is "${". */
int
servers_value(const char *text, struct buf *out, struct err *e)
{
	const char *at;
	int found = 0;

	buf_adds(out, "");
	while ((at = strstr(text, "${")) && strchr(at, '}')) {
		const char *end = strchr(at, '}');
		AUTO_FREE char *name = xstrndup(at + 2,
		    (size_t)(end - at - 2));

		if (at > text && at[-1] == '$') {
			buf_add(out, text, (size_t)(at - text - 1));
			buf_adds(out, "${");
			text = at + 2;
			continue;
		}
		if (!env_get(name))
			return err_set(e, ST_CONFIG, "there is no %.60s in "
			    "the environment", name);
		buf_add(out, text, (size_t)(at - text));
		buf_adds(out, env_get(name));
		found = 1;
		text = end + 1;
	}
	buf_adds(out, text);
	return found;
}

bool
servers_obeyed(const char *name)
{
	static const char *const names[] = {
		"AGENT_*", "GLIBC_*", "HOME", "LANG", "LC_*", "LD_*",
		"MALLOC_*", "PATH", "TMPDIR", "XDG_*"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fnmatch(names[i], name, 0) == 0)
			return true;
	return false;
}

char *
servers_words(const jv *config, const char *dir, jv *ret_args, struct err *e)
{
	AUTO_JV jv words = agents_strings(config, "command");
	AUTO_JV jv args = agents_strings(config, "args");
	AUTO_JV jv first = json_at(&words, 0);
	const char *name = json_string(&first);
	AUTO_FREE char *program = name ? program_find(name, dir) : NULL;
	jv all = json_array();

	for (size_t i = 1; i < json_count(&words); i++)
		json_append(&all, json_at(&words, i));
	for (size_t i = 0; i < json_count(&args); i++)
		json_append(&all, json_at(&args, i));
	json_release(ret_args);
	*ret_args = all;
	if (program && access(program, X_OK) == 0)
		return STEAL(program);
	err_set(e, ST_NOTFOUND, "there is no program '%.200s'",
	    name ? name : "");
	return NULL;
}
