/* tool: what a model may call that is built in. */
#include "config.h"

#include "tool.h"

#include "alloc.h"
#include "clock.h"
#include "schema.h"

#define PATH "\"path\":{\"type\":\"string\",\"description\":\"" \
	"relative to the workspace\"}"
#define OBJECT "{\"type\":\"object\",\"additionalProperties\":false,"

static const struct tool tools[] = {
	{
		.name = "shell",
		.description = "Run a command with sh -c in the workspace. "
		    "It is confined: no network unless it was allowed, a "
		    "private home and /tmp. Output and exit status come back "
		    "when it has ended; there is no terminal and no input.",
		.parameters = OBJECT "\"required\":[\"command\"],"
		    "\"properties\":{\"command\":{\"type\":\"string\"},"
		    "\"timeout\":{\"type\":\"integer\",\"minimum\":1,"
		    "\"description\":\"seconds\"}}}",
		.flags = TOOL_CHANGES | TOOL_ONCE,
	}, {
		.name = "read_file",
		.description = "Read a text file, whole or some lines of it.",
		.parameters = OBJECT "\"required\":[\"path\"],"
		    "\"properties\":{" PATH ","
		    "\"offset\":{\"type\":\"integer\",\"minimum\":1,"
		    "\"description\":\"first line, from 1\"},"
		    "\"limit\":{\"type\":\"integer\",\"minimum\":1,"
		    "\"description\":\"number of lines\"}}}",
		.run = tool_read_file,
	}, {
		.name = "write_file",
		.description = "Create a file, or replace it as a whole. "
		    "Directories are made as needed.",
		.parameters = OBJECT "\"required\":[\"path\",\"content\"],"
		    "\"properties\":{" PATH ","
		    "\"content\":{\"type\":\"string\"}}}",
		.flags = TOOL_CHANGES,
		.run = tool_write_file,
	}, {
		.name = "edit_file",
		.description = "Replace text in a file. old_text must occur "
		    "exactly as given, white space included, and only once: "
		    "give enough lines around it, or set replace_all.",
		.parameters = OBJECT "\"required\":[\"path\",\"old_text\","
		    "\"new_text\"],\"properties\":{" PATH ","
		    "\"old_text\":{\"type\":\"string\"},"
		    "\"new_text\":{\"type\":\"string\"},"
		    "\"replace_all\":{\"type\":\"boolean\"}}}",
		.flags = TOOL_CHANGES | TOOL_ONCE,
		.run = tool_edit_file,
	}, {
		.name = "apply_patch",
		.description = "Change files by a unified diff: '--- a/OLD', "
		    "'+++ b/NEW', hunks that begin with '@@'; /dev/null for a "
		    "file that is made or removed. Each hunk needs enough "
		    "lines around the change to fit in one place only; wrong "
		    "line numbers do no harm. When a part does not fit, "
		    "nothing is changed.",
		.parameters = OBJECT "\"required\":[\"patch\"],"
		    "\"properties\":{\"patch\":{\"type\":\"string\"}}}",
		.flags = TOOL_CHANGES | TOOL_ONCE,
		.run = tool_apply_patch,
	}, {
		.name = "list_files",
		.description = "List the files below a directory, one a line.",
		.parameters = OBJECT "\"properties\":{" PATH ","
		    "\"pattern\":{\"type\":\"string\",\"description\":\""
		    "shell pattern for the name or path, such as *.c\"}}}",
		.run = tool_list_files,
	}, {
		.name = "search_files",
		.description = "Find lines that match an extended regular "
		    "expression; gives path:line:text.",
		.parameters = OBJECT "\"required\":[\"pattern\"],"
		    "\"properties\":{\"pattern\":{\"type\":\"string\"}," PATH
		    ",\"files\":{\"type\":\"string\",\"description\":\""
		    "shell pattern for the names to search, such as *.c\"},"
		    "\"ignore_case\":{\"type\":\"boolean\"}}}",
		.run = tool_search_files,
	}, {
		.name = "done",
		.description = "Say that the task is finished. Call it once, "
		    "alone, as the last thing you do.",
		.parameters = OBJECT "\"required\":[\"summary\"],"
		    "\"properties\":{\"summary\":{\"type\":\"string\","
		    "\"description\":\"what was done, for the person\"},"
		    "\"success\":{\"type\":\"boolean\",\"description\":\""
		    "false when the task could not be done\"}}}",
	}, {
		.name = "fetch",
		.description = "Get what a URL names, as text, by GET. Only "
		    "from where the sandbox has network.",
		.parameters = OBJECT "\"required\":[\"url\"],\"properties\":{"
		    "\"url\":{\"type\":\"string\",\"description\":"
		    "\"http or https\"},\"raw\":{\"type\":\"boolean\","
		    "\"description\":\"keep the HTML\"}}}",
		.flags = TOOL_NAMED,
		.run = tool_fetch,
	}, {
		.name = "send",
		.description = "Send a message to another agent, or to the "
		    "person (user). Answers come between your turns.",
		.parameters = OBJECT "\"required\":[\"to\",\"text\"],"
		    "\"properties\":{\"to\":{\"type\":\"string\"},"
		    "\"text\":{\"type\":\"string\"}}}",
		.program = "agent-send",
		.flags = TOOL_NAMED,
	}, {
		.name = "ask",
		.description = "Ask the person, and wait for the answer; for "
		    "what only a person can decide or know. kind is "
		    "user_input (the default), debug_request when you are "
		    "stuck, or progress_report, which waits for no answer.",
		.parameters = OBJECT "\"required\":[\"question\"],"
		    "\"properties\":{\"question\":{\"type\":\"string\"},"
		    "\"options\":{\"type\":\"array\",\"items\":{\"type\":"
		    "\"string\"},\"description\":\"the only answers\"},"
		    "\"kind\":{\"type\":\"string\",\"enum\":[\"user_input\","
		    "\"debug_request\",\"progress_report\"]}}}",
		.flags = TOOL_NAMED,
	}, {
		.name = "spawn",
		.description = "Give a task to another agent, which works on "
		    "the same files in a run of its own, knows nothing of "
		    "this conversation, and answers at its end. Several calls "
		    "in one turn run side by side.",
		.parameters = OBJECT "\"required\":[\"task\"],"
		    "\"properties\":{\"task\":{\"type\":\"string\","
		    "\"description\":\"all that it must know\"},"
		    "\"agent\":{\"type\":\"string\",\"description\":"
		    "\"its id; without it, one like you\"}}}",
		.program = "agent-spawn",
		.timeout_ns = 24 * 3600 * CLOCK_SEC,
		.flags = TOOL_NAMED | TOOL_CHANGES | TOOL_ONCE,
	}, {
		.name = "memory",
		.description = "Files of its own that last. With agent-mem(1)",
		.program = "agent-mem",
		.flags = TOOL_NAMED | TOOL_ONCE,
	}, {
		.name = "remember",
		.description = "Add a note to its memory. With agent-mem(1)",
		.program = "agent-mem",
		.flags = TOOL_NAMED | TOOL_ONCE,
	}, {
		.name = "recall",
		.description = "Search its memory. With agent-mem(1)",
		.program = "agent-mem",
		.flags = TOOL_NAMED,
	},
};

