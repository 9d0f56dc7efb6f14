/*
 * plan-task: one task of a flow, by its rules: what it needs, its condition,
 * its input, its loop, what is done when it fails.
 *
 * The key of a task is made from its definition, its files and the attempts
 * of what it needs.  What its programs give follows from these, so it is not
 * part of the key, and no program is compiled to see that nothing has changed.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "checkpoint.h"
#include "fd.h"
#include "filter.h"
#include "flowlog.h"
#include "num.h"
#include "path.h"
#include "plan-impl.h"

enum { TASK_MAX = 4 << 20 };

#define HOUR (60 * 60 * CLOCK_SEC)

void
plan_step_release(struct plan_step *s)
{
	json_release(&s->task);
	free(s->name);
	free(s->text);
	strs_release(&s->argv);
	strs_release(&s->env);
	strs_release(&s->inputs);
	strs_release(&s->outputs);
	strs_release(&s->needs);
	*s = (struct plan_step)PLAN_STEP_INIT;
}

static void
add_strings(const jv *task, const char *member, struct strs *to)
{
	AUTO_JV jv list = json_get(task, member);

	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv v = json_at(&list, i);

		strs_add(to, json_string(&v));
	}
}

static int64_t
timeout_of(const jv *task)
{
	const char *text = json_str(task, "timeout");
	int64_t n;

	if (text && num_parse_duration(text, &n) == 0)
		return n;
	return json_int(task, "timeout", &n) ? n * CLOCK_SEC : HOUR;
}

int
plan_step_read(const struct plan *p, const char *name, struct plan_step *ret,
    struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s/plan/%s.json", p->dir, name);
	AUTO_BUF struct buf text = BUF_INIT;
	struct plan_step s = PLAN_STEP_INIT;
	int64_t retries = 0;

	if (!workspace_id_valid(name) || !path_exists(path))
		return err_set(e, ST_NOINPUT, "the flow '%s' has no task '%s'",
		    p->name, name);
	if (path_read(path, TASK_MAX, &text, e) < 0 ||
	    json_parse(text.data, text.len, &s.task, e) < 0)
		return err_prefix(e, "'%s'", path);
	s.name = xstrdup(name);
	s.text = buf_steal(&text);
	add_strings(&s.task, "inputs", &s.inputs);
	add_strings(&s.task, "outputs", &s.outputs);
	add_strings(&s.task, "needs", &s.needs);
	AUTO_JV jv env = json_get(&s.task, "env");
	JSON_EACH(&env, i) {
		AUTO_JV jv v = json_iter_value(&env, i);

		strs_addf(&s.env, "%s=%s", json_iter_key(&env, i),
		    json_string(&v));
	}
	if (!plan_has_sub(&s.task))
		json_int(&s.task, "retries", &retries);
	*ret = s;
	ret->spec = (struct step_spec){
		.dir = p->steps, .root = json_str(&ret->task, "dir"),
		.flow = p->name, .id = json_str(&ret->task, "id"),
		.env = &ret->env, .inputs = &ret->inputs,
		.outputs = &ret->outputs, .needs = &ret->needs,
		.salt = ret->text, .in = -1, .timeout = timeout_of(&ret->task),
		.wait = 24 * HOUR, .delay = CLOCK_SEC, .retries = (int)retries,
		.flags = STEP_KEEP_FAILED,
	};
	if (!plan_has_sub(&ret->task))
		return 0;
	/* what is in it has its own times */
	ret->spec.timeout = INT64_MAX;
	ret->spec.flags |= STEP_MAKES;
	return 0;
}

/* Whether what it needs is fit: 1; 0 and why not. */
static int
look_at_needs(const struct plan *p, const struct plan_step *s, char **ret_why,
    struct err *e)
{
	AUTO_JV jv tolerated = json_get(&s->task, "tolerated");
	bool always = false;

