/* acp-serve: our agent for editors that speak the Agent Client Protocol. */
#include "config.h"

#include "acp-impl.h"

#include <errno.h>
#include <poll.h>

#include "acp-words.h"
#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "permit.h"

enum {
	SESSIONS_MAX = 64,
	GATE_MS = 50,		/* for a gate to be there */
	GLANCE_MS = 500		/* at the signal flag, in case poll missed it */
};

struct editor {
	const struct acp_serve *serve;
	struct ndjson_reader in;
	struct acp_session *sessions;
	size_t count;
	bool ended;
};

static const struct {
	const char *id, *name;
} modes[] = {
	{ "default", "Default" }, { "acceptEdits", "Accept edits" },
	{ "plan", "Plan" }, { "bypassPermissions", "Never ask" }
};

struct method {
	const char *name;
	int (*call)(struct editor *ed, const jv *id, const jv *params,
	    struct err *e);
};

static int
say(const struct acp_serve *s, jv message, struct err *e)
{
	AUTO_JV jv own = message;

	json_set_str(&own, "jsonrpc", "2.0");
	return ndjson_write(s->out, &own, e);
}

int
acp_notify(const struct acp_serve *s, const char *method, jv params,
    struct err *e)
{
	jv m = json_object();

	json_set_str(&m, "method", method);
	json_set(&m, "params", params);
	return say(s, m, e);
}

int
acp_request(const struct acp_serve *s, const char *id, const char *method,
    jv params, struct err *e)
{
	jv m = json_object();

	json_set_str(&m, "id", id);
	json_set_str(&m, "method", method);
	json_set(&m, "params", params);
	return say(s, m, e);
}

int
acp_result(const struct acp_serve *s, const jv *id, jv result, struct err *e)
{
	jv m = json_object();

	json_set(&m, "id", json_copy(id));
	json_set(&m, "result", result);
	return say(s, m, e);
}

int
acp_error(const struct acp_serve *s, const jv *id, int code,
    const char *message, struct err *e)
{
	jv m = json_object(), error = json_object();

	json_set_int(&error, "code", code);
	json_set_str(&error, "message", message);
	json_set(&m, "id", json_is(id, JSON_NOTHING) ? json_null() :
	    json_copy(id));
	json_set(&m, "error", error);
	return say(s, m, e);
}

static struct acp_session *
find(const struct editor *ed, const jv *params)
{
	const char *id = json_str(params, "sessionId");
	struct acp_session *s = ed->sessions;

	while (s && (!id || strcmp(s->id, id) != 0))
		s = s->next;
	return s;
}

/* Version 1 whatever was asked for: the editor decides whether that will
 * do. */
static int
initialize(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	jv result = json_object(), can = json_object();
	jv prompt = json_object(), info = json_object();

	(void)params;
	json_set_bool(&prompt, "embeddedContext", true);
	json_set_bool(&can, "loadSession", true);
	json_set(&can, "promptCapabilities", prompt);
	json_set_str(&info, "name", "agentutils");
	json_set_str(&info, "version", PACKAGE_VERSION);
	json_set_int(&result, "protocolVersion", 1);
	json_set(&result, "agentCapabilities", can);
	json_set(&result, "agentInfo", info);
	json_set(&result, "authMethods", json_array());
	return acp_result(ed->serve, id, result, e);
}

static jv
modes_of(const struct acp_session *s)
{
	jv state = json_object(), all = json_array();

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		jv mode = json_object();
		json_set_str(&mode, "id", modes[i].id);
		json_set_str(&mode, "name", modes[i].name);
		json_append(&all, mode);
	}
	json_set_str(&state, "currentModeId", s->mode);
	json_set(&state, "availableModes", all);
	return state;
}

/* A session in `cwd`; NULL when the editor was told why not. */
static struct acp_session *
open_session(struct editor *ed, const jv *id, const jv *params, int *ret,
    struct err *e)
{
	const char *cwd = json_str(params, "cwd");

