/* plan-argv: the command that does a task. */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"

enum { PRINTED_MAX = 64 << 20 };

/* A file in the directory of the step, for the command to read. */
static char *
put_file(const struct plan *p, const struct plan_step *s, const char *name,
    const char *text, struct err *e)
{
	AUTO_FREE char *path = step_path(p->steps, s->spec.id, name);
	AUTO_FREE char *dir = path_dirname(path);

	if (path_mkdirs(dir, 0700, e) < 0 ||
	    path_write_atomic(path, text, strlen(text), 0600, e) < 0)
		return NULL;
	return STEAL(path);
}

/* A program of ours that is beside us. */
static int
add_program(struct plan_step *s, const char *name, struct err *e)
{
	char *path = path_program(name, e);

	if (!path)
		return -1;
	strs_take(&s->argv, path);
	return 0;
}

static int
add_sandbox(struct plan_step *s, struct err *e)
{
	static const char *const ours[] = { "AGENT_STEP_KEY",
	    "AGENT_STEP_ATTEMPT", "AGENT_STEP_ID", NULL };
	const char *profile = json_str(&s->task, "sandbox");
	AUTO_JV jv env = json_get(&s->task, "env");

	if (profile && strcmp(profile, "none") == 0)
		return 0;
	if (add_program(s, "agent-sandbox", e) < 0)
		return -1;
	if (profile && strcmp(profile, "default") != 0)
		STRS_ADD(&s->argv, "--profile", profile);
	for (size_t i = 0; ours[i]; i++)
		STRS_ADD(&s->argv, "--env", ours[i]);
	JSON_EACH(&env, i)
		STRS_ADD(&s->argv, "--env", json_iter_key(&env, i));
	strs_add(&s->argv, "--");
	return 0;
}

static int
argv_run(struct plan_step *s, struct err *e)
{
	AUTO_JV jv run = json_get(&s->task, "run");

	if (add_sandbox(s, e) < 0)
		return -1;
	if (json_string(&run))
		STRS_ADD(&s->argv, "/bin/sh", "-ec", json_string(&run));
	for (size_t i = 0; i < json_count(&run); i++) {
		AUTO_JV jv arg = json_at(&run, i);

		strs_add(&s->argv, json_string(&arg));
	}
	return 0;
}

/*
 * The run of an agent that was broken off: that of the attempt that was begun
 * last, for what is to be done now, and that has no result.  NULL: none.
 */
static char *
broken_run(const struct plan *p, const struct plan_step *s)
{
	AUTO_STEP_RESULT struct step_result last = STEP_RESULT_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv first = JSON_NONE;
	struct err ignored;
	int64_t attempt;
	const char *run;

	if (!step_begun(&s->spec, &attempt) ||
	    step_last(p->steps, s->spec.id, &last, &ignored) < 0 ||
	    last.attempt >= attempt)
		return NULL;
	AUTO_FREE char *name = xasprintf("%lld/stdout", (long long)attempt);
	AUTO_FREE char *file = step_path(p->steps, s->spec.id, name);
	if (path_read(file, PRINTED_MAX, &text, &ignored) < 0 ||
	    json_parse(text.data ? text.data : "",
	    text.data ? strcspn(text.data, "\n") : 0, &first, &ignored) < 0)
		return NULL;
	run = json_str(&first, "run");
	if (!run || !workspace_id_valid(run))
		return NULL;
	AUTO_FREE char *dir = xasprintf("%s/runs/%s", p->agent_dir, run);
	return path_is_dir(dir) ? xstrdup(run) : NULL;
}

static int
argv_agent(const struct plan *p, struct plan_step *s, const jv *input,
    struct err *e)
{
	AUTO_FREE char *prompt = put_file(p, s, "prompt",
	    json_str(&s->task, "prompt"), e);
	AUTO_FREE char *run = broken_run(p, s);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *file = NULL;

	if (!prompt || add_program(s, "agent-spawn", e) < 0)
		return -1;
	STRS_ADD(&s->argv, "--no-stdin", "--format", "ndjson", "--park",
	    "--task", s->spec.id, "-a", json_str(&s->task, "agent"),
	    "--agents", json_str(&s->task, "agents"));
	if (run)
		STRS_ADD(&s->argv, "-r", run);
	else
		STRS_ADD(&s->argv, "-f", prompt);
	if (run || !json_is(input, JSON_OBJECT))
		return 0;
	text = json_text(input);
	file = put_file(p, s, "input.json", text, e);
	if (!file)
		return -1;
	STRS_ADD(&s->argv, "-f", file);
	return 0;
}

static int
argv_gate(const struct plan *p, struct plan_step *s, const jv *input,
    struct err *e)
{
	AUTO_FREE char *file = NULL;

	if (add_program(s, "agent-gate", e) < 0)
		return -1;
	/* it does not hold up the others: whoever runs the flow comes again */
	STRS_ADD(&s->argv, "ask", "--wait", "0");
	if (json_is(input, JSON_OBJECT)) {
		AUTO_BUF struct buf pretty = BUF_INIT;

		json_write_pretty(input, &pretty);
		buf_addc(&pretty, '\n');
		file = put_file(p, s, "input.json", pretty.data, e);
		if (!file)
			return -1;
		STRS_ADD(&s->argv, "--show", file);
	}
	STRS_ADD(&s->argv, "--", json_str(&s->task, "gate"));
	s->spec.flags |= STEP_ASKS;
	return 0;
}

int
plan_argv(const struct plan *p, struct plan_step *s, const jv *input,
    struct err *e)
{
	const char *kind = json_str(&s->task, "kind");
	int r = 0;

	strs_cut(&s->argv, 0);
	if (strcmp(kind, "run") == 0) {
		r = argv_run(s, e);
	} else if (strcmp(kind, "agent") == 0) {
		r = argv_agent(p, s, input, e);
	} else if (strcmp(kind, "gate") == 0) {
		r = argv_gate(p, s, input, e);
	} else if (plan_has_sub(&s->task)) {
		r = add_program(s, "agent-flow", e);
		STRS_ADD(&s->argv, "sub", p->name, s->name);
	}
	s->spec.command = (const char *const *)s->argv.v;
	return r;
}
