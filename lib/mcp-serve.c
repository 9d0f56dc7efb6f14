/* mcp-serve: tools for others, by the Model Context Protocol. */
#include "config.h"

#include "mcp-serve.h"

#include <fcntl.h>
#include <poll.h>

#include "alloc.h"
#include "child.h"
#include "clock.h"
#include "fd.h"
#include "mcp-impl.h"
#include "tool.h"

enum {
	CALLS_MAX = 16,			/* at once */
	OUTPUT_MAX = 8 << 20,		/* that is read of one */
	TIMEOUT_SECONDS = 600,
	GLANCE_MS = 500,	/* at the signal flag, in case poll missed it */
	NO_JSON = -32700, NO_REQUEST = -32600, NO_METHOD = -32601,
	BAD_PARAMS = -32602
};

/* A call under way. */
struct job {
	jv id;				/* of the request */
	struct child child;
	struct buf out;
	struct deadline until;
};

struct peer {
	const struct mcp_serve *serve;
	struct ndjson_reader in;
	struct job jobs[CALLS_MAX];
	size_t njobs;
	bool ended;
};

static int
say(const struct peer *p, const jv *id, const char *member, jv value,
    struct err *e)
{
	AUTO_JV jv message = json_object();

	json_set_str(&message, "jsonrpc", "2.0");
	json_set(&message, "id", json_is(id, JSON_NOTHING) ? json_null() :
	    json_copy(id));
	json_set(&message, member, value);
	return ndjson_write(p->serve->out, &message, e);
}

static int
refuse(const struct peer *p, const jv *id, int code, const char *why,
    struct err *e)
{
	jv error = json_object();

	json_set_int(&error, "code", code);
	json_set_str(&error, "message", why);
	return say(p, id, "error", error, e);
}

static int
give(const struct peer *p, const jv *id, const struct buf *text, bool ok,
    struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT;
	jv block = json_object(), content = json_array();
	jv result = json_object();

	tool_text(text->data, text->len, TOOL_TEXT_MAX, &words);
	json_set_str(&block, "type", "text");
	json_set(&block, "text", json_from_bytes(words.data, words.len));
	json_append(&content, block);
	json_set(&result, "content", content);
	json_set_bool(&result, "isError", !ok);
	return say(p, id, "result", result, e);
}

static int
greet(const struct peer *p, const jv *id, const jv *params, struct err *e)
{
	const char *version = json_str(params, "protocolVersion");
	jv result = json_object(), can = json_object();
	jv tools = json_object(), info = json_object();

	json_set(&can, "tools", tools);
	json_set_str(&info, "name", "agentutils");
	json_set_str(&info, "version", PACKAGE_VERSION);
	json_set_str(&result, "protocolVersion", version &&
	    mcp_knows(version) ? version : MCP_VERSION);
	json_set(&result, "capabilities", can);
	json_set(&result, "serverInfo", info);
	return say(p, id, "result", result, e);
}

static jv
declaration(const jv *tool)
{
	AUTO_JV jv schema = json_get(tool, "parameters");
	jv d = json_object(), hints = json_object();
	jv whole = json_is(&schema, JSON_OBJECT) ? json_copy(&schema) :
	    json_object();
	bool reads = false, again = false;

	(void)json_bool(tool, "read_only", &reads);
	(void)json_bool(tool, "idempotent", &again);
	json_set_bool(&hints, "readOnlyHint", reads);
	json_set_bool(&hints, "idempotentHint", reads || again);
	json_set(&d, "name", json_get(tool, "name"));
	json_set(&d, "description", json_get(tool, "description"));
	json_set_str(&whole, "type", "object");
	json_set(&d, "inputSchema", whole);
	json_set(&d, "annotations", hints);
	return d;
}

static int
list(const struct peer *p, const jv *id, struct err *e)
{
	jv all = json_array(), result = json_object();

	for (size_t i = 0; i < json_count(p->serve->tools); i++) {
		AUTO_JV jv tool = json_at(p->serve->tools, i);
		json_append(&all, declaration(&tool));
	}
	json_set(&result, "tools", all);
	return say(p, id, "result", result, e);
}

