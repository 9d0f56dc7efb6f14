/* acp-words: our records in the words of the Agent Client Protocol. */
#include "config.h"

#include "acp-words.h"

#include "alloc.h"
#include "path.h"
#include "record.h"

/* What an editor shows a tool as. */
static const char *
kind_of(const char *tool)
{
	static const char *const kinds[][2] = {
		{ "read_file", "read" }, { "list_files", "search" },
		{ "search_files", "search" }, { "write_file", "edit" },
		{ "edit_file", "edit" }, { "shell", "execute" },
		{ "fetch", "fetch" }, { "memory", "think" },
	};

	for (size_t i = 0; tool && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(tool, kinds[i][0]) == 0)
			return kinds[i][1];
	return "other";
}

static jv
text_block(const char *text)
{
	jv block = json_object();

	json_set_str(&block, "type", "text");
	json_set_str(&block, "text", text);
	return block;
}

static void
add_chunk(jv *list, const char *kind, const char *text)
{
	jv update;

	if (!text || !*text)
		return;
	update = json_object();
	json_set_str(&update, "sessionUpdate", kind);
	json_set(&update, "content", text_block(text));
	json_append(list, update);
}

/* "shell: make test" */
static char *
title_of(const char *tool, const jv *arguments)
{
	const char *about = json_str(arguments, "command");

	if (!about)
		about = json_str(arguments, "path");
	return xasprintf("%s%s%.200s", tool, about ? ": " : "",
	    about ? about : "");
}

static void
add_call(jv *list, const jv *data, const char *dir)
{
	const char *tool = json_str(data, "name");
	AUTO_JV jv arguments = json_get(data, "arguments");
	AUTO_FREE char *title = title_of(tool ? tool : "tool", &arguments);
	const char *path = json_str(&arguments, "path");
	jv update = json_object();

	json_set_str(&update, "sessionUpdate", "tool_call");
	json_set_str(&update, "toolCallId", json_str(data, "id"));
	json_set_str(&update, "title", title);
	json_set_str(&update, "kind", kind_of(tool));
	json_set_str(&update, "status", "in_progress");
	json_set(&update, "rawInput", json_copy(&arguments));
	if (path) {
		jv where = json_object(), all = json_array();
		AUTO_FREE char *whole = path_join(dir, path);
		json_set_str(&where, "path", whole);
		json_append(&all, where);
		json_set(&update, "locations", all);
	}
	json_append(list, update);
}

static void
add_result(jv *list, const jv *data)
{
	const char *output = json_str(data, "output");
	jv update = json_object(), content, all = json_array();
	bool ok = false;

	(void)json_bool(data, "ok", &ok);
	if (output && *output) {
		content = json_object();
		json_set_str(&content, "type", "content");
		json_set(&content, "content", text_block(output));
		json_append(&all, content);
	}
	json_set_str(&update, "sessionUpdate", "tool_call_update");
	json_set_str(&update, "toolCallId", json_str(data, "id"));
	json_set_str(&update, "status", ok ? "completed" : "failed");
	json_set(&update, "content", all);
	json_append(list, update);
}

/* What went wrong, and the work went on. */
static bool
is_warning(const char *type, const jv *data)
{
	const char *level = json_str(data, "level");

	return strcmp(type, RECORD_LOG) == 0 && level &&
	    strcmp(level, "warning") == 0;
}

jv
acp_updates(const jv *record, const char *dir, bool streamed)
{
	const char *type = json_str(record, "type");
	AUTO_JV jv data = json_get(record, "data");
	jv list = json_array();

	if (!type)
		return list;
	if (strcmp(type, RECORD_MODEL_DELTA) == 0) {
		add_chunk(&list, "agent_message_chunk", json_str(&data,
		    "text"));
	} else if (strcmp(type, RECORD_MODEL_MESSAGE) == 0) {
		add_chunk(&list, "agent_thought_chunk", json_path_str(&data,
		    "message.reasoning"));
		add_chunk(&list, "agent_message_chunk", streamed ? NULL :
		    json_path_str(&data, "message.content"));
	} else if (strcmp(type, RECORD_PROGRESS) == 0 || is_warning(type,
	    &data)) {
		add_chunk(&list, "agent_thought_chunk", json_str(&data,
		    "text"));
	} else if (strcmp(type, RECORD_AGENT_START) == 0) {
		if (!json_has(&data, "resumed"))
			add_chunk(&list, "user_message_chunk",
			    json_str(&data, "task"));
	} else if (strcmp(type, RECORD_TASK) == 0) {
		add_chunk(&list, "user_message_chunk", json_str(&data,
		    "prompt"));
	} else if (json_str(&data, "id")) {
		if (strcmp(type, RECORD_TOOL_CALL) == 0)
			add_call(&list, &data, dir);
		else if (strcmp(type, RECORD_TOOL_RESULT) == 0)
			add_result(&list, &data);
	}
	return list;
}