enum { TOOL_COUNT = sizeof(tools) / sizeof(*tools) };

const struct tool *
tool_all(size_t *ret_n)
{
	*ret_n = TOOL_COUNT;
	return tools;
}

const struct tool *
tool_find(const char *name)
{
	for (size_t i = 0; i < TOOL_COUNT; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

/* The schema as a value: our own text, so it parses. */
static jv
parameters(const struct tool *t)
{
	struct err e = ERR_INIT;
	jv v = JSON_NONE;

	if (json_parse(t->parameters, strlen(t->parameters), &v, &e) < 0) {
		err_report(&e);
		abort();
	}
	return v;
}

jv
tool_declaration(const struct tool *t)
{
	jv outer, f;

	if (!t->parameters)
		return JSON_NONE;
	outer = json_object();
	f = json_object();
	json_set_str(&f, "name", t->name);
	json_set_str(&f, "description", t->description);
	json_set(&f, "parameters", parameters(t));
	json_set_str(&outer, "type", "function");
	json_set(&outer, "function", f);
	return outer;
}

jv
tool_served(const struct tool *t, jv command)
{
	jv one = json_object();

	json_set(&one, "command", command);
	json_set_str(&one, "name", t->name);
	json_set_str(&one, "description", t->description);
	json_set(&one, "parameters", parameters(t));
	json_set_bool(&one, "read_only", !(t->flags & TOOL_CHANGES));
	json_set_bool(&one, "idempotent", !(t->flags & TOOL_ONCE));
	if (t->timeout_ns > 0)
		json_set_int(&one, "timeout", t->timeout_ns / CLOCK_SEC);
	return one;
}

static bool
has_type(const jv *v, const char *type)
{
	double d;

	if (strcmp(type, "integer") == 0)
		return json_number(v, &d) && d >= 1 && d <= 1e9;
	return strcmp(json_kind_name(json_kind(v)), type) == 0;
}

static int
check_schema(const jv *schema, const jv *arguments, struct err *e)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct err wrong = ERR_INIT;

	if (schema_check_once(schema, arguments, &why, &wrong) == 0)
		return 0;
	return err_set(e, ST_NO, "the arguments are wrong: %.*s",
	    (int)strcspn(why.data, "\n"), why.data);
}

int
tool_check(const struct tool *t, const jv *arguments, struct err *e)
{
	AUTO_JV jv schema = t->parameters ? parameters(t) : JSON_NONE;
	AUTO_JV jv known = json_get(&schema, "properties");
	AUTO_JV jv required = json_get(&schema, "required");

	if (!json_is(arguments, JSON_OBJECT))
		return err_set(e, ST_NO, "the arguments are not an object");
	if (!t->parameters || t->server)
		return 0;	/* its program checks them */
	if (t->file)
		return check_schema(&schema, arguments, e);
	for (size_t i = 0; i < json_count(&required); i++) {
		AUTO_JV jv name = json_at(&required, i);
		if (!json_has(arguments, json_string(&name)))
			return err_set(e, ST_NO, "argument '%s' is missing",
			    json_string(&name));
	}
	JSON_EACH(arguments, i) {
		const char *name = json_iter_key(arguments, i);
		AUTO_JV jv value = json_iter_value(arguments, i);
		AUTO_JV jv rule = json_get(&known, name);
		const char *type = json_str(&rule, "type");

		if (!type)
			return err_set(e, ST_NO, "there is no argument '%s'",
			    name);
		if (!has_type(&value, type))
			return err_set(e, ST_NO, "argument '%s' must be %s%s",
			    name, type, strcmp(type, "integer") == 0 ?
			    " of 1 or more" : "");
	}
	return 0;
}

void
tool_text(const char *text, size_t len, size_t max, struct buf *out)
{
	size_t head = max / 3, tail = max - head;

	if (len <= max) {
		buf_add(out, text ? text : "", len);
		return;
	}
	buf_add(out, text, head);
	buf_addf(out, TOOL_GAP, len - max);
	buf_add(out, text + len - tail, tail);
}
