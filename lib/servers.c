/* servers: the MCP servers of one agent, and the tools that they give. */
#include "config.h"

#include "servers.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>

#include "agents.h"
#include "alloc.h"
#include "calls-impl.h"
#include "env.h"
#include "fd.h"
#include "mcp.h"
#include "num.h"
#include "path.h"
#include "program.h"
#include "sha256.h"

enum {
	STARTUP_SECONDS = 30,
	GRACE_MS = 1500,		/* to end by itself */
	LIST_SECONDS = 10,		/* for tools that have changed */
	NAME_LEN = 64,			/* of a tool, for most models */
	DESCRIPTION_MAX = 8 << 10,
	SCHEMA_MAX = 128 << 10
};

struct server {
	char *name;
	bool required;
	bool told;			/* that it is gone */
	bool listed;			/* its tools, once already */
	int64_t timeout_ns;
	struct deadline ready;		/* until then it has to be */
	struct mcp *mcp;		/* NULL: not started, and why */
	struct err why;
};

static void
add_log(struct servers *s, const char *level, const char *text)
{
	jv log = json_object();

	json_set_str(&log, "level", level);
	json_set_str(&log, "text", text);
	json_append(&s->logs, log);
}

/* "90s" or a number of seconds; `otherwise` without it. */
static int64_t
duration(const jv *config, const char *member, int64_t otherwise)
{
	const char *text = json_str(config, member);
	int64_t n;

	if (text && num_parse_duration(text, &n) == 0)
		return n;
	return json_int(config, member, &n) && n > 0 ? n * CLOCK_SEC :
	    otherwise;
}

/* Its own environment: by name, the values beside. */
static int
env_words(const jv *config, struct strs *w, struct strs *env, struct err *e)
{
	AUTO_JV jv own = json_get(config, "env");
	const char *const *ours = env_all();

	for (size_t i = 0; ours[i]; i++) {
		AUTO_FREE char *name = xstrndup(ours[i],
		    strcspn(ours[i], "="));
		if (!json_has(&own, name) || servers_obeyed(name))
			strs_add(env, ours[i]);
	}
	JSON_EACH(&own, i) {
		AUTO_JV jv v = json_iter_value(&own, i);
		AUTO_FREE char *text = json_string(&v) ? xstrdup(
		    json_string(&v)) : json_text(&v);
		AUTO_BUF struct buf value = BUF_INIT;
		const char *name = json_iter_key(&own, i);

		if (servers_value(text, &value, e) < 0)
			return -1;
		strs_add(w, "--env");
		if (servers_obeyed(name)) {
			strs_addf(w, "%s=%s", name, value.data);
		} else {
			strs_add(w, name);
			strs_addf(env, "%s=%s", name, value.data);
		}
	}
	return 0;
}

/* The program and its arguments, and what it needs to be seen. */
static int
command_words(const jv *config, const char *dir, struct strs *w,
    struct err *e)
{
	AUTO_JV jv args = JSON_NONE;
	AUTO_FREE char *program = servers_words(config, dir, &args, e);

	if (!program)
		return -1;
	program_show(program, w);
	STRS_ADD(w, "--", program);
	for (size_t i = 0; i < json_count(&args); i++) {
		AUTO_JV jv word = json_at(&args, i);
		strs_add(w, json_string(&word));
	}
	return 0;
}

/* Where it complains: a file of the run, or in memory. */
static int
open_errors(const struct calls_place *place, const char *name, struct err *e)
{
	AUTO_FREE char *file = xasprintf("mcp-%s.stderr", name);
	AUTO_FREE char *path = NULL;
	int fd;

	if (!place->output_dir)
		return fd_from_text("", 0, e);
	path = path_join(place->output_dir, file);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
	    0600);
	return fd >= 0 ? fd : err_sys(e, ST_CANTCREATE, "cannot create '%s'",
	    path);
}

static struct mcp *
start(const struct server *one, const jv *config, const char *dir,
    const struct calls_place *place, bool read_only, struct err *e)
{
	AUTO_STRS struct strs w = STRS_INIT;
	AUTO_STRS struct strs env = STRS_INIT;
	int errors;

	if (calls_box(place, &w, e) < 0)
		return NULL;
	if (read_only)
		strs_add(&w, "--read-only");
	if (env_words(config, &w, &env, e) < 0 ||
	    command_words(config, dir, &w, e) < 0)
		return NULL;
	errors = open_errors(place, one->name, e);
	return errors < 0 ? NULL : mcp_start(one->name,
	    (const char *const *)w.v, (const char *const *)env.v, errors, e);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct server *)a)->name,
	    ((const struct server *)b)->name);
}