static void
add_option(jv *list, const char *id, const char *name, const char *kind)
{
	jv option = json_object();

	json_set_str(&option, "optionId", id);
	json_set_str(&option, "name", name);
	json_set_str(&option, "kind", kind);
	json_append(list, option);
}

/* The words that an agent offers itself, or yes and no. */
static jv
options_of(const jv *data)
{
	AUTO_JV jv own = json_get(data, "options");
	jv list = json_array();

	for (size_t i = 0; i < json_count(&own); i++) {
		AUTO_JV jv word = json_at(&own, i);
		if (json_string(&word))
			add_option(&list, json_string(&word),
			    json_string(&word), "allow_once");
	}
	if (!json_has(data, "kind") && json_count(&list) == 0) {
		add_option(&list, "approve", "Allow", "allow_once");
		add_option(&list, "always", "Always allow", "allow_always");
	}
	if (json_count(&list) > 0)
		add_option(&list, "deny", "Reject", "reject_once");
	return list;
}

jv
acp_permission(const jv *record)
{
	AUTO_JV jv data = json_get(record, "data");
	const char *key = json_str(&data, "key");
	const char *id = key ? strrchr(key, '/') : NULL;
	const char *subject = json_str(&data, "subject");
	const char *question = json_str(&data, "question");
	AUTO_JV jv options = options_of(&data);
	AUTO_FREE char *tool = subject ? xstrndup(subject,
	    strcspn(subject, ":")) : NULL;
	AUTO_FREE char *title = NULL;
	jv call, params;

	if (!key || !question || json_count(&options) == 0)
		return JSON_NONE;
	title = xasprintf("%s%s%s", question, subject ? " " : "",
	    subject ? subject : "");
	call = json_object();
	json_set_str(&call, "toolCallId", id ? id + 1 : key);
	json_set_str(&call, "title", title);
	json_set_str(&call, "kind", kind_of(tool));
	json_set_str(&call, "status", "pending");
	params = json_object();
	json_set(&params, "toolCall", call);
	json_set(&params, "options", json_copy(&options));
	return params;
}

/* What was put into the prompt by the editor: a file, or a part of one. */
static int
add_resource(const jv *block, struct buf *out, struct err *e)
{
	const char *uri = json_path_str(block, "resource.uri");
	const char *text = json_path_str(block, "resource.text");

	if (!uri || !text)
		return err_set(e, ST_DATA, "a resource that is no text");
	buf_addf(out, "\n<context uri=\"%s\">\n%s\n</context>\n", uri, text);
	return 0;
}

int
acp_prompt(const jv *blocks, struct buf *out, struct err *e)
{
	buf_adds(out, "");
	for (size_t i = 0; i < json_count(blocks); i++) {
		AUTO_JV jv block = json_at(blocks, i);
		const char *type = json_str(&block, "type");
		const char *text = json_str(&block, "text");
		const char *uri = json_str(&block, "uri");

		if (type && strcmp(type, "text") == 0 && text)
			buf_adds(out, text);
		else if (type && strcmp(type, "resource_link") == 0 && uri)
			buf_addf(out, " %s ", uri);
		else if (!type || strcmp(type, "resource") != 0)
			return err_set(e, ST_DATA, "a block of type '%s'",
			    type ? type : "");
		else if (add_resource(&block, out, e) < 0)
			return -1;
	}
	return out->len > 0 ? 0 : err_set(e, ST_DATA, "an empty prompt");
}

const char *
acp_stop_reason(const jv *result)
{
	const char *reason = json_str(result, "reason");
	int64_t status = ST_BUG;

	(void)json_int(result, "status", &status);
	if (status == ST_OK)
		return "end_turn";
	if (status == ST_REFUSED)
		return "refusal";
	if (status != ST_LIMIT)
		return NULL;
	return reason && strcmp(reason, "turns") == 0 ? "max_turn_requests" :
	    "max_tokens";
}
