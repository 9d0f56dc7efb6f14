/* mcp: a client of one server of the Model Context Protocol. */
#include "config.h"

#include "mcp-impl.h"

#include "alloc.h"
#include "fd.h"

enum {
	BAD_LINES_MAX = 100,
	PAGES_MAX = 100,
	LINES_MAX = 1000,	/* of one step */
	LAST_WORDS_MS = 300	/* to end, after its output has */
};

static const char *const versions[] = {
	MCP_VERSION, "2025-11-25", "2025-03-26", "2024-11-05"
};

enum mcp_state
mcp_state(const struct mcp *m)
{
	return m->state;
}

const struct err *
mcp_failure(const struct mcp *m)
{
	return &m->why;
}

const jv *
mcp_tools(const struct mcp *m)
{
	return &m->tools;
}

bool
mcp_listing(const struct mcp *m)
{
	return m->state == MCP_READY && m->listing;
}

bool
mcp_renewed(struct mcp *m)
{
	bool was = m->renewed;

	m->renewed = false;
	return was;
}

static int64_t
ask(struct mcp *m, int what, const char *method, jv params)
{
	struct question *q;
	jv message = json_object();

	GROW(m->asked, m->nasked, m->casked);
	q = &m->asked[m->nasked++];
	*q = (struct question){ .id = ++m->last_id, .result = JSON_NONE };
	q->what = what;
	json_set_int(&message, "id", q->id);
	json_set_str(&message, "method", method);
	json_set(&message, "params", params);
	mcp_say(m, message);
	return m->last_id;
}

static struct question *
find(struct mcp *m, int64_t id)
{
	for (size_t i = 0; i < m->nasked; i++)
		if (m->asked[i].id == id)
			return &m->asked[i];
	return NULL;
}

static void
forget(struct mcp *m, struct question *q)
{
	json_release(&q->result);
	*q = m->asked[--m->nasked];
}

void
mcp_greet(struct mcp *m)
{
	jv params = json_object(), info = json_object();

	json_set_str(&info, "name", "agentutils");
	json_set_str(&info, "version", PACKAGE_VERSION);
	json_set_str(&params, "protocolVersion", versions[0]);
	json_set(&params, "capabilities", json_object());
	json_set(&params, "clientInfo", info);
	(void)ask(m, ASK_INITIALIZE, "initialize", params);
}

static void
ask_list(struct mcp *m, const char *cursor)
{
	jv params = json_object();

	m->listing = true;
	if (cursor)
		json_set_str(&params, "cursor", cursor);
	(void)ask(m, ASK_LIST, "tools/list", params);
}

static void
list_anew(struct mcp *m)
{
	json_release(&m->coming);
	m->coming = json_array();
	m->pages = 0;
	m->again = false;
	ask_list(m, NULL);
}

bool
mcp_knows(const char *version)
{
	for (size_t i = 0; i < sizeof(versions) /
	    sizeof(versions[0]); i++)
		if (strcmp(version, versions[i]) == 0)
			return true;
	return false;
}

static void
take_greeting(struct mcp *m, const jv *result)
{
	const char *version = json_str(result, "protocolVersion");
	AUTO_JV jv can = json_get(result, "capabilities");

	if (!version || !mcp_knows(version)) {
		AUTO_FREE char *why = xasprintf("speaks version '%.40s' of "
		    "the protocol, not " MCP_VERSION, version ?
		    version : "");
		mcp_drop(m, ST_PROTOCOL, why);
		return;
	}
	mcp_notify(m, "notifications/initialized", JSON_NONE);
	if (json_has(&can, "tools"))
		list_anew(m);
	else
		m->state = MCP_READY;
}

