/* acp-servers: the MCP servers of an editor, as ours are written. */
#include "config.h"

#include "acp-impl.h"

#include "alloc.h"
#include "buf.h"

enum { NAME_MAX_LEN = 28 };	/* and a number, when there are two of it */

/* What may be a name of ours: "My server" is My-server. */
static char *
name_of(const char *theirs, const jv *taken)
{
	AUTO_FREE char *name = xstrndup(theirs, NAME_MAX_LEN);
	char *other;

	for (char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9')))
			*c = '-';
	if (!json_has(taken, name))
		return STEAL(name);
	for (int n = 2; ; n++) {
		other = xasprintf("%s-%d", name, n);
		if (n > 99 || !json_has(taken, other))
			return other;
		free(other);
	}
}

/* "${" would be a variable of ours. */
static jv
literal(const char *value)
{
	AUTO_BUF struct buf out = BUF_INIT;

	buf_adds(&out, "");
	for (; *value; value++) {
		if (value[0] == '$' && value[1] == '{')
			buf_addc(&out, '$');
		buf_addc(&out, *value);
	}
	return json_from_bytes(out.data, out.len);
}

static jv
env_of(const jv *list)
{
	jv env = json_object();

	for (size_t i = 0; i < json_count(list); i++) {
		AUTO_JV jv one = json_at(list, i);
		const char *name = json_str(&one, "name");
		const char *value = json_str(&one, "value");

		if (name && value)
			json_set(&env, name, literal(value));
	}
	return env;
}

/* One that is started, which a URL is not; JSON_NONE. */
static jv
server_of(const jv *theirs)
{
	const char *type = json_str(theirs, "type");
	AUTO_JV jv env = json_get(theirs, "env");
	jv ours, command;

	if (!json_str(theirs, "command") || !json_str(theirs, "name") ||
	    (type && strcmp(type, "stdio") != 0))
		return JSON_NONE;
	ours = json_object();
	command = json_array();
	json_append(&command, json_get(theirs, "command"));
	json_set(&ours, "command", command);
	json_set(&ours, "args", json_get(theirs, "args"));
	json_set(&ours, "env", env_of(&env));
	return ours;
}

char *
acp_servers(const jv *list, struct buf *unused)
{
	AUTO_JV jv all = json_object();
	AUTO_JV jv file = json_object();

	for (size_t i = 0; i < json_count(list); i++) {
		AUTO_JV jv one = json_at(list, i);
		jv ours = server_of(&one);
		const char *theirs = json_str(&one, "name");
		AUTO_FREE char *name = name_of(theirs ? theirs : "", &all);

		if (json_is(&ours, JSON_OBJECT))
			json_set(&all, name, ours);
		else
			buf_addf(unused, "%s %.60s", unused->len > 0 ? "," :
			    "", theirs ? theirs : "?");
	}
	if (json_count(&all) == 0)
		return NULL;
	json_set(&file, "mcpServers", json_copy(&all));
	return json_text(&file);
}
