/* calls-words: the command that makes a call. */
#include "config.h"

#include "calls-impl.h"

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "path.h"
#include "subagent.h"
#include "toolbox.h"

enum { SHELL_TIMEOUT_MAX = 24 * 3600 };

static bool
is_shell(const struct call *c)
{
	return strcmp(c->name, "shell") == 0;
}

int64_t
calls_timeout(const struct calls_place *place, const struct call *c)
{
	const struct tool *t = toolbox_find(place->tools, c->name);
	int64_t seconds;

	if (is_shell(c) && json_int(&c->arguments, "timeout", &seconds))
		return (seconds < SHELL_TIMEOUT_MAX ? seconds :
		    SHELL_TIMEOUT_MAX) * CLOCK_SEC;
	return t && t->timeout_ns > 0 ? t->timeout_ns : place->timeout_ns;
}

static int
text_fd(const char *text, struct err *e)
{
	return fd_from_text(text, strlen(text), e);
}

static int
arguments_fd(const struct call *c, struct err *e)
{
	AUTO_FREE char *text = json_text(&c->arguments);

	return text_fd(text, e);
}

int
calls_box(const struct calls_place *place, struct strs *w, struct err *e)
{
	char *self = path_program("agent-sandbox", e);

	if (!self)
		return -1;
	strs_take(w, self);
	STRS_ADD(w, "--workspace", place->workspace);
	if (place->profile)
		STRS_ADD(w, "--profile", place->profile);
	for (size_t i = 0; place->hide && place->hide[i]; i++)
		STRS_ADD(w, "--hide", place->hide[i]);
	for (size_t i = 0; place->read_only && place->read_only[i]; i++)
		STRS_ADD(w, "--ro", place->read_only[i]);
	JSON_EACH(place->env, i) {
		AUTO_JV jv v = json_iter_value(place->env, i);
		strs_add(w, "--env");
		strs_addf(w, "%s=%s", json_iter_key(place->env, i),
		    json_string(&v));
	}
	return 0;
}

/* The same for one call, and for how long it runs. */
static int
sandbox_words(const struct calls_place *place, const struct call *c,
    struct strs *w, struct err *e)
{
	if (calls_box(place, w, e) < 0)
		return -1;
	if (c->key) {
		strs_add(w, "--env");
		strs_addf(w, "AGENT_STEP_KEY=%s", c->key);
	}
	if (place->door && is_shell(c) &&
	    door_words(place->door->path, w, e) < 0)
		return -1;
	strs_add(w, "--timeout");
	strs_addf(w, "%lldms",
	    (long long)(calls_timeout(place, c) / CLOCK_MS));
	return 0;
}

/* A shell, an executable of the agent's own, or agent-tool. */
static int
sandboxed(const struct calls_place *place, const struct call *c,
    struct strs *w, int *ret_in, struct err *e)
{
	AUTO_FREE char *tool = path_program("agent-tool", e);
	const char *file = toolbox_find(place->tools, c->name)->file;

	if (!tool || sandbox_words(place, c, w, e) < 0)
		return -1;
	if (is_shell(c)) {
		strs_add(w, "--");
		STRS_ADD(w, "/bin/sh", "-c");
		strs_add(w, json_str(&c->arguments, "command"));
		*ret_in = CHILD_NULL;
		return 0;
	}
	if (file) {
		/* the directory: a script may have more in it */
		AUTO_FREE char *dir = path_dirname(file);
		STRS_ADD(w, "--ro", dir, "--", file);
	} else {
		STRS_ADD(w, "--ro", tool, "--", tool, "call", c->name);
	}
	*ret_in = arguments_fd(c, e);
	return *ret_in < 0 ? -1 : 0;
}

/* A program of ours that serves the tool, for this agent only. */
static int
served(const struct calls_place *place, const struct call *c,
    const char *program, struct strs *w, int *ret_in, struct err *e)
{
	char *self = path_program(program, e);

	if (!self)
		return -1;
	strs_take(w, self);
	STRS_ADD(w, "-a", place->agent, "-C", place->root, "tool", c->name);
	*ret_in = arguments_fd(c, e);
	return *ret_in < 0 ? -1 : 0;
}

static int
sent(const struct calls_place *place, const struct call *c, struct strs *w,
    int *ret_in, struct err *e)
{
	char *self = path_program("agent-send", e);

	if (!self)
		return -1;
	strs_take(w, self);
	STRS_ADD(w, "-C", place->root, "--from", place->agent);
	/* made again after a crash, it is the same message */
	STRS_ADD(w, "--key", c->key, "--", json_str(&c->arguments, "to"));
	*ret_in = text_fd(json_str(&c->arguments, "text"), e);
	return *ret_in < 0 ? -1 : 0;
}

static int
spawned(const struct calls_place *place, const struct call *c,
    struct strs *w, int *ret_in, struct err *e)
{
	if (subagent_words(place->subagents, &c->arguments, c->key, &c->terms,
	    w, e) < 0)
		return -1;
	*ret_in = text_fd(json_str(&c->arguments, "task"), e);
	return *ret_in < 0 ? -1 : 0;
}

int
calls_words(const struct calls_place *place, const struct call *c,
    struct strs *w, int *ret_in, struct err *e)
{
	const char *program = toolbox_find(place->tools, c->name)->program;

	if (strcmp(c->name, "send") == 0)
		return sent(place, c, w, ret_in, e);
	if (strcmp(c->name, "spawn") == 0)
		return spawned(place, c, w, ret_in, e);
	if (program)
		return served(place, c, program, w, ret_in, e);
	return sandboxed(place, c, w, ret_in, e);
}