void
servers_start(const jv *config, const char *dir,
    const struct calls_place *place, bool read_only, struct servers *ret)
{
	struct servers s = { .logs = json_array() };

	s.v = xcalloc(json_count(config) + 1, sizeof(*s.v));
	JSON_EACH(config, i)
		s.v[s.n++].name = xstrdup(json_iter_key(config, i));
	qsort(s.v, s.n, sizeof(*s.v), by_name);
	for (size_t i = 0; i < s.n; i++) {
		struct server *one = &s.v[i];
		AUTO_JV jv own = json_get(config, one->name);

		(void)json_bool(&own, "required", &one->required);
		one->timeout_ns = duration(&own, "timeout", 0);
		one->ready = deadline_in(duration(&own, "startup_timeout",
		    STARTUP_SECONDS * CLOCK_SEC));
		one->mcp = start(one, &own, dir, place, read_only, &one->why);
		if (!one->mcp)
			err_prefix(&one->why, "MCP server '%s' cannot be "
			    "started", one->name);
	}
	*ret = s;
}

/*
 * Takes what one has said.  Whether there is more to wait for, and until when:
 * one that is not ready by then, or does not list its tools, has failed.
 */
static bool
step(struct server *one, struct deadline listed, struct deadline *next)
{
	enum mcp_state state;

	mcp_step(one->mcp);
	state = mcp_state(one->mcp);
	if (state == MCP_STARTING && deadline_passed(one->ready)) {
		mcp_drop_saying(one->mcp, ST_TIMEOUT,
		    "is not ready in time");
		return false;
	}
	if (mcp_listing(one->mcp) && deadline_passed(listed)) {
		mcp_drop(one->mcp, ST_TIMEOUT, "does not list its tools");
		return false;
	}
	if (state != MCP_STARTING && !mcp_listing(one->mcp))
		return false;
	*next = deadline_min(*next, state == MCP_STARTING ? one->ready :
	    listed);
	return true;
}

/* Until nothing is under way. */
static int
settle(struct servers *s, struct deadline until, const volatile int *stop,
    struct err *e)
{
	struct pollfd *p = xcalloc(2 * s->n, sizeof(*p));
	struct deadline listed = deadline_in(LIST_SECONDS * CLOCK_SEC);
	bool waiting = true;
	int r = 0;

	while (waiting && r >= 0) {
		struct deadline next = until;

		waiting = false;
		for (size_t i = 0; i < s->n; i++) {
			p[2 * i].fd = p[2 * i + 1].fd = -1;
			if (!s->v[i].mcp)
				continue;
			waiting |= step(&s->v[i], listed, &next);
			mcp_poll(s->v[i].mcp, &p[2 * i]);
		}
		if (waiting && deadline_passed(until))
			r = err_set(e, ST_TIMEOUT, "out of time");
		else if (waiting)
			r = fd_poll(p, 2 * s->n, next, stop, e);
	}
	free(p);
	return r < 0 ? -1 : 0;
}

static int
take_renewed(struct servers *s, struct server *one)
{
	AUTO_FREE char *text = xasprintf("MCP server '%s': its tools are "
	    "others now", one->name);

	if (!mcp_renewed(one->mcp))
		return 0;
	if (one->listed)
		add_log(s, "info", text);
	one->listed = true;
	return 1;
}

/* What has become of one: 1 its tools are others, 0, -1 it is missed. */
static int
look_at(struct servers *s, struct server *one, struct err *e)
{
	bool gone = !one->mcp || mcp_state(one->mcp) == MCP_GONE;
	AUTO_JV jv logs = one->mcp ? mcp_take_logs(one->mcp) : JSON_NONE;

	for (size_t i = 0; i < json_count(&logs); i++)
		json_append(&s->logs, json_at(&logs, i));
	if (!gone)
		return take_renewed(s, one);
	if (one->told)
		return 0;
	one->told = true;
	if (one->mcp)
		one->why = *mcp_failure(one->mcp);
	if (one->required) {
		*e = one->why;
		e->status = ST_UNAVAILABLE;
		return -1;
	}
	add_log(s, "warning", one->why.text);
	return 1;
}

int
servers_wait(struct servers *s, struct deadline until,
    const volatile int *stop, struct err *e)
{
	int changed = 0;

	if (settle(s, until, stop, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		int r = look_at(s, &s->v[i], e);

		if (r < 0)
			return -1;
		changed |= r;
	}
	return changed;
}

/* mcp__SERVER__TOOL, whatever the tool is called. */
static char *
name_of(const char *server, const char *tool)
{
	char *name = xasprintf("mcp__%s__%s", server, tool);
	char sum[SHA256_HEX_LEN + 1];

	for (char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= '0' && *c <= '9') || *c == '-'))
			*c = '_';
	if (strlen(name) > NAME_LEN) {
		sha256_hex(tool, strlen(tool), sum);
		snprintf(name + NAME_LEN - 9, 10, "_%.8s", sum);
	}
	return name;
}