	json_bool(&s->task, "always", &always);
	for (size_t i = 0; i < s->needs.n; i++) {
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		const char *id = s->needs.v[i];
		int there = step_last(p->steps, id, &r, e);

		if (there < 0)
			return -1;
		if (there == 0)
			return err_set(e, ST_TEMPFAIL, "'%s' has no result "
			    "yet", id);
		if (always || r.outcome == STEP_OK ||
		    r.outcome == STEP_SKIPPED || json_has(&tolerated, id))
			continue;
		*ret_why = xasprintf("'%s' is %s", id,
		    step_outcome_name(r.outcome));
		return 0;
	}
	return 1;
}

/* Whether it holds: 1 or 0. */
static int
holds(const char *program, const jv *context, struct err *e)
{
	jv value;

	if (plan_evaluate(program, context, &value, e) < 0)
		return -1;
	AUTO_JV jv owned = value;
	return json_is_true(&owned);
}

/* The input as a file without a name, for standard input. */
static int
open_input(const struct plan *p, const jv *input, struct err *e)
{
	AUTO_FREE char *text = json_text(input);
	AUTO_FD int fd = open(p->steps, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot keep an input");
	if (fd_write(fd, text, strlen(text), e) < 0 ||
	    fd_write(fd, "\n", 1, e) < 0)
		return -1;
	return steal_fd(&fd);
}

struct run {
	const struct plan *p;
	struct plan_step *s;
	struct flowlog *log;
};

static int
begun(void *context, const jv *intent, struct err *e)
{
	return flowlog_begun(((struct run *)context)->log, intent, e);
}

static int
checked(void *context, const char *file, bool ok, struct err *e)
{
	return plan_check_output(((struct run *)context)->s, file, ok, e);
}

static int
checkpoints(const struct plan_step *s, struct checkpoints *ret, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	int found = workspace_find(s->spec.root, &w, e);

	if (found == 0)
		err_set(e, ST_NOINPUT, "there is no workspace");
	return found <= 0 ? -1 : checkpoints_open(w.dir, w.root, ret, e);
}

/*
 * The files as they are before the task, under its directory; a repetition
 * keeps what the first attempt has found.
 */
static int
take_checkpoint(struct run *r, struct err *e)
{
	AUTO_FREE char *path = step_path(r->p->steps, r->s->spec.id,
	    "checkpoint");
	AUTO_CHECKPOINTS struct checkpoints c = CHECKPOINTS_INIT;
	AUTO_FREE char *title = xasprintf("before %s of %s", r->s->spec.id,
	    r->p->name);
	AUTO_FREE char *source = xasprintf("/flow/%s", r->p->name);
	AUTO_FREE char *dir = path_dirname(path);
	char id[CHECKPOINT_ID_LEN + 1];

	if (path_exists(path))
		return 0;
	if (path_mkdirs(dir, 0700, e) < 0 || checkpoints(r->s, &c, e) < 0 ||
	    checkpoint_take(&c, title, NULL, source, id, NULL, e) < 0)
		return -1;
	return path_write_atomic(path, id, strlen(id), 0600, e);
}

/* Back to what was before the task `id`; how that went, as an outcome. */
static int
roll_back(struct run *r, const char *id, struct err *e)
{
	AUTO_FREE char *path = step_path(r->p->steps, id, "checkpoint.done");
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_CHECKPOINTS struct checkpoints c = CHECKPOINTS_INIT;
	char before[CHECKPOINT_ID_LEN + 1];

	if (path_read(path, CHECKPOINT_ID_LEN, &text, e) < 0 ||
	    checkpoints(r->s, &c, e) < 0)
		return -1;
	return checkpoint_restore(&c, text.data, NULL, before, e);
}

/* The checkpoint of a finished task: the next redoing takes a new one. */
static int
keep_checkpoint(struct run *r, struct err *e)
{
	AUTO_FREE char *from = step_path(r->p->steps, r->s->spec.id,
	    "checkpoint");
	AUTO_FREE char *to = step_path(r->p->steps, r->s->spec.id,
	    "checkpoint.done");

	if (rename(from, to) < 0 && errno != ENOENT)
		return err_sys(e, ST_IO, "cannot keep '%s'", from);
	return 0;
}

/* One run of its command, with an input. */
static int
run_command(struct run *r, const jv *input, struct step_result *ret,
    struct err *e)
{
	AUTO_FD int in = -1;

	if (json_is(input, JSON_OBJECT) && json_has(&r->s->task, "run")) {
		in = open_input(r->p, input, e);
		if (in < 0)
			return -1;
	}
	if (plan_argv(r->p, r->s, input, e) < 0)
		return -1;
	r->s->spec.in = in;
	r->s->spec.flags |= STEP_INPUT_FOLLOWS;
	r->s->spec.begun = begun;
	r->s->spec.check = checked;
	r->s->spec.context = r;
	return step_run(&r->s->spec, ret, e);
}

static int
do_rollback(struct run *r, struct step_result *ret, struct err *e)
{
	struct err why = ERR_INIT;

	if (roll_back(r, json_str(&r->s->task, "rollback"), &why) < 0)
		return step_decide(&r->s->spec, STEP_ERRORED, why.status,
		    why.text, NULL, ret, e);
	return step_decide(&r->s->spec, STEP_OK, ST_OK, NULL, NULL, ret, e);
}

/* Does the task, all conditions being met. */
static int
act(struct run *r, const jv *context, struct step_result *ret, struct err *e)
{
	AUTO_JV jv input = JSON_NONE;
	struct err why = ERR_INIT;
	bool checkpoint = false;

	if (json_has(&r->s->task, "rollback"))
		return do_rollback(r, ret, e);
	json_bool(&r->s->task, "checkpoint", &checkpoint);
	if (checkpoint && take_checkpoint(r, e) < 0)
		return -1;
	if (!plan_has_sub(&r->s->task) &&
	    plan_input(&r->s->task, context, &input, &why) < 0)
		return step_decide(&r->s->spec, STEP_FAILED, why.status,
		    why.text, NULL, ret, e);
	if (run_command(r, &input, ret, e) < 0)
		return -1;
	if (ret->outcome == STEP_NONE)
		return 0;
	return checkpoint ? keep_checkpoint(r, e) : 0;
}

static int
run_task(struct run *r, struct step_result *ret, struct err *e)
{
	AUTO_FREE char *why = NULL;
	const char *condition = json_str(&r->s->task, "condition");
	struct err bad = ERR_INIT;
	int done, ready, met = 1;
	jv context;

	done = step_done(&r->s->spec, ret, e);
	if (done != 0)
		return done < 0 ? -1 : 0;
	ready = look_at_needs(r->p, r->s, &why, e);
	if (ready < 0)
		return -1;
	if (ready == 0)
		return step_decide(&r->s->spec, STEP_OMITTED, ST_NO, why,
		    NULL, ret, e);
	if (plan_context(r->p, r->s, &context, e) < 0)
		return -1;
	AUTO_JV jv owned = context;
	if (condition)
		met = holds(condition, &owned, &bad);
	if (met < 0)
		return step_decide(&r->s->spec, STEP_FAILED, bad.status,
		    bad.text, NULL, ret, e);
	if (met == 0)
		return step_decide(&r->s->spec, STEP_SKIPPED, ST_OK,
		    "its condition does not hold", NULL, ret, e);
	return act(r, &owned, ret, e);
}

/* The result under another name, which costs less than a file; where there are
 * no such links, a file. */
static int
put_stamp(const struct plan *p, const struct plan_step *s, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s/stamps/%s", p->dir, s->name);
	AUTO_FREE char *result = step_path(p->steps, s->spec.id,
	    "result.json");

	if (link(result, path) == 0 || errno == EEXIST)
		return 0;
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, ST_CANTCREATE, "cannot create '%s'",
	    path) : 0;
}

int
plan_run_task(const struct plan *p, const char *name, struct flowlog *log,
    const volatile int *stop, struct step_result *ret, struct err *e)
{
	AUTO_PLAN_STEP struct plan_step s = PLAN_STEP_INIT;
	struct run r = { .p = p, .s = &s, .log = log };

	if (plan_step_read(p, name, &s, e) < 0)
		return -1;
	s.spec.stop = stop;
	if (run_task(&r, ret, e) < 0)
		return -1;
	if (ret->outcome == STEP_NONE)
		return 0;
	if (ret->ran && flowlog_ended(log, s.spec.id, ret, e) < 0)
		return -1;
	return put_stamp(p, &s, e);
}