	*ret = 0;
	if (!cwd || *cwd != '/' || !path_is_dir(cwd))
		*ret = acp_error(ed->serve, id, ACP_PARAMS,
		    "cwd is no absolute path of a directory", e);
	else if (ed->count == SESSIONS_MAX)
		*ret = acp_error(ed->serve, id, ACP_INTERNAL,
		    "too many sessions", e);
	else
		return acp_session_new(ed->serve, cwd);
	return NULL;
}

static void
keep(struct editor *ed, struct acp_session *s)
{
	s->next = ed->sessions;
	ed->sessions = s;
	ed->count++;
}

/*
 * Takes the servers that it shall have from now on.  An editor passes on what
 * its user has configured, so one that cannot be reached is no error; but the
 * user is told.
 */
static int
take_servers(const struct editor *ed, struct acp_session *s,
    const jv *params, struct err *e)
{
	AUTO_JV jv servers = json_get(params, "mcpServers");
	AUTO_BUF struct buf names = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	jv content, update, note;

	free(s->servers);
	s->servers = acp_servers(&servers, &names);
	if (names.len == 0)
		return 0;
	buf_addf(&text, "This agent starts MCP servers, and cannot reach "
	    "others by a URL:%s.\n\n", names.data);
	content = json_object();
	json_set_str(&content, "type", "text");
	json_set(&content, "text", json_from_bytes(text.data, text.len));
	update = json_object();
	json_set_str(&update, "sessionUpdate", "agent_message_chunk");
	json_set(&update, "content", content);
	note = json_object();
	json_set_str(&note, "sessionId", s->id);
	json_set(&note, "update", update);
	return acp_notify(ed->serve, "session/update", note, e);
}

static int
new_session(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	int r;
	struct acp_session *s = open_session(ed, id, params, &r, e);
	jv result;

	if (!s)
		return r;
	keep(ed, s);
	result = json_object();
	json_set_str(&result, "sessionId", s->id);
	json_set(&result, "modes", modes_of(s));
	return acp_result(ed->serve, id, result, e) < 0 ? -1 :
	    take_servers(ed, s, params, e);
}

static int
load_session(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	struct acp_session *s = find(ed, params);
	const char *name = json_str(params, "sessionId");
	struct err why = ERR_INIT;
	jv result;
	int r = 0;

	if (!s) {
		s = open_session(ed, id, params, &r, e);
		if (!s)
			return r;
		if (acp_session_load(s, name ? name : "", &why) < 0) {
			acp_session_free(s);
			return acp_error(ed->serve, id, ACP_NOT_FOUND,
			    why.text, e);
		}
		keep(ed, s);
	}
	if (s->run && acp_session_replay(s, e) < 0)
		return -1;
	result = json_object();
	json_set(&result, "modes", modes_of(s));
	return acp_result(ed->serve, id, result, e) < 0 ? -1 :
	    take_servers(ed, s, params, e);
}

static int
prompt(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	struct acp_session *s = find(ed, params);
	AUTO_JV jv blocks = json_get(params, "prompt");
	AUTO_BUF struct buf words = BUF_INIT;
	struct err why = ERR_INIT;

	if (!s)
		return acp_error(ed->serve, id, ACP_NOT_FOUND,
		    "there is no such session", e);
	if (acp_session_busy(s))
		return acp_error(ed->serve, id, ACP_INVALID,
		    "the session is at another prompt", e);
	if (acp_prompt(&blocks, &words, &why) < 0)
		return acp_error(ed->serve, id, ACP_PARAMS, why.text, e);
	if (acp_session_prompt(s, id, words.data, &why) < 0)
		return acp_error(ed->serve, id, ACP_INTERNAL, why.text, e);
	return 0;
}

static int
cancel(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	struct acp_session *s = find(ed, params);

	(void)id;
	(void)e;
	if (s)
		acp_session_cancel(s);
	return 0;
}

static int
set_mode(struct editor *ed, const jv *id, const jv *params, struct err *e)
{
	struct acp_session *s = find(ed, params);
	const char *mode = json_str(params, "modeId");

	for (size_t i = 0; s && mode && i < sizeof(modes) / sizeof(*modes);
	    i++)
		if (strcmp(mode, modes[i].id) == 0) {
			s->mode = modes[i].id;
			return acp_result(ed->serve, id, json_object(), e);
		}
	return acp_error(ed->serve, id, s ? ACP_PARAMS : ACP_NOT_FOUND,
	    s ? "there is no such mode" : "there is no such session", e);
}

