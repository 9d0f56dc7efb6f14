/* servers-config: what people write about MCP servers. */
#include "config.h"

#include "servers.h"

#include <fnmatch.h>

#include "alloc.h"

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