/* One page; the list counts when the last has come. */
static void
take_list(struct mcp *m, const jv *result)
{
	AUTO_JV jv page = json_get(result, "tools");
	const char *cursor = json_str(result, "nextCursor");

	for (size_t i = 0; i < json_count(&page) &&
	    json_count(&m->coming) < MCP_TOOLS_MAX; i++)
		json_append(&m->coming, json_at(&page, i));
	if (cursor && *cursor && ++m->pages < PAGES_MAX &&
	    json_count(&m->coming) < MCP_TOOLS_MAX) {
		ask_list(m, cursor);
		return;
	}
	if (cursor && *cursor)
		mcp_warn(m, "has more tools than are taken");
	json_release(&m->tools);
	m->tools = m->coming;
	m->coming = JSON_NONE;
	m->listing = false;
	m->renewed = true;
	m->state = MCP_READY;
	if (m->again)
		list_anew(m);
}

/* What it says instead of a result. */
static void
take_error(struct mcp *m, struct question *q, const jv *error)
{
	const char *message = json_str(error, "message");
	AUTO_FREE char *why = xasprintf("failed to %s: %.500s", q->what ==
	    ASK_INITIALIZE ? "begin" : "list its tools", message ? message :
	    "it does not say why");

	if (q->what == ASK_CALL) {
		q->answered = true;
		err_set(&q->e, ST_NO, "%s", message ? message :
		    "the server does not say why");
		return;
	}
	forget(m, q);
	m->listing = false;
	if (m->state == MCP_STARTING)
		mcp_drop(m, ST_PROTOCOL, why);
	else
		mcp_warn(m, why);
}

static void
take_answer(struct mcp *m, const jv *message)
{
	AUTO_JV jv error = json_get(message, "error");
	AUTO_JV jv result = json_get(message, "result");
	struct question *q;
	int64_t id = 0;
	int what;

	(void)json_int(message, "id", &id);
	q = find(m, id);
	if (!q || q->answered)
		return;		/* to a call that was given up */
	if (!json_is(&result, JSON_OBJECT)) {
		take_error(m, q, &error);
		return;
	}
	what = q->what;
	if (what == ASK_CALL) {
		q->answered = true;
		q->result = json_copy(&result);
		return;
	}
	forget(m, q);
	if (what == ASK_INITIALIZE)
		take_greeting(m, &result);
	else
		take_list(m, &result);
}

/* What it asks of us: whether we are there, and what we do not offer. */
static void
take_question(struct mcp *m, const jv *question, const char *method)
{
	jv message = json_object();

	json_set(&message, "id", json_get(question, "id"));
	if (strcmp(method, "ping") == 0) {
		json_set(&message, "result", json_object());
	} else {
		jv error = json_object();
		json_set_int(&error, "code", -32601);
		json_set_str(&error, "message", "not offered");
		json_set(&message, "error", error);
	}
	mcp_say(m, message);
}

static void
take_log(struct mcp *m, const jv *params)
{
	AUTO_JV jv data = json_get(params, "data");
	const char *level = json_str(params, "level");
	AUTO_FREE char *text = json_string(&data) ? xstrdup(
	    json_string(&data)) : json_text(&data);

	mcp_log(m, level ? level : "info", text, strlen(text));
}

static void
take_notice(struct mcp *m, const jv *message, const char *method)
{
	AUTO_JV jv params = json_get(message, "params");

	if (strcmp(method, "notifications/message") == 0)
		take_log(m, &params);
	else if (strcmp(method, "notifications/tools/list_changed") != 0)
		return;
	else if (m->listing)
		m->again = true;
	else if (m->state == MCP_READY)
		list_anew(m);
}

static void
take_line(struct mcp *m, const struct ndjson_line *line)
{
	AUTO_JV jv message = JSON_NONE;
	struct err ignored;
	const char *method;

	if (json_parse(line->text, line->len, &message, &ignored) < 0 ||
	    !json_is(&message, JSON_OBJECT)) {
		mcp_log(m, "warning", line->text, line->len);
		if (++m->bad_lines == BAD_LINES_MAX)
			mcp_drop(m, ST_PROTOCOL, "prints what is no message");
		return;
	}
	method = json_str(&message, "method");
	if (!method)
		take_answer(m, &message);
	else if (json_has(&message, "id"))
		take_question(m, &message, method);
	else
		take_notice(m, &message, method);
}

