/*
 * foreign-acp: agents that speak the Agent Client Protocol, version 1:
 * JSON-RPC 2.0, one object a line, both sides ask.
 *
 * What it tells is translated by acp.jq; here is only what has to be
 * answered.  It is offered neither files nor terminals of ours: it is in the
 * sandbox with the workspace, and uses its own.
 */
#include "config.h"

#include "foreign-impl.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "alloc.h"
#include "fd.h"

enum {
	PIPE_BYTES = 1 << 20,
	CANCEL_SECONDS = 2	/* to end in order, before it is told to go */
};

/* Our questions, by their ids. */
enum { ASK_INITIALIZE, ASK_SESSION, ASK_PROMPT };

/*
 * Never waits: what does not fit was not read for long, because one that
 * works reads what it is told.
 */
static int
send_line(struct foreign_run *f, jv message, struct err *e)
{
	AUTO_JV jv own = message;
	AUTO_BUF struct buf text = BUF_INIT;
	int unread = 0;

	json_set_str(&own, "jsonrpc", "2.0");
	json_write(&own, &text);
	buf_addc(&text, '\n');
	(void)fcntl(f->child.in, F_SETPIPE_SZ, PIPE_BYTES);
	if (ioctl(f->child.in, FIONREAD, &unread) < 0 ||
	    (size_t)unread + text.len > (size_t)fcntl(f->child.in,
	    F_GETPIPE_SZ) / 2)
		return err_set(e, ST_PROTOCOL, "acp: it does not read what "
		    "it is told");
	return fd_write(f->child.in, text.data, text.len, e);
}

static int
ask(struct foreign_run *f, int id, const char *method, jv params,
    struct err *e)
{
	jv m = json_object();

	json_set_int(&m, "id", id);
	json_set_str(&m, "method", method);
	json_set(&m, "params", params);
	return send_line(f, m, e);
}

static int
answer(struct foreign_run *f, const jv *question, const char *member,
    jv value, struct err *e)
{
	jv m = json_object();

	json_set(&m, "id", json_get(question, "id"));
	json_set(&m, member, value);
	return send_line(f, m, e);
}

int
foreign_acp_begin(struct foreign_run *f, struct err *e)
{
	jv params = json_object(), can = json_object(), fs = json_object();
	jv info = json_object();

	json_set_bool(&fs, "readTextFile", false);
	json_set_bool(&fs, "writeTextFile", false);
	json_set(&can, "fs", fs);
	json_set_bool(&can, "terminal", false);
	json_set_str(&info, "name", "agentutils");
	json_set_str(&info, "version", PACKAGE_VERSION);
	json_set_int(&params, "protocolVersion", 1);
	json_set(&params, "clientCapabilities", can);
	json_set(&params, "clientInfo", info);
	return ask(f, ASK_INITIALIZE, "initialize", params, e);
}

/* [{"name","value"}], as it wants an environment; nothing is on disk. */
static void
add_variables(jv *list, const jv *env)
{
	JSON_EACH(env, i) {
		jv one = json_object();

		json_set_str(&one, "name", json_iter_key(env, i));
		json_set(&one, "value", json_iter_value(env, i));
		json_append(list, one);
	}
}

static jv
servers(const struct foreign_run *f)
{
	jv all = json_array();

	JSON_EACH(&f->servers, i) {
		AUTO_JV jv server = json_iter_value(&f->servers, i);
		AUTO_JV jv env = json_get(&server, "env");
		AUTO_JV jv secret = json_get(&server, "secret");
		jv one = json_object(), variables = json_array();

		add_variables(&variables, &env);
		add_variables(&variables, &secret);
		json_set_str(&one, "name", json_iter_key(&f->servers, i));
		json_set(&one, "command", json_get(&server, "command"));
		json_set(&one, "args", json_get(&server, "args"));
		json_set(&one, "env", variables);
		json_append(&all, one);
	}
	return all;
}