static const struct method methods[] = {
	{ "initialize", initialize },
	{ "session/cancel", cancel },
	{ "session/load", load_session },
	{ "session/new", new_session },
	{ "session/prompt", prompt },
	{ "session/set_mode", set_mode },
};

/* What the editor says to a question of ours. */
static void
take_response(struct editor *ed, const jv *m)
{
	AUTO_JV jv result = json_get(m, "result");
	const char *id = json_str(m, "id");

	for (struct acp_session *s = ed->sessions; s && id; s = s->next)
		if (s->question && strcmp(s->question, id) == 0)
			acp_session_answer(s, &result);
}

static int
take_message(struct editor *ed, const jv *m, struct err *e)
{
	const char *name = json_str(m, "method");
	AUTO_JV jv id = json_get(m, "id");
	AUTO_JV jv params = json_get(m, "params");

	if (!name && (json_has(m, "result") || json_has(m, "error"))) {
		take_response(ed, m);
		return 0;
	}
	if (!name)
		return acp_error(ed->serve, &id, ACP_INVALID,
		    "this is no request", e);
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, name) == 0 &&
		    (json_has(m, "id") || methods[i].call == cancel))
			return methods[i].call(ed, &id, &params, e);
	/* a notification that is not known is nobody's business */
	return json_has(m, "id") ? acp_error(ed->serve, &id, ACP_NO_METHOD,
	    "there is no such method", e) : 0;
}

static int
take_line(void *context, const jv *message, const struct err *bad,
    struct err *e)
{
	struct editor *ed = context;
	jv none = JSON_NONE;

	return message ? take_message(ed, message, e) :
	    acp_error(ed->serve, &none, ACP_PARSE, bad->text, e);
}

/* All lines that are there. */
static int
take_lines(struct editor *ed, struct err *e)
{
	int more = ndjson_each(&ed->in, ed->serve->stop, take_line, ed, e);

	ed->ended = more == 0;
	return more < 0 ? -1 : 0;
}

/*
 * When no more can be asked, what is under way is brought to its end; but not
 * what waits for an answer that cannot come, or what nobody reads.
 */
static bool
is_busy(const struct editor *ed)
{
	bool gone = fd_reader_left(ed->serve->out), busy = false;

	for (struct acp_session *s = ed->sessions; s; s = s->next) {
		if ((s->question || gone) && !s->cancelled)
			acp_session_cancel(s);
		busy |= acp_session_busy(s);
	}
	return busy;
}

static int
wait_for_any(const struct editor *ed, struct err *e)
{
	struct pollfd p[SESSIONS_MAX + 1] = {
		{ .fd = ed->ended ? -1 : ed->serve->in, .events = POLLIN }
	};
	int64_t ms = GLANCE_MS;
	size_t n = 1;

	for (const struct acp_session *s = ed->sessions; s; s = s->next) {
		if (acp_session_busy(s))
			p[n++] = (struct pollfd){ .fd = s->child.out,
			    .events = POLLIN };
		if (json_is(&s->answer, JSON_STRING))
			ms = GATE_MS;
	}
	return fd_poll(p, n, deadline_in(ms * CLOCK_MS), ed->serve->stop,
	    e) < 0 ? -1 : 0;
}

int
acp_serve(const struct acp_serve *serve, struct err *e)
{
	struct editor ed = { .serve = serve };
	int r = 0;

	ndjson_init(&ed.in, serve->in, NDJSON_LINE_MAX);
	while (r == 0 && (!ed.ended || is_busy(&ed))) {
		if (!ed.ended)
			r = take_lines(&ed, e);
		for (struct acp_session *s = ed.sessions; s && r == 0;
		    s = s->next)
			r = acp_session_step(s, e);
		if (r == 0)
			r = wait_for_any(&ed, e);
	}
	for (struct acp_session *s = ed.sessions, *next; s; s = next) {
		next = s->next;
		acp_session_free(s);
	}
	ndjson_release(&ed.in);
	return r;
}