/* Whether `tools` names it: its name, its server's, or a pattern. */
static bool
may_have(const jv *agent, const char *server, const char *name)
{
	AUTO_JV jv list = agents_strings(agent, "tools");

	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv item = json_at(&list, i);
		AUTO_FREE char *whole = servers_of_tool(json_string(&item));

		if (fnmatch(json_string(&item), name, 0) == 0 ||
		    (whole && strcmp(whole, server) == 0 &&
		    !strstr(json_string(&item) + strlen("mcp__"), "__")))
			return true;
	}
	return !json_has(agent, "tools");
}

static int
flags_of(const jv *tool)
{
	AUTO_JV jv hints = json_get(tool, "annotations");
	bool reads = false, again = false;

	(void)json_bool(&hints, "readOnlyHint", &reads);
	(void)json_bool(&hints, "idempotentHint", &again);
	return (reads ? 0 : TOOL_CHANGES) | (reads || again ? 0 : TOOL_ONCE);
}

/* The schema as text: an object, whatever the server says. */
static char *
schema_of(const jv *tool)
{
	AUTO_JV jv schema = json_get(tool, "inputSchema");

	if (!json_is(&schema, JSON_OBJECT))
		return xstrdup("{\"type\":\"object\"}");
	json_set_str(&schema, "type", "object");
	return json_text(&schema);
}

static char *
description_of(const jv *tool)
{
	const char *text = json_str(tool, "description");
	AUTO_BUF struct buf words = BUF_INIT;

	text = text && *text ? text : json_str(tool, "title");
	buf_adds(&words, text ? text : json_str(tool, "name"));
	buf_truncate(&words, DESCRIPTION_MAX);
	return buf_steal(&words);
}

static void
give(struct servers *s, const struct server *one, const jv *tool,
    const jv *agent, struct toolbox *box, jv *declarations)
{
	const char *remote = json_str(tool, "name");
	AUTO_FREE char *name = remote ? name_of(one->name, remote) : NULL;
	AUTO_FREE char *schema = schema_of(tool);
	struct tool t;

	if (!name || !may_have(agent, one->name, name))
		return;
	if (strlen(schema) > SCHEMA_MAX || toolbox_find(box, name)) {
		AUTO_FREE char *text = xasprintf("MCP server '%s': its tool "
		    "'%.60s' is left out: %s", one->name, remote,
		    strlen(schema) > SCHEMA_MAX ? "its schema is too long" :
		    "there is one of that name already");
		add_log(s, "warning", text);
		return;
	}
	t = (struct tool){ .name = STEAL(name), .parameters = STEAL(schema),
	    .description = description_of(tool), .server = one->mcp,
	    .remote = xstrdup(remote), .timeout_ns = one->timeout_ns,
	    .flags = flags_of(tool) };
	toolbox_add(box, &t);
	json_append(declarations, tool_declaration(&t));
}

/* Names of tools that its servers, which are there, do not have. */
static void
check_names(struct servers *s, const jv *agent, const struct toolbox *box)
{
	AUTO_JV jv words = agents_strings(agent, "tools");

	for (size_t i = 0; i < json_count(&words); i++) {
		AUTO_JV jv word = json_at(&words, i);
		const char *name = json_string(&word);
		AUTO_FREE char *server = servers_of_tool(name);
		AUTO_FREE char *text = xasprintf("there is no tool '%.80s'",
		    name);

		if (server && strlen(name) > strlen("mcp__") +
		    strlen(server) && !strpbrk(name, "*?[") &&
		    !toolbox_find(box, name))
			add_log(s, "warning", text);
	}
}

void
servers_give(struct servers *s, const jv *agent, struct toolbox *box,
    jv *declarations)
{
	toolbox_drop_served(box);
	for (size_t i = 0; i < s->n; i++) {
		const struct server *one = &s->v[i];
		const jv *tools = one->mcp && mcp_state(one->mcp) ==
		    MCP_READY ? mcp_tools(one->mcp) : NULL;

		for (size_t k = 0; tools && k < json_count(tools); k++) {
			AUTO_JV jv tool = json_at(tools, k);
			give(s, one, &tool, agent, box, declarations);
		}
	}
	check_names(s, agent, box);
}

jv
servers_take_logs(struct servers *s)
{
	jv all = s->logs;

	s->logs = json_array();
	return all;
}

void
servers_stop(struct servers *s)
{
	struct deadline until = deadline_in(GRACE_MS * CLOCK_MS);

	/* all are told first: they end at once, not one after the other */
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].mcp)
			mcp_hang_up(s->v[i].mcp);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].mcp)
			mcp_end(s->v[i].mcp, until);
	for (size_t i = 0; i < s->n; i++) {
		mcp_free(s->v[i].mcp);
		free(s->v[i].name);
	}
	free(s->v);
	jv_free(s->logs);
	*s = (struct servers)SERVERS_INIT;
}