static jv
find(const struct peer *p, const char *name)
{
	for (size_t i = 0; name && i < json_count(p->serve->tools); i++) {
		AUTO_JV jv tool = json_at(p->serve->tools, i);

		if (strcmp(json_str(&tool, "name"), name) == 0)
			return json_copy(&tool);
	}
	return JSON_NONE;
}

static int
start(struct job *job, const jv *tool, const jv *arguments, struct err *e)
{
	AUTO_JV jv command = json_get(tool, "command");
	size_t n = json_count(&command);
	AUTO_FREE const char **argv = xcalloc(n + 1, sizeof(*argv));
	AUTO_FREE char *text = json_is(arguments, JSON_OBJECT) ?
	    json_text(arguments) : xstrdup("{}");
	AUTO_FD int in = fd_from_text(text, strlen(text), e);
	struct child_spec spec = CHILD_SPEC_INIT;
	int64_t seconds = TIMEOUT_SECONDS;
	int p[2];

	if (in < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv word = json_at(&command, i);
		argv[i] = json_string(&word);	/* the list has it */
	}
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a pipe");
	AUTO_FD int write_end = p[1];
	(void)json_int(tool, "timeout", &seconds);
	job->until = deadline_in(seconds * CLOCK_SEC);
	spec.argv = argv;
	spec.in = in;
	spec.out = spec.err = write_end;
	if (child_start(&spec, &job->child, e) < 0) {
		close(p[0]);
		return -1;
	}
	job->child.out = p[0];
	return fd_set_nonblock(p[0], true, e);
}

static void
forget(struct peer *p, struct job *job)
{
	child_stop(&job->child, 0);
	json_release(&job->id);
	buf_release(&job->out);
	*job = p->jobs[--p->njobs];
}

static int
call(struct peer *p, const jv *id, const jv *params, struct err *e)
{
	AUTO_JV jv tool = find(p, json_str(params, "name"));
	AUTO_JV jv arguments = json_get(params, "arguments");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	struct job *job;

	if (!json_is(&tool, JSON_OBJECT))
		return refuse(p, id, BAD_PARAMS, "there is no such tool", e);
	if (p->njobs == CALLS_MAX) {
		buf_adds(&text, "error: too many calls at once");
		return give(p, id, &text, false, e);
	}
	job = &p->jobs[p->njobs++];
	*job = (struct job){ .id = json_copy(id), .child = CHILD_INIT };
	if (start(job, &tool, &arguments, &why) == 0)
		return 0;
	forget(p, job);
	buf_addf(&text, "error: %s", why.text);
	return give(p, id, &text, false, e);
}

static void
cancel(struct peer *p, const jv *params)
{
	AUTO_JV jv id = json_get(params, "requestId");

	for (size_t i = p->njobs; i-- > 0; )
		if (json_equal(&p->jobs[i].id, &id))
			forget(p, &p->jobs[i]);
}

static int
take_message(struct peer *p, const jv *m, struct err *e)
{
	const char *method = json_str(m, "method");
	AUTO_JV jv id = json_get(m, "id");
	AUTO_JV jv params = json_get(m, "params");

	if (!method)
		return json_has(m, "result") || json_has(m, "error") ? 0 :
		    refuse(p, &id, NO_REQUEST, "this is no request", e);
	if (strcmp(method, "notifications/cancelled") == 0)
		cancel(p, &params);
	if (!json_has(m, "id"))
		return 0;
	if (strcmp(method, "initialize") == 0)
		return greet(p, &id, &params, e);
	if (strcmp(method, "ping") == 0)
		return say(p, &id, "result", json_object(), e);
	if (strcmp(method, "tools/list") == 0)
		return list(p, &id, e);
	if (strcmp(method, "tools/call") == 0)
		return call(p, &id, &params, e);
	return refuse(p, &id, NO_METHOD, "there is no such method", e);
}

static int
take_line(void *context, const jv *message, const struct err *bad,
    struct err *e)
{
	struct peer *p = context;
	jv none = JSON_NONE;

	return message ? take_message(p, message, e) :
	    refuse(p, &none, NO_JSON, bad->text, e);
}