/* A new session, or the one that there was. */
static int
ask_session(struct foreign_run *f, const jv *result, struct err *e)
{
	const char *known = json_str(&f->state, "id");
	AUTO_JV jv load = json_path(result, "agentCapabilities.loadSession");
	int64_t version = 0;
	jv params;

	if (!json_int(result, "protocolVersion", &version) || version != 1)
		return err_set(e, ST_PROTOCOL, "acp: it speaks version %lld "
		    "of the protocol, not 1", (long long)version);
	if (known && !json_is_true(&load))
		return err_set(e, ST_CONFIG, "acp: it cannot go on with a "
		    "session");
	params = json_object();
	json_set_str(&params, "cwd", f->run.task->place.workspace);
	json_set(&params, "mcpServers", servers(f));
	if (known)
		json_set_str(&params, "sessionId", known);
	return ask(f, ASK_SESSION, known ? "session/load" : "session/new",
	    params, e);
}

/* Says as its own translation would. */
static int
say_event(struct foreign_run *f, const char *type, jv data, struct err *e)
{
	AUTO_JV jv event = json_object();

	json_set_str(&event, "type", type);
	json_set(&event, "data", data);
	return foreign_event(f, &event, e);
}

static int
ask_prompt(struct foreign_run *f, const jv *result, struct err *e)
{
	const char *id = json_str(result, "sessionId");
	jv params, block, blocks;

	if (id) {
		jv data = json_object();
		json_set_str(&data, "id", id);
		if (say_event(f, "session", data, e) < 0)
			return -1;
	}
	if (!json_has(&f->state, "id"))
		return err_set(e, ST_PROTOCOL, "acp: it began no session");
	block = json_object();
	json_set_str(&block, "type", "text");
	json_set_str(&block, "text", f->prompt);
	blocks = json_array();
	json_append(&blocks, block);
	params = json_object();
	json_set(&params, "sessionId", json_get(&f->state, "id"));
	json_set(&params, "prompt", blocks);
	f->prompted = true;
	return ask(f, ASK_PROMPT, "session/prompt", params, e);
}

static int
take_stop(struct foreign_run *f, const jv *result, struct err *e)
{
	const char *why = json_str(result, "stopReason");
	bool ok = why && strcmp(why, "end_turn") == 0;
	jv end;

	if (!ok) {
		jv data = json_object();
		AUTO_FREE char *text = xasprintf("it stopped: %s",
		    why ? why : "no reason");
		json_set_str(&data, "message", text);
		if (why && strncmp(why, "max_", 4) == 0)
			json_set_str(&data, "limit", strcmp(why,
			    "max_tokens") == 0 ? "length" : "turns");
		else if (why && strcmp(why, "refusal") == 0)
			json_set_int(&data, "status", ST_REFUSED);
		if (say_event(f, RECORD_ERROR, data, e) < 0)
			return -1;
	}
	end = json_object();
	json_set_bool(&end, "ok", ok);
	if (say_event(f, "end", end, e) < 0)
		return -1;
	close(f->child.in);	/* so that it goes */
	f->child.in = -1;
	return 0;
}

static int
take_answer(struct foreign_run *f, const jv *m, struct err *e)
{
	AUTO_JV jv result = json_get(m, "result");
	AUTO_JV jv error = json_get(m, "error");
	const char *message = json_str(&error, "message");
	int64_t id = -1, code = 0;

	(void)json_int(m, "id", &id);
	(void)json_int(&error, "code", &code);
	if (json_is(&error, JSON_OBJECT))
		return err_set(e, code == -32000 ? ST_DENIED : ST_NO,
		    "acp: %s", message ? message : "it failed");
	if (id == ASK_INITIALIZE)
		return ask_session(f, &result, e);
	if (id == ASK_SESSION)
		return ask_prompt(f, &result, e);
	return id == ASK_PROMPT ? take_stop(f, &result, e) : 0;
}

