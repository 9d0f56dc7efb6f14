/*
 * acp-check SCHEMA <LINES: whether what an editor and an agent said to each
 * other is as the schema of the Agent Client Protocol (version 1) has it.
 *
 * A line is {"to":"agent"|"client","message":{...}}.  Each is held against the
 * part of the schema that its method, or that of the request which it
 * answers, is about; the whole schema lets nearly everything pass.  Prints
 * how many were checked.
 */
#include "config.h"

#include "alloc.h"
#include "buf.h"
#include "ndjson.h"
#include "path.h"
#include "schema.h"

enum { SCHEMA_MAX = 4 << 20 };

static const struct {
	const char *method, *params, *result;
} parts[] = {
	{ "initialize", "InitializeRequest", "InitializeResponse" },
	{ "session/cancel", "CancelNotification", NULL },
	{ "session/load", "LoadSessionRequest", "LoadSessionResponse" },
	{ "session/new", "NewSessionRequest", "NewSessionResponse" },
	{ "session/prompt", "PromptRequest", "PromptResponse" },
	{ "session/request_permission", "RequestPermissionRequest",
	    "RequestPermissionResponse" },
	{ "session/set_mode", "SetSessionModeRequest",
	    "SetSessionModeResponse" },
	{ "session/update", "SessionNotification", NULL },
};

struct check {
	jv schema;
	jv asked;		/* {"agent/1": method} */
	int checked, bad;
};

static void
check_part(struct check *c, const char *name, const jv *value)
{
	AUTO_JV jv part = json_object();
	AUTO_FREE char *ref = xasprintf("#/$defs/%s", name ? name : "Error");
	AUTO_BUF struct buf why = BUF_INIT;
	struct err e = ERR_INIT;

	json_set_str(&part, "$ref", ref);
	json_set(&part, "$defs", json_get(&c->schema, "$defs"));
	c->checked++;
	if (schema_check_once(&part, value, &why, &e) == 0)
		return;
	c->bad++;
	printf("%s: %s\n%s\n", name, e.text, why.data ? why.data : "");
}

static const char *
part_of(const char *method, bool result)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (method && strcmp(parts[i].method, method) == 0)
			return result ? parts[i].result : parts[i].params;
	return NULL;
}

static void
check_line(struct check *c, const jv *line)
{
	AUTO_JV jv m = json_get(line, "message");
	AUTO_JV jv id = json_get(&m, "id");
	AUTO_FREE char *number = json_text(&id);
	const char *method = json_str(&m, "method");
	const char *to = json_str(line, "to");
	const char *from = strcmp(to, "agent") == 0 ? "client" : "agent";
	AUTO_FREE char *key = xasprintf("%s/%s", method ? to : from, number);
	AUTO_JV jv value = json_get(&m, method ? "params" :
	    json_has(&m, "error") ? "error" : "result");

	if (method && json_has(&m, "id"))
		json_set_str(&c->asked, key, method);
	check_part(c, method ? part_of(method, false) :
	    json_has(&m, "error") ? "Error" :
	    part_of(json_str(&c->asked, key), true), &value);
}

int
main(int argc, char **argv)
{
	struct check c = { .schema = JSON_NONE, .asked = json_object() };
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	err_set_program("acp-check");
	if (argc != 2 || path_read(argv[1], SCHEMA_MAX, &text, &e) < 0 ||
	    json_parse(text.data, text.len, &c.schema, &e) < 0)
		return err_report(&e);
	ndjson_init(&in, 0, NDJSON_LINE_MAX);
	while (ndjson_next(&in, &line, &e) == NDJSON_LINE)
		check_line(&c, &line.value);
	printf("%d checked, %d bad\n", c.checked, c.bad);
	ndjson_line_release(&line);
	ndjson_release(&in);
	json_release(&c.schema);
	json_release(&c.asked);
	return c.bad > 0;
}