/* All lines that are there. */
static int
take_lines(struct peer *p, struct err *e)
{
	int more = ndjson_each(&p->in, p->serve->stop, take_line, p, e);

	p->ended = more == 0;
	return more < 0 ? -1 : 0;
}

/* Takes what it printed: false at the end. */
static bool
drain(struct job *job)
{
	char chunk[65536];
	struct err ignored;
	ssize_t n;

	while ((n = fd_read(job->child.out, chunk, sizeof(chunk),
	    &ignored)) > 0)
		if (job->out.len < OUTPUT_MAX)
			buf_add(&job->out, chunk, (size_t)n);
		else if (deadline_passed(job->until))
			return true;	/* there may be no end to it */
	return n == FD_AGAIN;
}

/* Answers when it has ended or is out of time: 1, 0 not yet, -1. */
static int
step_job(struct peer *p, struct job *job, struct err *e)
{
	bool more = drain(job), late = deadline_passed(job->until);
	struct err ignored;
	int status = ST_TIMEOUT, r;

	if (!late && child_wait(&job->child, deadline_in(more ? 0 :
	    GLANCE_MS * CLOCK_MS), NULL, &status, &ignored) != 1) {
		if (more)
			return 0;
		status = child_stop(&job->child, GLANCE_MS * CLOCK_MS);
	}
	(void)drain(job);
	if (late)
		buf_adds(&job->out, "\n[killed: out of time]");
	else if (status != 0)
		buf_addf(&job->out, "%s[exit status %d]", job->out.len > 0 ?
		    "\n" : "", status);
	r = give(p, &job->id, &job->out, status == 0, e);
	forget(p, job);
	return r < 0 ? -1 : 1;
}

static int
step_jobs(struct peer *p, struct err *e)
{
	for (size_t i = p->njobs; i-- > 0; )
		if (step_job(p, &p->jobs[i], e) < 0)
			return -1;
	return 0;
}

static int
wait_for_any(const struct peer *p, struct err *e)
{
	struct pollfd fds[2 * CALLS_MAX + 1] = {
		{ .fd = p->ended ? -1 : p->serve->in, .events = POLLIN }
	};
	struct deadline until = deadline_in(GLANCE_MS * CLOCK_MS);
	size_t n = 1;

	for (size_t i = 0; i < p->njobs; i++) {
		const struct job *job = &p->jobs[i];

		fds[n++] = (struct pollfd){ .fd = job->child.out,
		    .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = job->child.pidfd,
		    .events = POLLIN };
		until = deadline_min(until, job->until);
	}
	return fd_poll(fds, n, until, p->serve->stop, e) < 0 ? -1 : 0;
}

int
mcp_serve_check(const jv *tools, struct err *e)
{
	if (!json_is(tools, JSON_ARRAY))
		return err_set(e, ST_DATA, "the tools are not a list");
	for (size_t i = 0; i < json_count(tools); i++) {
		AUTO_JV jv tool = json_at(tools, i);
		AUTO_JV jv command = json_get(&tool, "command");
		size_t n = json_count(&command);

		if (!json_str(&tool, "name"))
			return err_set(e, ST_DATA, "tool %zu has no 'name'",
			    i + 1);
		for (size_t k = 0; k < n; k++) {
			AUTO_JV jv word = json_at(&command, k);
			n = json_string(&word) ? n : 0;
		}
		if (n == 0)
			return err_set(e, ST_DATA, "tool '%.60s' has no "
			    "'command' that is a list of strings",
			    json_str(&tool, "name"));
	}
	return 0;
}

int
mcp_serve(const struct mcp_serve *serve, struct err *e)
{
	struct peer p = { .serve = serve };
	int r = 0;

	ndjson_init(&p.in, serve->in, NDJSON_LINE_MAX);
	while (r == 0 && (!p.ended || p.njobs > 0)) {
		if (!p.ended)
			r = take_lines(&p, e);
		if (r == 0)
			r = step_jobs(&p, e);
		if (r == 0 && (!p.ended || p.njobs > 0))
			r = wait_for_any(&p, e);
	}
	while (p.njobs > 0)
		forget(&p, &p.jobs[0]);
	ndjson_release(&p.in);
	return r;
}