/* The tool of ours that its kind of call is like, for the rules. */
static const char *
tool_name(const char *kind)
{
	static const char *const like[][2] = {
		{ "read", "read_file" }, { "search", "search_files" },
		{ "edit", "edit_file" }, { "delete", "edit_file" },
		{ "move", "edit_file" }, { "execute", "shell" },
	};

	for (size_t i = 0; kind && i < sizeof(like) / sizeof(like[0]); i++)
		if (strcmp(kind, like[i][0]) == 0)
			return like[i][1];
	return kind ? kind : "other";
}

/* The id of the option of that kind; JSON_NONE without one. */
static jv
option_of(const jv *options, const char *kind)
{
	for (size_t i = 0; i < json_count(options); i++) {
		AUTO_JV jv o = json_at(options, i);
		const char *k = json_str(&o, "kind");
		if (k && strcmp(k, kind) == 0)
			return json_get(&o, "optionId");
	}
	return JSON_NONE;
}

/* What it wants to do, as a call of ours. */
static void
read_call(const struct foreign_run *f, const jv *wanted, struct call *c)
{
	const char *id = json_str(wanted, "toolCallId");

	*c = (struct call)CALL_INIT;
	c->id = xstrdup(id ? id : "");
	c->number = f->files + 1;
	c->name = xstrdup(tool_name(json_str(wanted, "kind")));
	c->arguments = json_get(wanted, "rawInput");
	if (!json_is(&c->arguments, JSON_OBJECT)) {
		jv_free(c->arguments);
		c->arguments = json_object();
		json_set(&c->arguments, "title", json_get(wanted, "title"));
	}
}

/* Asked once, allowed once: by the rules or, through a gate, by a person. */
static int
take_permission(struct foreign_run *f, const jv *m, struct err *e)
{
	AUTO_JV jv wanted = json_path(m, "params.toolCall");
	AUTO_JV jv options = json_path(m, "params.options");
	AUTO_BUF struct buf words = BUF_INIT;
	struct call c;
	jv outcome, result, option;
	int verdict;

	read_call(f, &wanted, &c);
	verdict = agent_permit(&f->run, &c, &words, e);
	call_release(&c);
	if (verdict < 0)
		return -1;
	/* a person may have taken longer than the agent may be silent */
	f->heard = clock_mono();
	option = option_of(&options, verdict == PERMIT_YES ? "allow_once" :
	    "reject_once");
	outcome = json_object();
	json_set_str(&outcome, "outcome", json_is(&option, JSON_STRING) ?
	    "selected" : "cancelled");
	json_set(&outcome, "optionId", option);
	result = json_object();
	json_set(&result, "outcome", outcome);
	return answer(f, m, "result", result, e);
}

static int
refuse(struct foreign_run *f, const jv *m, struct err *e)
{
	jv error = json_object();

	json_set_int(&error, "code", -32601);
	json_set_str(&error, "message", "not offered");
	return answer(f, m, "error", error, e);
}

int
foreign_acp_take(struct foreign_run *f, const jv *m, struct err *e)
{
	const char *method = json_str(m, "method");

	if (!method)
		return take_answer(f, m, e) < 0 ? -1 : 1;
	/* a session that is loaded tells again what it has told */
	if (!json_has(m, "id"))
		return f->prompted ? 0 : 1;
	if (strcmp(method, "session/request_permission") == 0)
		return take_permission(f, m, e) < 0 ? -1 : 1;
	return refuse(f, m, e) < 0 ? -1 : 1;
}

void
foreign_acp_cancel(struct foreign_run *f)
{
	jv params, m;
	struct err ignored;
	int status;

	if (f->child.in < 0 || !json_has(&f->state, "id"))
		return;
	params = json_object();
	m = json_object();
	json_set(&params, "sessionId", json_get(&f->state, "id"));
	json_set_str(&m, "method", "session/cancel");
	json_set(&m, "params", params);
	(void)send_line(f, m, &ignored);
	close(f->child.in);
	f->child.in = -1;
	(void)child_wait(&f->child, deadline_in(CANCEL_SECONDS * CLOCK_SEC),
	    NULL, &status, &ignored);
}
