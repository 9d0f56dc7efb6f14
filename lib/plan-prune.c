/* plan-prune: what is to be done, and what is done. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"

/* A walk: each task is looked at once, after those that it needs. */
struct prune {
	const struct plan *p;
	const struct plan_redo *redo;
	jv why;			/* {ID: text} */
	jv index;		/* {ID: number} */
	enum { UNKNOWN, FRESH, STALE } *state;
	int count;
};

static char *
name_of(const jv *task)
{
	return xasprintf("%s.%s", json_str(task, "id"), json_str(task, "def"));
}

/* Whether its result stands, apart from what it needs. */
static int
stands(const struct prune *c, const jv *task, struct err *e)
{
	AUTO_FREE char *name = name_of(task);
	AUTO_FREE char *stamp = xasprintf("%s/stamps/%s", c->p->dir, name);
	AUTO_PLAN_STEP struct plan_step s = PLAN_STEP_INIT;
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	int done;

	if (!path_exists(stamp))
		return 0;
	if (plan_step_read(c->p, name, &s, e) < 0)
		return -1;
	done = step_done(&s.spec, &r, e);
	/* an input or a result that has gone: it is for the task to say so */
	return done < 0 && e->status == ST_NOINPUT ? 0 : done;
}

static bool
is_forced(const struct prune *c, const jv *task)
{
	const char *id = json_str(task, "id");
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	struct err ignored;

	if (c->redo->force && strs_has(c->redo->force, id))
		return true;
	return c->redo->failed && step_last(c->p->steps, id, &r, &ignored) == 1 &&
	    r.outcome != STEP_OK && r.outcome != STEP_SKIPPED &&
	    r.outcome != STEP_OMITTED;
}

static int look(struct prune *c, size_t i, struct err *e);

/* 1 when one of those that it needs is to be done. */
static int
needs_stale(struct prune *c, const jv *task, struct err *e)
{
	AUTO_JV jv needs = json_get(task, "needs");
	int stale = 0;

	for (size_t k = 0; k < json_count(&needs); k++) {
		AUTO_JV jv id = json_at(&needs, k);
		int64_t i = 0;

		if (!json_int(&c->index, json_string(&id), &i))
			continue;
		if (look(c, (size_t)i, e) < 0)
			return -1;
		stale |= c->state[i] == STALE;
	}
	return stale;
}

/* What makes it stale, or NULL. */
static int
reason(struct prune *c, const jv *task, bool forced, const char **ret,
    struct err *e)
{
	int r = needs_stale(c, task, e);

	*ret = NULL;
	if (forced)
		*ret = "it was asked for";
	else if (r == 1)
		*ret = "what it needs is done anew";
	if (r < 0 || *ret)
		return r < 0 ? -1 : 0;
	r = stands(c, task, e);
	if (r == 0)
		*ret = "it has no result for what it, its files and what it "
		    "needs are now";
	return r < 0 ? -1 : 0;
}

static int
look(struct prune *c, size_t i, struct err *e)
{
	AUTO_JV jv task = JSON_NONE;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *stamp = NULL;
	const char *why;
	bool forced;

	if (c->state[i] != UNKNOWN)
		return 0;
	task = plan_task(c->p, i);
	forced = is_forced(c, &task);
	if (reason(c, &task, forced, &why, e) < 0)
		return -1;
	c->state[i] = why ? STALE : FRESH;
	if (!why)
		return 0;
	c->count++;
	json_set_str(&c->why, json_str(&task, "id"), why);
	if (c->redo->dry)
		return 0;
	if (forced && step_redo(c->p->steps, json_str(&task, "id"), e) < 0)
		return -1;
	name = name_of(&task);
	stamp = xasprintf("%s/stamps/%s", c->p->dir, name);
	if (unlink(stamp) < 0 && errno != ENOENT)
		return err_sys(e, ST_IO, "cannot remove '%s'", stamp);
	return 0;
}

int
plan_prune(const struct plan *p, const struct plan_redo *redo, jv *ret_why,
    struct err *e)
{
	size_t n = plan_count(p);
	struct prune c = { .p = p, .redo = redo, .why = json_object() };
	AUTO_JV jv index = json_object();
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv task = plan_task(p, i);

		json_set_int(&index, json_str(&task, "id"), (int64_t)i);
	}
	c.index = index;		/* lent */
	c.state = xcalloc(n + 1, sizeof(*c.state));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = look(&c, i, e);
	free(c.state);
	if (ret_why && r == 0)
		*ret_why = c.why;
	else
		json_release(&c.why);
	return r < 0 ? -1 : c.count;
}

const char *
plan_state(const struct plan *p, const jv *task, struct step_result *ret,
    struct err *e)
{
	const char *id = json_str(task, "id");
	AUTO_FREE char *name = name_of(task);
	AUTO_FREE char *stamp = xasprintf("%s/stamps/%s", p->dir, name);
	AUTO_FREE char *intent = step_path(p->steps, id, "intent.json");
	int r = step_running(p->steps, id, e);

	if (r < 0)
		return NULL;
	if (r == 1)
		return "running";
	r = step_last(p->steps, id, ret, e);
	if (r < 0)
		return NULL;
	if (r == 1 && path_exists(stamp))
		return step_outcome_name(ret->outcome);
	if (strcmp(json_str(task, "kind"), "gate") == 0 && r == 0 &&
	    path_exists(intent))
		return "parked";
	return "waiting";
}