/* Whose answer it was, nobody can tell: all that are under way have none. */
static void
take_too_long(struct mcp *m)
{
	AUTO_FREE char *why = xasprintf("printed a line of more than %d bytes",
	    MCP_LINE_MAX);

	mcp_warn(m, why);
	if (m->state == MCP_STARTING)
		mcp_drop(m, ST_DATA, why);
	for (size_t i = m->nasked; i-- > 0; ) {
		struct question *q = &m->asked[i];

		if (q->what == ASK_CALL && !q->answered) {
			q->answered = true;
			err_set(&q->e, ST_DATA, "the server %s", why);
		} else if (q->what == ASK_LIST) {
			forget(m, q);
			m->listing = false;
		}
	}
}

/* Its output has ended, and so has it, or must. */
static void
take_end(struct mcp *m)
{
	AUTO_FREE char *why = NULL;
	struct err ignored;
	int status = 0;

	if (child_wait(&m->child, deadline_in(LAST_WORDS_MS * CLOCK_MS), NULL,
	    &status, &ignored) != 1) {
		mcp_drop(m, ST_UNAVAILABLE, "closed its output");
		return;
	}
	why = xasprintf("ended with status %d", status);
	mcp_drop_saying(m, ST_UNAVAILABLE, why);
}

/* One line, or why there is none: false when that is all for now. */
static bool
take_next(struct mcp *m, struct ndjson_line *line)
{
	struct err ignored;

	switch (ndjson_next_until(&m->reader, deadline_in(0), NULL, line,
	    &ignored)) {
	case NDJSON_LINE:
		take_line(m, line);
		return true;
	case NDJSON_BAD:
		if (!m->overlong)
			take_too_long(m);
		m->overlong = false;
		return true;
	case NDJSON_AGAIN:
		/* one without end is too long before it has ended */
		if (m->reader.skipping && !m->overlong) {
			m->overlong = true;
			take_too_long(m);
		}
		return false;
	case NDJSON_EOF:
	case NDJSON_FAIL:
		break;
	}
	take_end(m);
	return false;
}

void
mcp_step(struct mcp *m)
{
	struct ndjson_line line = NDJSON_LINE_INIT;

	if (m->state != MCP_GONE)
		mcp_flush(m);
	for (int n = 0; n < LINES_MAX && m->state != MCP_GONE; n++)
		if (!take_next(m, &line))
			break;
	ndjson_line_release(&line);
}

int64_t
mcp_call(struct mcp *m, const char *tool, const jv *arguments)
{
	jv params = json_object();

	json_set_str(&params, "name", tool);
	json_set(&params, "arguments", json_copy(arguments));
	return ask(m, ASK_CALL, "tools/call", params);
}

int
mcp_answer(struct mcp *m, int64_t call, jv *ret, struct err *e)
{
	struct question *q = find(m, call);
	int r = 0;

	if (q && q->answered && !json_is(&q->result, JSON_NOTHING)) {
		*ret = json_copy(&q->result);
		r = 1;
	} else if (q && q->answered) {
		*e = q->e;
		r = -1;
	} else if (!q || m->state == MCP_GONE) {
		*e = m->why;
		r = -1;
	}
	if (r != 0 && q)
		forget(m, q);
	return r;
}

void
mcp_cancel(struct mcp *m, int64_t call, const char *why)
{
	struct question *q = find(m, call);
	jv params;

	if (!q)
		return;
	forget(m, q);
	params = json_object();
	json_set_int(&params, "requestId", call);
	json_set_str(&params, "reason", why);
	mcp_notify(m, "notifications/cancelled", params);
}

struct mcp *
mcp_start(const char *name, const char *const *argv, const char *const *envp,
    int errors, struct err *e)
{
	struct mcp *m = mcp_open(name, argv, envp, errors, e);

	if (m)
		mcp_greet(m);
	return m;
}
